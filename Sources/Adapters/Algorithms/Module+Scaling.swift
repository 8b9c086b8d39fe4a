import LinearAlgebra
import Safetensors
import Tensors

// What changes a layer's bias too: (IA)³ as PEFT trains it, and biases that are stored whole.
//
// Source: PEFT, `tuners/ia3/layer.py`.
extension Module {
  /// (IA)³: LyCORIS's W·(1 + w), along inputs where `on_input` is set; PEFT's W·l.
  func scaling(of weight: Matrix) throws -> Matrix {
    let factors = try values(.ia3Weight).map { isOfPEFT ? $0 - 1 : $0 }
    let flag = parts[.ia3OnInput] == nil ? nil : try values(.ia3OnInput).first ?? 0
    let isOnInput =
      try flag.map { $0 != 0 } ?? (isOfPEFT && isOnInput(outputs: weight.rows))
    if !isOnInput && factors.count == weight.rows { return weight.scalingRows(by: factors) }
    let taps = weight.columns / max(factors.count, 1)
    guard isOnInput, factors.count * taps == weight.columns else { throw misfit(weight) }
    return weight.scalingColumns(by: (0..<weight.columns).map { factors[$0 / taps] })
  }

  /// Whether a vector of (IA)³ is PEFT's: factors, not what they differ from 1 by.
  private var isOfPEFT: Bool { parts[.ia3Weight]?.spelling == .peft }

  /// Whether PEFT's (IA)³ scales what goes into a layer.
  ///
  /// A linear layer's vector lies [1, in] or [out, 1]; a convolution's [1, n, 1, 1] either way.
  private func isOnInput(outputs: Int) throws(AdapterError) -> Bool {
    if let scalesInputs { return scalesInputs }
    let extents = parts[.ia3Weight]?.shape.extents ?? []
    if extents.count <= 2 { return extents.first == 1 }
    if extents[1] != outputs { return true }
    let detail =
      "scales what goes into its layer or what comes out, which only feedforward_modules of its"
      + " adapter_config.json tells; name the folder"
    throw AdapterError(file: file.path, reason: .shapesDiffer(module: name, detail: detail))
  }

  /// What the module at full strength adds to its layer's bias; `nil` where it leaves it.
  ///
  /// - Parameter bias: The model's; `nil` where the layer has none.
  package func change(ofBias bias: [Double]?) throws -> [Double]? {
    let difference = try biasDifference()
    if parts[.bias] != nil, let bias {
      let own = try values(.bias)
      let sum = difference.map { zip(own, $0).map { $0 + $1 } } ?? own
      return zip(sum, bias).map { $0 - $1 }
    }
    // PEFT scales what a layer gives, its bias with it.
    if let bias, isOfPEFT,
      try !isOnInput(outputs: bias.count)
    {
      return zip(try values(.ia3Weight), bias).map { ($0 - 1) * $1 }
    }
    return difference
  }

  /// Whether a model's bias changes with what the layer gives.
  package var scalesBias: Bool { isOfPEFT && scalesInputs != true && !isRow }

  private var isRow: Bool {
    let extents = parts[.ia3Weight]?.shape.extents ?? []
    return extents.count <= 2 && extents.first == 1
  }
}
