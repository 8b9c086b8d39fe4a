import LinearAlgebra
import Names
import Tensors

// Cuts a module to some rows of its layer, and joins modules of several layers into one.

extension Module {
  /// The parts whose rows are rows of the layer (magnitudes and biases included), each with the
  /// number of the layer's rows per row of the part; `nil` where a module cannot be cut.
  private var rowParts: [Part: Int]? {
    guard var parts = algorithm.rowParts(of: self) else { return nil }
    if self.parts[.magnitude] != nil {
      if !magnitudesAreOfOutputs { return nil }
      parts[.magnitude] = 1
    }
    for part in [Part.biasDifference, .bias, .weight] where self.parts[part] != nil {
      parts[part] = 1
    }
    return parts
  }

  /// Cuts the module to some rows of its layer.
  ///
  /// - Parameters:
  ///   - rows: The rows, in the order that they get.
  ///   - target: The layer that consists of these rows.
  /// - Returns: `nil` if no part of the module produces those rows alone.
  func rows(_ rows: [Range<Int>], of target: Target) -> Module? {
    guard let rowParts else { return nil }
    var parts = parts
    for (part, unit) in rowParts {
      guard let tensor = self.parts[part],
        rows.allSatisfy({ $0.lowerBound % unit == 0 && $0.upperBound % unit == 0 })
      else { return nil }
      let own = rows.map { $0.lowerBound / unit..<$0.upperBound / unit }
      let (shape, axis) = (tensor.shape, part == .magnitude ? magnitudeAxis : 0)
      let count = own.reduce(0) { $0 + $1.count }
      guard axis < shape.rank, own.allSatisfy({ $0.upperBound <= shape.extents[axis] }) else {
        return nil
      }
      parts[part]?.made = .init(shape: shape.with(count, at: axis)) {
        let values = try self.values(part)
        let width = values.count / shape.extents[axis]
        return own.flatMap { values[$0.lowerBound * width..<$0.upperBound * width] }
      }
    }
    return with(
      parts, target: target, outputs: rows.reduce(0) { $0 + $1.count }, rank: rank)
  }

  /// The axis along which magnitudes count outputs; PEFT's of convolutions are [1, out, 1, 1].
  private var magnitudeAxis: Int {
    let extents = parts[.magnitude]?.shape.extents ?? []
    return extents.count > 2 && extents[0] == 1 ? 1 : 0
  }
}

extension Shape {
  fileprivate func with(_ extent: Int, at axis: Int) -> Shape {
    var extents = extents
    extents[axis] = extent
    return Shape(extents)
  }
}

// MARK: - Several

/// Modules whose rows lie in one layer and that become one module.
struct JoinedModule {
  private let members: [(module: Module, placement: Placement)]
  private let target: Target
  private let outputs: Int

  init(_ members: [(module: Module, placement: Placement)], target: Target) {
    self.members = members
    self.target = target
    outputs = members[0].placement.outputs
  }

  /// The joined module; `nil` where its algorithm cannot represent the join exactly.
  ///
  /// Modules that share everything but their rows keep their rank; the ranks of others add up.
  func module() throws -> Module? {
    let first = members[0].module
    let parts = Set(first.parts.keys).subtracting([.alpha])
    let areAlike = members.allSatisfy { member in
      member.module.algorithm.name == first.algorithm.name
        && Set(member.module.parts.keys).subtracting([.alpha]) == parts
        && member.module.extents.inputs == first.extents.inputs
        && member.module.extents.kernel == first.extents.kernel && !member.module.isTucker
    }
    guard areAlike, var rows = first.algorithm.rowParts(of: first),
      !parts.contains(where: { [.weight, .bias, .biasDifference, .reshape].contains($0) })
    else { return nil }
    if parts.contains(.magnitude) {
      guard isCovered, members.allSatisfy({ $0.module.magnitudesAreOfOutputs }) else { return nil }
      rows[.magnitude] = 1
    }
    return try sharing(rows, parts) ?? sideBySide(parts)
  }

  /// Whether the members together have every row of the layer.
  private var isCovered: Bool {
    members.reduce(0) { $0 + $1.placement.moves.reduce(0) { $0 + $1.from.count } } == outputs
  }

  /// Stacks the members' rows and keeps the parts that all members share.
  private func sharing(_ rows: [Part: Int], _ parts: Set<Part>) throws -> Module? {
    let first = members[0].module
    for part in parts.subtracting(rows.keys) {
      let values = try first.values(part)
      for member in members.dropFirst() where try member.module.values(part) != values {
        return nil
      }
    }
    guard members.allSatisfy({ $0.module.scale == first.scale && $0.module.rank == first.rank })
    else { return nil }
    var made = first.parts
    for (part, unit) in rows {
      guard let values = stacked(part, unit) else { return nil }
      made[part]?.made = values
    }
    return first.with(made, target: target, outputs: outputs, rank: first.rank)
  }

  /// One part of all members, with its rows in the layer's order.
  private func stacked(_ part: Part, _ unit: Int) -> PartTensor.Made? {
    guard let shape = members[0].module.parts[part]?.shape, shape.rank > 0, outputs % unit == 0
    else { return nil }
    let moves = members.flatMap(\.placement.moves)
    guard
      moves.allSatisfy({ move in
        [move.from.lowerBound, move.from.count, move.to].allSatisfy { $0 % unit == 0 }
      })
    else { return nil }
    let (members, height) = (members, outputs / unit)
    let width = shape.extents.dropFirst().reduce(1, *)
    return .init(shape: Shape([height] + shape.extents.dropFirst())) {
      var result = [Double](repeating: 0, count: height * width)
      for (module, placement) in members {
        let values = try module.values(part)
        for move in placement.moves {
          let (from, to) = (move.from.lowerBound / unit * width, move.to / unit * width)
          let count = move.from.count / unit * width
          result.replaceSubrange(to..<to + count, with: values[from..<from + count])
        }
      }
      return result
    }
  }

  /// Joins the first factors as blocks along a diagonal and stacks the second factors.
  private func sideBySide(_ parts: Set<Part>) -> Module? {
    let first = members[0].module
    let pairs = first.algorithm.factorPairs
    let held = Set(pairs.flatMap { [$0.0, $0.1] }).union([.magnitude])
    guard !pairs.isEmpty, held.isSuperset(of: parts), first.scale != 0 else { return nil }
    let rank = members.reduce(0) { $0 + $1.module.rank }
    var made = first.parts
    for (index, (up, down)) in pairs.enumerated() {
      made[up]?.made = blocks(up, rank: rank, scaledTo: index == 0 ? first.scale : nil)
      made[down]?.made = rowsOfAll(down, rank: rank)
    }
    if parts.contains(.magnitude) { made[.magnitude]?.made = stacked(.magnitude, 1) }
    return first.with(made, target: target, outputs: outputs, rank: rank)
  }

  private func blocks(_ part: Part, rank: Int, scaledTo scale: Double?) -> PartTensor.Made {
    let (members, outputs) = (members, outputs)
    let ones = (members[0].module.parts[part]?.shape.extents ?? []).dropFirst(2)
    return .init(shape: Shape([outputs, rank] + ones)) {
      var result = Matrix(zeros: outputs, rank)
      var column = 0
      for (module, placement) in members {
        let ratio = scale.map { module.scale / $0 } ?? 1
        let values = try module.values(part)
        for move in placement.moves {
          for (offset, row) in move.from.enumerated() {
            for index in 0..<module.rank {
              result[move.to + offset, column + index] = ratio * values[row * module.rank + index]
            }
          }
        }
        column += module.rank
      }
      return result.elements
    }
  }

  private func rowsOfAll(_ part: Part, rank: Int) -> PartTensor.Made {
    let members = members
    let rest = (members[0].module.parts[part]?.shape.extents ?? []).dropFirst()
    return .init(shape: Shape([rank] + rest)) {
      try members.flatMap { try $0.module.values(part) }
    }
  }
}
