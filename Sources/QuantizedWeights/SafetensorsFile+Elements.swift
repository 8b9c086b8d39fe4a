package import Safetensors
import Tensors

extension SafetensorsFile {
  /// Some elements of a tensor whose elements fill whole bytes.
  package func floats(of entry: Header.Entry, _ elements: Range<Int>) -> [Float] {
    withBytes(of: entry) {
      Tensors.floats(
        from: $0.extracting(elements.times(entry.type.bitCount / 8)), as: entry.type)
    }
  }

  /// The same in 64 bits, exactly.
  func doubles(of entry: Header.Entry, _ elements: Range<Int>) -> [Double] {
    withBytes(of: entry) {
      Tensors.doubles(
        from: $0.extracting(elements.times(entry.type.bitCount / 8)), as: entry.type)
    }
  }

  /// The same of bytes that stand for floats of 8 bits, whatever type the header says.
  func doubles(
    of entry: Header.Entry, _ elements: Range<Int>, as type: ElementType
  ) -> [Double] {
    withBytes(of: entry) { Tensors.doubles(from: $0.extracting(elements), as: type) }
  }

  /// Some bytes of a tensor.
  func bytes(of entry: Header.Entry, _ range: Range<Int>) -> [UInt8] {
    withBytes(of: entry) {
      unsafe $0.extracting(range).withUnsafeBytes { unsafe Array($0) }
    }
  }
}

extension Range<Int> {
  /// The range of smaller units, so many in each.
  func times(_ count: Int) -> Range<Int> { lowerBound * count..<upperBound * count }
}
