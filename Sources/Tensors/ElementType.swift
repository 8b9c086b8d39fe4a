/// The type of a tensor's stored elements, by its safetensors name.
///
/// The cases stand in the order of the reference implementation's `Dtype`,
/// which is also the order (from the last to the first) in which its writer
/// lays out tensors.
///
/// Source: huggingface/safetensors, `tensor.rs`.
package enum ElementType: String, Hashable, Sendable, CaseIterable {
  case bool = "BOOL"
  case float4 = "F4"
  case float6e2m3 = "F6_E2M3"
  case float6e3m2 = "F6_E3M2"
  case uint8 = "U8"
  case int8 = "I8"
  case float8e5m2 = "F8_E5M2"
  case float8e4m3 = "F8_E4M3"
  case float8e8m0 = "F8_E8M0"
  case float8e4m3fnuz = "F8_E4M3FNUZ"
  case float8e5m2fnuz = "F8_E5M2FNUZ"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case complex64 = "C64"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  /// The bits of one element; three of the types fill no whole byte.
  package var bitCount: Int {
    switch self {
    case .float4: 4
    case .float6e2m3, .float6e3m2: 6
    case .bool, .uint8, .int8, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz,
      .float8e5m2fnuz:
      8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .complex64, .float64, .int64, .uint64: 64
    }
  }
}

// Bounds on rounding errors.

extension ElementType {
  /// The upper bound of the squared norm of the errors of rounding numbers to the type.
  ///
  /// A number moves by at most half the distance of its neighbours: u times the number, and below
  /// the smallest normal number u times that one. Numbers beyond the range are not considered.
  ///
  /// - Parameters:
  ///   - squaredNorm: The sum of the squares of the numbers as stored.
  ///   - count: The number of numbers.
  package func maxSquaredRoundingError(squaredNorm: Double, count: Int) -> Double {
    let (unit, leastNormal) = precision
    return unit * unit * (squaredNorm + Double(count) * leastNormal * leastNormal)
  }

  /// Half the distance from 1 to the next number, and the smallest normal number.
  private var precision: (unit: Double, leastNormal: Double) {
    switch self {
    case .float64: (0x1p-53, .leastNormalMagnitude)
    case .float32: (0x1p-24, Double(Float.leastNormalMagnitude))
    case .bfloat16: (0x1p-8, Double(Float.leastNormalMagnitude))
    case .float16: FloatFormat.float16.precision
    default: FloatFormat(self)?.precision ?? (0.5, 1)
    }
  }
}

extension FloatFormat {
  fileprivate var precision: (unit: Double, leastNormal: Double) {
    (
      Double(sign: .plus, exponent: -mantissaBits - 1, significand: 1),
      Double(sign: .plus, exponent: 1 - bias, significand: 1)
    )
  }
}
