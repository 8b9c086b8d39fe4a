import LinearAlgebra
import Names
import Safetensors
import Tensors

/// Scales a layer's output or input: LyCORIS computes W·(1 + w), along inputs if `on_input` is set;
/// PEFT computes W·l.
///
/// Sources: Liu et al., (IA)³ (arXiv 2205.05638); PEFT, `tuners/ia3/layer.py`.
struct IA3: Algorithm {
  let name = "ia3"
  let title = "(IA)³"
  let hasUpdate = false
  let tellsExtents = false

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.holds(.ia3OnInput, .ia3Weight)
  }

  func neededParts(of parts: PartShapes) -> [Part] { [.ia3Weight] }

  /// The extents that one factor per row gives, or one per column if it scales the layer's input.
  func extents(of parts: PartShapes) -> Module.Extents? {
    guard let extents = parts.extents(.ia3Weight) else { return nil }
    if extents.count == 2 && extents[0] == 1 {
      return Module.Extents(outputs: 1, inputs: extents[1], kernel: [])
    }
    return Module.Extents(outputs: extents.reduce(1, *), inputs: 1, kernel: [])
  }

  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix {
    let factors = try module.values(.ia3Weight).map { module.isOfPEFT ? $0 - 1 : $0 }
    let flag =
      module.parts[.ia3OnInput] == nil ? nil : try module.values(.ia3OnInput).first ?? 0
    let isOnInput =
      try flag.map { $0 != 0 } ?? (module.isOfPEFT && module.isOnInput(outputs: weight.rows))
    if !isOnInput && factors.count == weight.rows { return weight.scalingRows(by: factors) }
    let taps = weight.columns / max(factors.count, 1)
    guard isOnInput, factors.count * taps == weight.columns else { throw module.misfit(weight) }
    return weight.scalingColumns(by: (0..<weight.columns).map { factors[$0 / taps] })
  }

  func rowParts(of module: Module) -> [Part: Int]? {
    guard !module.isOfPEFT, module.extents.inputs == 1,
      let values = try? module.parts[.ia3OnInput].map({ _ in try module.values(.ia3OnInput) }),
      values.first ?? 0 == 0
    else { return nil }
    return [.ia3Weight: 1]
  }

  func scalesBias(_ module: Module) -> Bool {
    module.isOfPEFT && module.scalesInputs != true && !module.isRow
  }

  /// PEFT scales the layer's output, its bias included.
  func change(ofBias bias: [Double], by module: Module) throws -> [Double]? {
    guard module.isOfPEFT, try !module.isOnInput(outputs: bias.count) else { return nil }
    return zip(try module.values(.ia3Weight), bias).map { ($0 - 1) * $1 }
  }

  func obstacle(to naming: Naming, of module: Module) -> String? {
    if !naming.holdsLyCORIS { return title }
    return module.isOfPEFT ? "PEFT's \(title)" : nil
  }
}

extension Module {
  /// Whether the vector holds PEFT's factors; LyCORIS stores their difference from 1.
  fileprivate var isOfPEFT: Bool { parts[.ia3Weight]?.spelling == .peft }

  /// Whether PEFT's vector scales the layer's input.
  ///
  /// A linear layer's vector is [1, in] or [out, 1]; a convolution's is [1, n, 1, 1] in both cases.
  fileprivate func isOnInput(outputs: Int) throws(AdapterError) -> Bool {
    if let scalesInputs { return scalesInputs }
    let extents = parts[.ia3Weight]?.shape.extents ?? []
    if extents.count <= 2 { return extents.first == 1 }
    if extents[1] != outputs { return true }
    let detail =
      "scales what goes into its layer or what comes out, which only feedforward_modules of its"
      + " adapter_config.json tells; name the folder"
    throw AdapterError(file: file.path, reason: .refused("\(name) \(detail)"))
  }

  fileprivate var isRow: Bool {
    let extents = parts[.ia3Weight]?.shape.extents ?? []
    return extents.count <= 2 && extents.first == 1
  }
}
