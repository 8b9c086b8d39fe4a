import Safetensors
package import Tensors

extension Module {
  /// The change of a layer's weight by the module at full strength: W′ − W.
  ///
  /// - Parameters:
  ///   - weight: W, outputs × inputs·kernel.
  ///   - isTransposed: Whether the model stores the weight as inputs × outputs.
  /// - Throws: If the module's parts do not fit the weight.
  package func change(of weight: Matrix, isTransposed: Bool = false) throws -> Matrix {
    try algorithm.change(of: weight, isTransposed: isTransposed, by: self)
  }

  /// The change of a weight by the module's update, replacement weight and magnitudes.
  func changeByUpdate(of weight: Matrix, isTransposed: Bool) throws -> Matrix {
    let own = try ownWeight(like: weight, isTransposed: isTransposed)
    let update = try update()
    guard update.rows == weight.rows, update.columns == weight.columns else {
      throw misfit(weight)
    }
    let sum = (own ?? weight) + update.formed
    if parts[.magnitude] != nil { return try decomposed(sum) - weight }
    return own == nil ? update.formed : sum - weight
  }

  /// The weight that the file holds in place of the model's; `nil` where it holds none.
  func ownWeight(like weight: Matrix, isTransposed: Bool) throws -> Matrix? {
    if parts[.weight] == nil { return nil }
    let elements = try values(.weight)
    guard elements.count == weight.elements.count else { throw misfit(weight) }
    return isTransposed
      ? Matrix(rows: weight.columns, columns: weight.rows, elements: elements).transposed
      : Matrix(rows: weight.rows, columns: weight.columns, elements: elements)
  }

  func misfit(_ weight: Matrix) -> AdapterError {
    AdapterError(
      file: file.path,
      reason: .shapesDiffer(
        module: name,
        detail:
          "is not made for a weight of \(weight.rows) × \(weight.columns), which the model has there; take the model that it was trained on"
      ))
  }

  /// The change of the layer's bias by the module at full strength; `nil` where it leaves the bias.
  ///
  /// - Parameter bias: The model's bias; `nil` where the layer has none.
  package func change(ofBias bias: [Double]?) throws -> [Double]? {
    let difference = try biasDifference()
    if parts[.bias] != nil, let bias {
      let own = try values(.bias)
      let sum = difference.map { zip(own, $0).map { $0 + $1 } } ?? own
      return zip(sum, bias).map { $0 - $1 }
    }
    return try bias.flatMap { try algorithm.change(ofBias: $0, by: self) } ?? difference
  }

  /// Whether the module scales the model's bias together with the layer's output.
  package var scalesBias: Bool { algorithm.scalesBias(self) }
}
