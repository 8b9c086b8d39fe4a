import Names
import Tensors

/// The places of each adapter's D and U in the flat parameters.
///
/// For each network: all D in the order of the layers, then all U. So the D of joined layers
/// (queries, keys, values) follow one another, and a group of learning rates (an encoder, the U
/// matrices, a block's D) is one range.
package struct AdaptedModules: Sendable {
  /// One low-rank adapter.
  package struct Module: Hashable, Sendable {
    package let layer: AdaptableLayer
    package let rank: Int
    package let alpha: Float

    /// The index of the first element of D: [rank, in], or [rank, 3, 3, in].
    package let down: Int

    /// The index of the first element of U: [out, rank].
    package let up: Int

    /// The prefix of its tensors' names.
    package var name: String { layer.name.module }
    package var downCount: Int { rank * layer.downWidth }
    package var upCount: Int { rank * layer.outputs }
  }

  /// In the order of the layers.
  package let modules: [Module]
  package let parameterCount: Int
  private let indices: [String: Int]

  /// Gives each layer that `extent` answers for an adapter of that rank and alpha.
  package init(
    of layers: [AdaptableLayer], _ extent: (AdaptableLayer) -> (rank: Int, alpha: Float)?
  ) {
    let chosen = layers.compactMap { layer in
      extent(layer).map { (layer: layer, rank: $0.rank, alpha: $0.alpha) }
    }
    var modules: [Module] = []
    var offset = 0
    var first = 0
    while first < chosen.count {
      let network = chosen[first].layer.name.target.network
      let end =
        chosen[first...].firstIndex { $0.layer.name.target.network != network } ?? chosen.count
      var down = offset
      var up = offset + chosen[first..<end].reduce(0) { $0 + $1.rank * $1.layer.downWidth }
      for (layer, rank, alpha) in chosen[first..<end] {
        modules.append(Module(layer: layer, rank: rank, alpha: alpha, down: down, up: up))
        down += rank * layer.downWidth
        up += rank * layer.outputs
      }
      offset = up
      first = end
    }
    self.modules = modules
    parameterCount = offset
    indices = Dictionary(
      uniqueKeysWithValues: modules.enumerated().map { ($1.layer.name.module, $0) })
  }

  /// The adapter of a layer, and its number.
  package func module(for layer: AdaptableLayer) -> (index: Int, module: Module)? {
    indices[layer.name.module].map { ($0, modules[$0]) }
  }

  /// Whether layers outside of transformers have adapters.
  var hasConvolutions: Bool { modules.contains { !$0.layer.name.isDefault } }

  /// sd-scripts' start: D uniform within ±1/√(fan-in), U zero.
  ///
  /// D of module i takes the numbers of stream i.
  package func initialValues(seed: UInt64) -> [Float] {
    var values = [Float](repeating: 0, count: parameterCount)
    for (index, module) in modules.enumerated() {
      var generator = Philox(seed: seed, stream: UInt64(index))
      let bound = 1 / Float(module.layer.downWidth).squareRoot()
      for place in module.down..<module.down + module.downCount {
        values[place] = bound * Float(2 * generator.uniform() - 1)
      }
    }
    return values
  }

  /// A module's D or U in the order of a file's elements.
  package func fileValues(of module: Module, down: Bool, in values: [Float]) -> [Float] {
    let start = down ? module.down : module.up
    let part = Array(values[start..<start + (down ? module.downCount : module.upCount)])
    return down && module.layer.kind == .convolution
      ? channelsLast(part, module.rank, 9, module.layer.inputs) : part
  }

  /// Puts a module's D and U, in the order of a file's elements, to their places.
  package func setFileValues(
    down: [Float], up: [Float], of module: Module, in values: inout [Float]
  ) {
    precondition(
      down.count == module.downCount && up.count == module.upCount,
      "\(module.name) has \(down.count) and \(up.count) elements")
    let ordered =
      module.layer.kind == .convolution
      ? channelsLast(down, module.rank, module.layer.inputs, 9) : down
    values.replaceSubrange(module.down..<module.down + module.downCount, with: ordered)
    values.replaceSubrange(module.up..<module.up + module.upCount, with: up)
  }
}

// MARK: - Joining

extension AdaptedModules {
  /// Several adapters at their strengths as one: ranks one after another.
  package static func joined(
    _ parts: [(modules: AdaptedModules, values: [Float], multiplier: Float)],
    for layers: [AdaptableLayer]
  ) -> (modules: AdaptedModules, values: [Float]) {
    let modules = AdaptedModules(of: layers) { layer in
      let rank = parts.reduce(0) { $0 + ($1.modules.module(for: layer)?.module.rank ?? 0) }
      return rank == 0 ? nil : (rank, Float(rank))
    }
    var values = [Float](repeating: 0, count: modules.parameterCount)
    for module in modules.modules {
      var row = 0
      for part in parts {
        guard let source = part.modules.module(for: module.layer)?.module else { continue }
        let width = module.layer.downWidth
        let factor = part.multiplier * source.alpha / Float(source.rank)
        for index in 0..<source.downCount {
          values[module.down + row * width + index] = part.values[source.down + index]
        }
        for output in 0..<module.layer.outputs {
          for rank in 0..<source.rank {
            values[module.up + output * module.rank + row + rank] =
              factor * part.values[source.up + output * source.rank + rank]
          }
        }
        row += source.rank
      }
    }
    return (modules, values)
  }
}
