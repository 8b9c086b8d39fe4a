import LinearAlgebra
import Names
import Safetensors
import Tensors

extension ResultModule {
  /// Whether the module belongs to one expert, or to all experts of a parameter.
  var isOfExperts: Bool {
    if case .experts = content { true } else { expert != nil }
  }
}

extension ResultPlan {
  var withExpertsTogether: ResultPlan {
    var plan = self
    plan.modules = modules.withExpertsTogether
    return plan
  }
}

extension [ResultModule] {
  /// The modules, with the experts of each parameter combined into one as PEFT stores them.
  var withExpertsTogether: [ResultModule] {
    guard contains(where: { $0.expert != nil }) else { return self }
    var groups: [String: [ResultModule]] = [:]
    for module in self {
      if let name = module.expert?.parameterName { groups[name, default: []].append(module) }
    }
    let names = wrapperNames
    var done: Set<String> = []
    return compactMap { module in
      guard let expert = module.expert else { return module }
      let name = expert.parameterName
      guard done.insert(name).inserted, let members = groups[name] else { return nil }
      return ResultModule(
        target: Target.parse(name).target, extents: module.extents, kind: .linear,
        content: .experts(members, count: expert.count),
        names: [.peft: names[name] ?? expert.owner])
    }
  }

  /// PEFT's name of each parameter's factors; the last of a module's parameters is outermost.
  private var wrapperNames: [String: String] {
    var owners: [String: Set<String>] = [:]
    for module in self {
      if let expert = module.expert { owners[expert.owner, default: []].insert(expert.parameter) }
    }
    var names: [String: String] = [:]
    for (owner, parameters) in owners {
      let order = ExpertParameters.order
      func place(_ name: String) -> Int { order.firstIndex(of: name) ?? order.count }
      let outerFirst = parameters.sorted { (place($0), $0) > (place($1), $1) }
      for (depth, parameter) in outerFirst.enumerated() {
        names["\(owner).\(parameter)"] =
          owner + String(repeating: ".base_layer", count: depth)
      }
    }
    return names
  }
}

extension StoredModule {
  /// Writes the factors of several experts side by side as PEFT stores them, with each expert's
  /// scale in its up: the columns k of all ups are adjacent, and the downs are stacked.
  func writeExperts(
    _ members: [ResultModule], count: Int, to writer: SafetensorsWriter
  ) throws -> Written.Module {
    let (rank, extents) = (module.rank, module.extents)
    var up = Matrix(zeros: extents.outputs, rank * count)
    var down = Matrix(zeros: rank * count, extents.columns)
    var asked: [(index: Int, update: LowRank)] = []
    for member in members {
      guard let index = member.expert?.index,
        case .lowRank(_, let scale, let factors) = member.content
      else { continue }
      let (product, wanted) = try factors().product()
      let scaled = LowRank(up: product.up.scaled(by: scale), down: product.down)
      asked.append((index, wanted ?? scaled))
      for k in 0..<product.rank {
        for row in 0..<up.rows { up[row, k * count + index] = scaled.up[row, k] }
        for column in 0..<down.columns { down[index * rank + k, column] = scaled.down[k, column] }
      }
    }
    let stored = LowRank(
      up: try store(up, .up, to: writer), down: try store(down, .down, to: writer))
    var (squared, error) = (0.0, 0.0)
    for (index, update) in asked {
      let expert = Module.Expert(index: index, count: count, owner: "", parameter: "")
      let own = LowRank(up: expert.slice(stored.up, .up), down: expert.slice(stored.down, .down))
      squared += squaredNorm(ofProduct: update.up, update.down)
      error += try squaredDistance(own, update)
    }
    return written(
      rank: rank, asked: squared, error: error, rounding: rounding(of: stored, scale: 1))
  }
}
