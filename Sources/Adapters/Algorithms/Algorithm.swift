package import Names
import Safetensors
package import Tensors

/// The rule by which a module's tensors make its update.
///
/// Each algorithm is one type in its own file and one entry of `algorithms`.
package protocol Algorithm: Sendable {
  /// The name in reports.
  var name: String { get }

  /// The name in sentences.
  var title: String { get }

  // MARK: By the shapes

  /// Whether a layer's parts are those of the algorithm; if several algorithms match, the first
  /// counts.
  func isMade(of parts: PartShapes, for target: Target) -> Bool

  /// The parts that a module must have.
  func neededParts(of parts: PartShapes) -> [Part]

  /// The rank of the factors; 0 where the algorithm has none.
  func rank(of parts: PartShapes) -> Int

  /// The layer's extents; `nil` where the parts do not fit together.
  func extents(of parts: PartShapes) -> Module.Extents?

  /// The rank of a module's update as one product.
  func expandedRank(of module: Module) -> Int

  /// Whether the parts determine the extents of the layer.
  var tellsExtents: Bool { get }

  // MARK: By the values

  /// Whether the update can be computed without the base model's weights.
  var hasUpdate: Bool { get }

  /// A module's update of its layer's weight; for DoRA, before the magnitudes are applied.
  ///
  /// - Throws: `.needsBase` if the update depends on the base model's weights.
  func update(of module: Module) throws -> Update

  /// The change of a layer's weight by a module at full strength: W′ − W.
  ///
  /// - Parameters:
  ///   - weight: W, outputs × inputs·kernel.
  ///   - isTransposed: Whether the model stores it inputs × outputs.
  /// - Throws: If the module's parts do not fit the weight.
  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix

  /// Whether the module scales the model's bias together with the layer's output.
  func scalesBias(_ module: Module) -> Bool

  /// The model's bias after the module has scaled the layer's output; `nil` where it stays the
  /// same.
  func change(ofBias bias: [Double], by module: Module) throws -> [Double]?

  /// Whether alpha = 0 makes the update zero.
  var vanishesWithAlpha: Bool { get }

  /// Whether PEFT divides alpha by the configured rank if the factors have no rank.
  var isScaledByConfiguredRank: Bool { get }

  // MARK: What it can be written as

  /// Whether a module is up and down, perhaps with a core, and nothing else makes its update.
  var isProduct: Bool { get }

  /// Whether each rank costs outputs + columns elements.
  var hasFactors: Bool { get }

  /// Whether a module stores a full difference or a replacement of the model's weight.
  var isWhole: Bool { get }

  /// Whether the layer is a norm.
  var isNorm: Bool { get }

  /// Whether `--plain` expands the module: it is no plain product, difference or norm.
  func isSpecial(_ module: Module) -> Bool

  // MARK: Some rows, and rows of several

  /// The parts whose rows are rows of the layer, each with the number of the layer's rows per row
  /// of the part; `nil` where a module cannot be cut to some rows.
  func rowParts(of module: Module) -> [Part: Int]?

  /// The pairs of parts that are multiplied. To join modules, the first parts become blocks along a
  /// diagonal and the second parts are stacked.
  var factorPairs: [(Part, Part)] { get }

  /// The reason why a naming cannot hold a special module as it is; `nil` where it can.
  func obstacle(to naming: Naming, of module: Module) -> String?
}

/// Every algorithm, the more specific ones first.
package let algorithms: [any Algorithm] = [
  LoHa(), LoKr(), GLoRA(), BOFT(), OFT(), IA3(), DoRA(), LoRA(), Norm(), Full(),
]

extension Algorithm {
  package func neededParts(of parts: PartShapes) -> [Part] { [] }
  package func rank(of parts: PartShapes) -> Int { 0 }

  package func expandedRank(of module: Module) -> Int {
    min(module.extents.outputs, module.extents.columns)
  }

  package var tellsExtents: Bool { true }
  package var hasUpdate: Bool { true }

  package func update(of module: Module) throws -> Update {
    throw AdapterError(
      file: module.file.path, reason: .needsBase(module: module.name, algorithm: title))
  }

  package func change(
    of weight: Matrix, isTransposed: Bool, by module: Module
  ) throws -> Matrix {
    try module.changeByUpdate(of: weight, isTransposed: isTransposed)
  }

  package func scalesBias(_ module: Module) -> Bool { false }
  package func change(ofBias bias: [Double], by module: Module) throws -> [Double]? { nil }
  package var vanishesWithAlpha: Bool { false }
  package var isScaledByConfiguredRank: Bool { false }
  package var isProduct: Bool { false }
  package var hasFactors: Bool { false }
  package var isWhole: Bool { false }
  package var isNorm: Bool { false }
  package func isSpecial(_ module: Module) -> Bool { true }

  package func rowParts(of module: Module) -> [Part: Int]? { nil }
  package var factorPairs: [(Part, Part)] { [] }

  package func obstacle(to naming: Naming, of module: Module) -> String? {
    naming.holdsLyCORIS ? nil : title
  }
}
