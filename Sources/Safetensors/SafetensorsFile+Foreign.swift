package import Files
package import Tensors

// Files of another container, whose tensors lie in them as those of a safetensors file do.

extension SafetensorsFile {
  /// - Parameters:
  ///   - header: What the container says of its tensors; they may leave gaps.
  ///   - dataOffset: Where their ranges are counted from.
  package init(_ file: MappedFile, header: Header, dataOffset: Int) {
    self.file = file
    self.header = header
    self.dataOffset = dataOffset
  }
}

extension Header.Entry {
  /// - Parameter shape: One whose elements fill the range.
  package init(name: TensorName, type: ElementType, shape: Shape, range: Range<Int>) {
    self.init(
      name: name, type: type, shape: shape, range: range, elementCount: shape.elementCount ?? 0)
  }
}
