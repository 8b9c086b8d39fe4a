import LinearAlgebra
import Names
import Tensors

// Modules of layers that another world divides otherwise: some rows of one, or the rows of several.

extension Module {
  /// The parts whose rows are rows of the layer, magnitudes and biases with them, and how many of
  /// the layer's each is; `nil` where a module cannot be cut.
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

  /// The module of some rows of the layer.
  ///
  /// - Parameters:
  ///   - rows: In the order that they come to have.
  ///   - target: The layer that they are.
  /// - Returns: `nil` where no part of the module makes those rows alone.
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

  /// Where PEFT's magnitudes of convolutions, [1, out, 1, 1], count outputs.
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

/// Modules whose rows lie in one layer, to be one module.
struct JoinedModule {
  private let members: [(module: Module, placement: Placement)]
  private let target: Target
  private let outputs: Int

  init(_ members: [(module: Module, placement: Placement)], target: Target) {
    self.members = members
    self.target = target
    outputs = members[0].placement.outputs
  }

  /// The one module; `nil` where its algorithm cannot hold them together exactly.
  ///
  /// Modules that share what stands behind their rows keep their rank; of others it adds up.
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

  /// Whether every row of the layer is one of a member's.
  private var isCovered: Bool {
    members.reduce(0) { $0 + $1.placement.moves.reduce(0) { $0 + $1.from.count } } == outputs
  }

  /// The rows one upon the other, before what all members have alike.
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

  /// A part of all members, its rows where the layer has them.
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

  /// Blocks along a diagonal before factors one upon the other.
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
