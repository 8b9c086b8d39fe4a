package import Tensors

/// A dense array on a device, row-major, the last extent contiguous.
///
/// Copies and slices share storage. Operations return new tensors; only the flat operations of the
/// optimisers and `write` change one.
package struct Tensor {
  package let shape: Shape
  package let elementType: ElementType
  package private(set) var storage: Storage

  /// Elements of `storage` before the first of the tensor.
  package let offset: Int
  package let backend: any Backend

  /// Gathers its gradient; `nil` where none is wanted.
  package let node: Node?
}

extension Tensor {
  /// A tensor whose elements are not yet written.
  package init(shape: Shape, elementType: ElementType, on backend: any Backend) {
    guard let byteCount = shape.byteCount(of: elementType) else {
      preconditionFailure("\(shape) of \(elementType.rawValue) has no size")
    }
    self.init(
      shape: shape, elementType: elementType, storage: backend.allocate(byteCount: byteCount),
      offset: 0, backend: backend, node: nil)
  }

  /// A float32 tensor with these values.
  package init(_ values: [Float], shape: Shape, on backend: any Backend) {
    precondition(shape.elementCount == values.count, "\(values.count) values are not \(shape)")
    self.init(shape: shape, elementType: .float32, on: backend)
    backend.write(values, to: self)
  }

  /// A float32 tensor of zeros.
  package init(zeros shape: Shape, on backend: any Backend) {
    self.init(shape: shape, elementType: .float32, on: backend)
    backend.fill(self, with: 0)
  }

  /// Whole numbers: token ids.
  package init(integers values: [Int32], shape: Shape, on backend: any Backend) {
    precondition(shape.elementCount == values.count, "\(values.count) values are not \(shape)")
    self.init(shape: shape, elementType: .int32, on: backend)
    backend.write(values, to: self)
  }

  package var count: Int { shape.extents.reduce(1, *) }

  /// The last extent: channels.
  package var channels: Int { shape.extents.last ?? 1 }

  /// The elements before the last extent: tokens or pixels of the whole batch.
  package var rows: Int { channels == 0 ? 0 : count / channels }

  /// The values on the host; waits for the device.
  package func values() -> [Float] { backend.values(of: self) }

  /// The same numbers in the type that a device computes with; a copy, without a gradient, where
  /// the tensor is not so already.
  package func activations(on device: any Backend) -> Tensor {
    if elementType == device.activationType, backend === device { return self }
    let copy = Tensor(shape: shape, elementType: device.activationType, on: device)
    device.copy(self, into: copy)
    return copy
  }

  /// Replaces the values from the host.
  package func write(_ values: [Float]) {
    precondition(values.count == count, "\(values.count) values for \(shape)")
    backend.write(values, to: self)
  }

  /// The same elements under another shape, with the same gradient.
  package func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.elementCount == count, "\(self.shape) cannot be read as \(shape)")
    return Tensor(
      shape: shape, elementType: elementType, storage: storage, offset: offset, backend: backend,
      node: node)
  }

  /// Elements of the flat tensor, sharing storage; no gradient flows through.
  package func slice(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not in \(shape)")
    return Tensor(
      shape: [range.count], elementType: elementType, storage: storage,
      offset: offset + range.lowerBound, backend: backend, node: nil)
  }

  /// The same elements without a gradient.
  package var detached: Tensor { attached(to: nil) }

  func attached(to node: Node?) -> Tensor {
    Tensor(
      shape: shape, elementType: elementType, storage: storage, offset: offset, backend: backend,
      node: node)
  }

  /// A tensor of the same type and device, not yet written.
  func empty(_ shape: Shape) -> Tensor {
    Tensor(shape: shape, elementType: elementType, on: backend)
  }

  func shape(channels: Int) -> Shape { Shape(shape.extents.dropLast() + [channels]) }

  /// Whether no other tensor shares the storage, so that it may be written in place.
  mutating func isUniquelyReferenced() -> Bool { isKnownUniquelyReferenced(&storage) }
}

/// Memory of a device, shared by the tensors that lie in it; the last of them gives it back.
package final class Storage: Sendable {
  /// Its address in the device's memory; on a CPU a host address.
  package let address: UInt
  package let byteCount: Int
  private let backend: any Backend

  package init(address: UInt, byteCount: Int, backend: any Backend) {
    self.address = address
    self.byteCount = byteCount
    self.backend = backend
  }

  deinit { backend.release(address: address, byteCount: byteCount) }
}
