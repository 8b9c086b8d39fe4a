package import Adapters
import CommandSupport
package import Names
import Safetensors
package import Tensors

/// The naming and the element type of a result.
package struct ResultChoice: Sendable {
  package let naming: Naming
  package let type: ElementType

  /// Notes on the choice for the report.
  package let notes: [String]

  /// Takes the naming and type that the options give, or else the first input's naming and the
  /// inputs' widest type.
  ///
  /// A naming that stores an order instead of names, or that has no name for a layer of the result,
  /// is replaced by sd-scripts'.
  package init(_ options: OutputOptions, for combination: Combination) {
    let adapters = combination.inputs.map(\.adapter)
    type = options.dtype?.elementType ?? widest(adapters.flatMap(\.weightTypes))
    let said = adapters.flatMap(\.notes)
    if let asked = options.to {
      naming = asked
      notes = said
      return
    }
    let first = adapters.first?.naming ?? .kohya
    let model = adapters.map(\.baseModel).first { $0 != .unknown } ?? .unknown
    let isExpressible =
      first.isWritten
      && combination.layers.allSatisfy { layer in
        (layer.names[first] ?? first.moduleName(for: layer.target, in: model)) != nil
      }
    naming = isExpressible ? first : .kohya
    notes =
      isExpressible
      ? said
      : said + ["\(first.name) naming cannot hold the result: named as sd-scripts names it"]
  }
}

extension ResultChoice {
  /// Takes the naming and type that the options give, or else sd-scripts' naming and the widest
  /// type.
  package init(_ options: OutputOptions, types: [ElementType]) {
    type = options.dtype?.elementType ?? widest(types)
    naming = options.to ?? .kohya
    notes = []
  }
}

extension FloatType {
  package var elementType: ElementType {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    }
  }
}

extension Adapter {
  /// Notes for users of a result that is made from the adapter.
  fileprivate var notes: [String] {
    let name = printable(file.path)
    return warnings.map { "\(name): \($0)" }
  }

  /// The element types of all weights.
  fileprivate var weightTypes: [ElementType] {
    modules.flatMap { $0.parts.filter { $0.key != .alpha }.values.map(\.type) }
  }
}

/// The narrowest float type that holds all values of the types exactly, integers included.
private func widest(_ types: [ElementType]) -> ElementType {
  let kinds = Set(types)
  if kinds.contains(.float64) { return .float64 }
  if kinds.contains(where: { $0.bitCount > 16 }) || kinds.isSuperset(of: [.float16, .bfloat16]) {
    return .float32
  }
  return kinds.contains(.bfloat16) ? .bfloat16 : .float16
}

extension OutputOptions {
  /// The world whose names the layers of a result get; `nil` if no naming is chosen.
  ///
  /// - Parameter inputs: The inputs; the first decides if the naming does not.
  package func world(for inputs: [Combination.Input]) -> World? {
    inputs.first.flatMap { to?.world(for: $0.adapter) }
  }
}
