import Names
import Safetensors
import Tensors

extension Module {
  /// One of several experts whose factors lie side by side (PEFT's `target_parameters`).
  ///
  /// Source: peft `tuners/lora/layer.py`, `ParamWrapper`. With rank r, rows e·r … e·r + r − 1 of
  /// down belong to expert e, and so do columns e, e + count, e + 2·count, … of up.
  package struct Expert: Hashable, Sendable {
    package let index: Int
    package let count: Int

    /// The module that holds the parameter, as the file spells it, without wrappers.
    package let owner: String

    /// The parameter that holds the weights of all experts.
    package let parameter: String

    /// The module's and the parameter's name together, for errors and reports.
    package var parameterName: String { "\(owner).\(parameter)" }

    /// The expert's part of a factor that holds all experts.
    func slice(_ whole: Matrix, _ part: Part) -> Matrix {
      if part == .down {
        let rank = whole.rows / count
        return whole.rows(in: index * rank..<(index + 1) * rank)
      }
      let columns = stride(from: index, to: whole.columns, by: count)
      return .joiningColumns(columns.map { whole.columns(in: $0..<$0 + 1) })
    }
  }
}

/// Maps groups of a file's tensors to the parameters that they change.
///
/// PEFT wraps a module once for each of its parameters, in the order in which the module has them.
/// The first parameter's wrapper is the innermost one, behind the most `base_layer`s.
struct ExpertParameters {
  private struct Place {
    let owner: String
    let parameter: String
    let rank: Int
  }

  private var places: [String: Place] = [:]

  /// The order in which modules of experts have their parameters.
  static let order = [
    "gate_up_proj", "gate_proj", "up_proj", "w1", "w3", "w13", "down_proj", "w2",
  ]

  init(_ groups: PartGroups, _ configuration: AdapterConfiguration?) {
    guard let configuration, !configuration.parameters.isEmpty else { return }
    var names: [String: [String]] = [:]
    for name in groups.names where groups[name].spellings.contains(.peft) {
      names[Self.owner(of: name), default: []].append(name)
    }
    for (owner, wrappers) in names {
      let parameters = Self.parameters(of: owner, configuration)
      guard parameters.count == wrappers.count, let first = parameters.first else { continue }
      let isOrdered = parameters.count == 1 || parameters.allSatisfy(Self.order.contains)
      guard isOrdered, !first.isEmpty else { continue }
      // The innermost wrapper is the first parameter's.
      let inner = wrappers.sorted { $0.utf8.count > $1.utf8.count }
      for (name, parameter) in zip(inner, parameters) {
        guard let rank = configuration.rank(ofParameter: "\(owner).\(parameter)") else { continue }
        places[name] = Place(owner: owner, parameter: parameter, rank: rank)
      }
    }
  }

  /// A name without the wrappers that PEFT puts around the module.
  static func owner(of name: String) -> String {
    name.split(separator: ".").filter { $0 != "base_layer" }.joined(separator: ".")
  }

  private static func parameters(
    of owner: String, _ configuration: AdapterConfiguration
  ) -> [String] {
    let own = configuration.parameters.compactMap { path -> String? in
      guard let dot = path.lastIndex(of: ".") else { return nil }
      let module = path[..<dot]
      return owner == module || owner.hasSuffix("." + module)
        ? String(path[path.index(after: dot)...]) : nil
    }
    func place(_ name: String) -> Int { order.firstIndex(of: name) ?? order.count }
    return Set(own).sorted { (place($0), $0) < (place($1), $1) }
  }

  /// The experts of one group, one module each; `nil` where the group is not of experts.
  func modules(
    of name: String, _ group: PartGroups.Group, _ configuration: AdapterConfiguration?,
    file: SafetensorsFile
  ) -> [Module]? {
    guard let place = places[name], let up = group.parts[.up], let down = group.parts[.down],
      up.shape.rank == 2, down.shape.rank == 2,
      up.shape.extents[1] == down.shape.extents[0], place.rank > 0,
      down.shape.extents[0] % place.rank == 0
    else { return nil }
    let count = down.shape.extents[0] / place.rank
    let prefix = Target.parse(place.owner).prefix
    guard count > 1,
      let scaling = configuration?.scaling(
        of: "\(place.owner).\(place.parameter)", prefix: prefix, LoRA(), rank: place.rank,
        storedAlpha: nil)
    else { return nil }
    return (0..<count).map { index in
      let expert = Module.Expert(
        index: index, count: count, owner: place.owner, parameter: place.parameter)
      return Module(
        file: file, name: "\(expert.parameterName).\(index)", prefix: prefix,
        target: Target.parse("\(expert.parameterName).\(index)").target, naming: .peft,
        algorithm: LoRA(), kind: .linear,
        extents: Module.Extents(
          outputs: up.shape.extents[0], inputs: down.shape.extents[1], kernel: []),
        rank: place.rank, alpha: scaling.alpha, scale: scaling.scale, parts: group.parts,
        isTransposed: false, scalesInputs: nil,
        type: up.type.bitCount >= down.type.bitCount ? up.type : down.type, expert: expert)
    }
  }
}
