package import Names
import Safetensors
package import Tensors

/// A way in which a module's tensors make its update.
///
/// An algorithm is one type in a file of its own, and stands in `algorithms`.
package protocol Algorithm: Sendable {
  /// As reports spell it.
  var name: String { get }

  /// As sentences call it.
  var title: String { get }

  // MARK: By the shapes

  /// Whether a layer's parts are those of the algorithm; of several that fit, the first counts.
  func isMade(of parts: PartShapes, for target: Target) -> Bool

  /// The parts that a module cannot do without.
  func neededParts(of parts: PartShapes) -> [Part]

  /// The rank of the factors; 0 where there is none.
  func rank(of parts: PartShapes) -> Int

  /// The layer's extents; `nil` where the parts do not fit each other.
  func extents(of parts: PartShapes) -> Module.Extents?

  /// The rank of a module's update as one product.
  func expandedRank(of module: Module) -> Int

  /// Whether the parts tell the extents of the layer.
  var tellsExtents: Bool { get }

  // MARK: By the values

  /// Whether there is an update without the base model's weights.
  var hasUpdate: Bool { get }

  /// What a module adds to its layer's weight; of DoRA, before the magnitudes are put back.
  ///
  /// - Throws: `.needsBase` where no update exists without the base model's weights.
  func update(of module: Module) throws -> Update

  /// What a module at full strength adds to a layer's weight: W′ − W.
  ///
  /// - Parameters:
  ///   - weight: W, outputs × inputs·kernel.
  ///   - isTransposed: Whether the model stores it inputs × outputs.
  /// - Throws: Where the module's parts do not fit the weight.
  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix

  /// Whether a model's bias changes with what the layer gives.
  func scalesBias(_ module: Module) -> Bool

  /// What becomes of a model's bias by what the layer gives; `nil` where it stays.
  func change(ofBias bias: [Double], by module: Module) throws -> [Double]?

  /// Whether the update is zero where alpha is.
  var vanishesWithAlpha: Bool { get }

  /// Whether PEFT scales by the configured rank where the factors have none.
  var isScaledByConfiguredRank: Bool { get }

  // MARK: What it can be written as

  /// Whether a module is up and down, perhaps with a core, and nothing else makes its update.
  var isProduct: Bool { get }

  /// Whether a rank costs outputs + columns elements.
  var hasFactors: Bool { get }

  /// Whether a module is a difference itself, or what takes the model's place.
  var isWhole: Bool { get }

  /// Whether the layer is a norm.
  var isNorm: Bool { get }

  /// Whether a module is more than up·down, a difference or a norm's: what `--plain` expands.
  func isSpecial(_ module: Module) -> Bool

  // MARK: Some rows, and rows of several

  /// The parts whose rows are rows of the layer, and how many of the layer's each is; `nil` where no
  /// part of a module makes some rows alone.
  func rowParts(of module: Module) -> [Part: Int]?

  /// Pairs of parts that are multiplied: of modules side by side, the first become blocks along a
  /// diagonal, and the second stand one upon the other.
  var factorPairs: [(Part, Part)] { get }

  /// Why a naming cannot hold a special module as it is; `nil` where it can.
  func obstacle(to naming: Naming, of module: Module) -> String?
}

/// Every algorithm, the more special ones first.
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
