package import Safetensors
import Tensors

extension SafetensorsFile {
  /// Reads some elements of a tensor whose elements are whole bytes.
  package func floats(of entry: Header.Entry, _ elements: Range<Int>) -> [Float] {
    withBytes(of: entry) {
      Tensors.floats(
        from: $0.extracting(elements.times(entry.type.bitCount / 8)), as: entry.type)
    }
  }

  /// Reads the elements in 64 bits, exactly.
  func doubles(of entry: Header.Entry, _ elements: Range<Int>) -> [Double] {
    withBytes(of: entry) {
      Tensors.doubles(
        from: $0.extracting(elements.times(entry.type.bitCount / 8)), as: entry.type)
    }
  }

  /// Reads bytes as 8-bit floats, whatever type the header gives.
  func doubles(
    of entry: Header.Entry, _ elements: Range<Int>, as type: ElementType
  ) -> [Double] {
    withBytes(of: entry) { Tensors.doubles(from: $0.extracting(elements), as: type) }
  }

  /// Reads some bytes of a tensor.
  func bytes(of entry: Header.Entry, _ range: Range<Int>) -> [UInt8] {
    withBytes(of: entry) {
      unsafe $0.extracting(range).withUnsafeBytes { unsafe Array($0) }
    }
  }
}

extension Range<Int> {
  /// The range of smaller units, with `count` of them in each.
  func times(_ count: Int) -> Range<Int> { lowerBound * count..<upperBound * count }
}
