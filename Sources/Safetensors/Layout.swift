package import Tensors

/// The places of the tensors in a file to be written, and the bytes of its header.
///
/// Tensors are sorted as the reference implementation sorts them: by element type, the last of
/// `ElementType`'s cases first, then by the bytes of their names.
package struct Layout: Sendable {
  package struct Tensor: Hashable, Sendable {
    package let name: TensorName
    package let type: ElementType
    package let shape: Shape

    package init(name: String, type: ElementType, shape: Shape) {
      self.name = TensorName(name)
      self.type = type
      self.shape = shape
    }

    /// As given; an own tensor of impossible size is a bug.
    package var byteCount: Int {
      guard let count = shape.byteCount(of: type) else {
        preconditionFailure("tensor '\(name)' of shape \(shape) does not fill whole bytes")
      }
      return count
    }
  }

  /// In file order.
  package let tensors: [Tensor]

  /// The offset of each of `tensors`, in bytes from the end of the header.
  package let offsets: [Int]

  package let dataByteCount: Int
  private let indices: [TensorName: Int]

  /// The layout of the reference writer.
  package init(_ tensors: [Tensor]) {
    let groups = Dictionary(grouping: tensors, by: \.type)
    self.init(
      inOrder: ElementType.allCases.reversed().flatMap { type in
        (groups[type] ?? []).sorted { $0.name < $1.name }
      })
  }

  /// The layout that a file has, for one that keeps its tensors where they are.
  package init(keeping header: Header) {
    self.init(
      inOrder: header.entries.map {
        Tensor(name: $0.name.string, type: $0.type, shape: $0.shape)
      })
  }

  private init(inOrder tensors: [Tensor]) {
    self.tensors = tensors
    var offsets: [Int] = []
    var indices: [TensorName: Int] = Dictionary(minimumCapacity: tensors.count)
    var end = 0
    for (index, tensor) in tensors.enumerated() {
      let other = indices.updateValue(index, forKey: tensor.name)
      precondition(other == nil, "two tensors '\(tensor.name)' in one file")
      offsets.append(end)
      end += tensor.byteCount
    }
    self.offsets = offsets
    self.indices = indices
    dataByteCount = end
  }

  /// The offset of a tensor's data, in bytes from the end of the header.
  package func offset(of name: String) -> Int {
    guard let index = indices[TensorName(name)] else {
      preconditionFailure("no tensor '\(name)' in the layout")
    }
    return offsets[index]
  }
}
