import LinearAlgebra
import Safetensors
import Tensors

extension Module {
  /// Reads the module's update of its layer's weight.
  ///
  /// For DoRA this is the low-rank part, before the magnitudes are applied.
  ///
  /// - Throws: `.needsBase` if the update depends on the base model's weights.
  package func update() throws -> Update {
    try algorithm.update(of: self)
  }

  /// The elements of a part.
  ///
  /// - Throws: `.missingPart` if the module lacks the part.
  func values(_ part: Part) throws -> [Double] {
    guard let tensor = parts[part] else {
      throw AdapterError(file: file.path, reason: .missingPart(module: name, part: "\(part)"))
    }
    return try tensor.made?.values() ?? file.doubles(tensor.entry)
  }

  /// A part as a matrix whose rows are its first extent.
  func matrix(_ part: Part) throws -> Matrix {
    let elements = try values(part)
    let rows = parts[part]?.shape.extents.first ?? 1
    let whole = Matrix(
      rows: rows, columns: rows == 0 ? 0 : elements.count / rows, elements: elements)
    return expert?.slice(whole, part) ?? whole
  }

  /// Folds a Tucker core into down: Δ[p, q, k, l] = Σ mid[i, j, k, l]·up[p, i]·down[j, q].
  ///
  /// - Returns: r × inputs·kernel; row i holds Σⱼ mid[i, j, kl]·down[j, q] at column q·kl.
  func foldedCore(
    _ core: Part, into down: Matrix
  ) throws -> Matrix {
    let elements = try values(core)
    let extents = parts[core]?.shape.extents ?? []
    let (rows, inner) = (extents[0], extents[1])
    let taps = extents[2...].reduce(1, *)
    // [i, j, kl] → [i·kl, j], so that one product folds it.
    var arranged = Matrix(zeros: rows * taps, inner)
    for i in 0..<rows {
      for j in 0..<inner {
        for k in 0..<taps { arranged[i * taps + k, j] = elements[(i * inner + j) * taps + k] }
      }
    }
    let product = LinearAlgebra.product(arranged, down)  // [i·kl, q]
    var folded = Matrix(zeros: rows, down.columns * taps)
    for i in 0..<rows {
      for k in 0..<taps {
        for q in 0..<down.columns { folded[i, q * taps + k] = product[i * taps + k, q] }
      }
    }
    return folded
  }

  /// a·b, or with a core Σ core[i, j, kl]·a[i, p]·b[j, q].
  func factor(
    _ a: Part, _ b: Part, core: Part?
  ) throws -> Update {
    let first = try matrix(a)
    guard let core, parts[core] != nil else {
      return .product(up: first, down: try matrix(b))
    }
    let down = try foldedCore(core, into: try matrix(b))
    return .product(up: first.transposed, down: down)
  }

  /// The module's difference of its layer's bias; `nil` where it leaves the bias.
  ///
  /// The bias of PEFT's `lora_B` is multiplied by the scale, as the product is.
  package func biasDifference() throws -> [Double]? {
    for part in [Part.biasDifference, .normBiasDifference] {
      guard let tensor = parts[part] else { continue }
      let isOfFactor = tensor.spelling == .peft
      return try values(part).map { isOfFactor ? $0 * scale : $0 }
    }
    return nil
  }
}
