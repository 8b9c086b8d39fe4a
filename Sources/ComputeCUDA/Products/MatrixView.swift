import Compute
import Tensors

/// A matrix in the device's memory, by rows.
struct MatrixView: Hashable {
  /// The address of its first element.
  let address: UInt64
  let elementType: ElementType
  let rows: Int
  let columns: Int

  /// Elements from one row to the next.
  let stride: Int
}

extension MatrixView {
  init(_ tensor: Tensor, rows: Int, columns: Int, from first: Int = 0) {
    self.init(
      address: tensor.deviceAddress + UInt64(first * tensor.elementType.byteWidth),
      elementType: tensor.elementType, rows: rows, columns: columns, stride: columns)
  }

  func columns(_ range: Range<Int>) -> MatrixView {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "\(range) of \(columns)")
    return MatrixView(
      address: address + UInt64(range.lowerBound * elementType.byteWidth),
      elementType: elementType, rows: rows, columns: range.count, stride: stride)
  }

  func rows(_ range: Range<Int>) -> MatrixView {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "\(range) of \(rows)")
    return MatrixView(
      address: address + UInt64(range.lowerBound * stride * elementType.byteWidth),
      elementType: elementType, rows: range.count, columns: columns, stride: stride)
  }

  /// The largest power of two, up to 16, that divides the addresses of all rows.
  var alignment: Int {
    let step = address | UInt64(stride * elementType.byteWidth) | 16
    return 1 << step.trailingZeroBitCount
  }
}

/// One side of a product.
struct Factor: Hashable {
  let matrix: MatrixView
  let isTransposed: Bool

  var rows: Int { isTransposed ? matrix.columns : matrix.rows }
  var columns: Int { isTransposed ? matrix.rows : matrix.columns }
}

extension MatrixView {
  /// The matrix as it is.
  var plain: Factor { Factor(matrix: self, isTransposed: false) }

  /// Its transpose, which is not written anywhere.
  var transposed: Factor { Factor(matrix: self, isTransposed: true) }
}

extension Tensor {
  /// The address of its first element, as kernels take it.
  var deviceAddress: UInt64 {
    UInt64(storage.address) + UInt64(offset * elementType.byteWidth)
  }
}

extension ElementType {
  /// Bytes of one element, of the types that a device computes with.
  var byteWidth: Int { bitCount / 8 }
}
