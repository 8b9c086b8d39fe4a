import Files
import Tensors

func hashes() {
  let bytes = [UInt8](repeating: 7, count: 64 << 20)
  measure("SHA-256", byteCount: bytes.count) { _ = unsafe SHA256.hex(of: bytes.span.bytes) }
}

private let count = 1 << 20
private let types: [ElementType] = [
  .float64, .float32, .float16, .bfloat16, .float8e4m3, .float8e5m2,
]

/// Bytes of 32-bit floats made, or of doubles.
func conversions() {
  let numbers = Philox(seed: 3, stream: 0).normals(count: count).map(Double.init)
  for type in types {
    let stored = encoded(numbers, as: type)
    measure("\(type.rawValue) to 32-bit floats", byteCount: count * 4) {
      _ = unsafe floats(from: stored.span.bytes, as: type)
    }
    measure("\(type.rawValue) to doubles", byteCount: count * 8) {
      _ = unsafe doubles(from: stored.span.bytes, as: type)
    }
  }
}

/// Bytes of doubles taken.
func roundings() {
  let numbers = Philox(seed: 3, stream: 0).normals(count: count).map(Double.init)
  for type in types {
    measure("doubles to \(type.rawValue)", byteCount: count * 8) { _ = encoded(numbers, as: type) }
  }
}
