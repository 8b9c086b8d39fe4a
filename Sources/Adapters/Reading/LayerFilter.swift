import Names
import Safetensors

/// Selects an adapter's layers by their kind, by their block, and by the layers of other files.
///
/// A layer passes if it is in each list of `only`, in none of `except`, in each file of `onlyIn`
/// and in none of `exceptIn`.
package struct LayerFilter: Sendable {
  private let only: [LayerSelection]
  private let except: [LayerSelection]
  private let onlyIn: [AdapterSource]
  private let exceptIn: [AdapterSource]

  /// - Parameters:
  ///   - onlyIn: Adapters and checkpoints.
  ///   - exceptIn: Adapters and checkpoints.
  /// - Throws: If one of the files is neither.
  package init(
    only: [LayerSelection] = [], except: [LayerSelection] = [], onlyIn: [AdapterSource] = [],
    exceptIn: [AdapterSource] = []
  ) throws(AdapterError) {
    for source in onlyIn + exceptIn {
      if case .other(_, let reason) = source { throw reason }
    }
    (self.only, self.except) = (only, except)
    (self.onlyIn, self.exceptIn) = (onlyIn, exceptIn)
  }

  /// Whether every layer passes.
  package var isEmpty: Bool {
    only.isEmpty && except.isEmpty && onlyIn.isEmpty && exceptIn.isEmpty
  }

  /// Applies the filter to an adapter's modules and rows of token tables.
  ///
  /// Tensors that belong to no layer, such as embeddings beside the modules, stay.
  ///
  /// - Returns: The adapter, and the names of what the filter removed.
  /// - Throws: `.refused` if no layer passes.
  package func applied(
    to adapter: Adapter
  ) throws -> (adapter: Adapter, leftOut: [String]) {
    if isEmpty { return (adapter, []) }
    let shared = try onlyIn.map { try $0.layers(like: adapter) }
    let foreign = try exceptIn.map { try $0.layers(like: adapter) }
    var leftOut: [String] = []
    let kept = adapter.filtered { name, module, target in
      let isIn = { (list: LayerSelection) in
        module.map { list.contains($0) } ?? list.contains(target)
      }
      let passes =
        only.allSatisfy(isIn) && !except.contains(where: isIn)
        && shared.allSatisfy { $0.contains(target) } && !foreign.contains { $0.contains(target) }
      if !passes { leftOut.append(name) }
      return passes
    }
    if kept.modules.isEmpty && kept.tokenRows.isEmpty && kept.experts.isEmpty {
      throw AdapterError(
        file: adapter.file.path, reason: .refused("has no layer that passes \(description)"))
    }
    return (kept, leftOut)
  }

  /// The filter as the options spell it: `--only attention --except-in b.safetensors`.
  package var description: String {
    let words =
      only.map { "--only \($0.text)" } + except.map { "--except \($0.text)" }
      + onlyIn.map { "--only-in \($0.path)" } + exceptIn.map { "--except-in \($0.path)" }
    return words.joined(separator: " ")
  }
}

extension AdapterSource {
  fileprivate var path: String { files.first?.path ?? "" }

  /// The file's layers, divided as an adapter divides them.
  fileprivate func layers(like adapter: Adapter) throws -> Set<Target> {
    switch self {
    case .adapter(let other):
      let world = adapter.world
      return Set(
        try other.modules.flatMap { try other.layers(of: $0, in: world).map(\.target) }
          + other.tokenRows.map(\.target))
    case .checkpoint(let checkpoint):
      let layers = CheckpointLayers(checkpoint, for: [adapter])
      let targets = adapter.modules.map(\.target) + adapter.tokenRows.map(\.target)
      return Set(
        targets.filter { target in
          [CheckpointLayers.Role.weight, .bias].contains {
            layers.shape(CheckpointLayers.Key(target, $0)) != nil
          }
        })
    case .other(_, let reason): throw reason
    }
  }
}
