/// A float of few bits: sign, exponent and mantissa, and what its last codes mean.
struct FloatFormat {
  enum Specials {
    /// All-ones exponent: infinity and NaN, as in IEEE 754.
    case ieee

    /// All ones but the sign: NaN; there is no infinity.
    case onlyNaN

    /// The code of −0 is NaN; there is no infinity and no −0.
    case negativeZeroIsNaN

    /// Every code is a number.
    case none
  }

  let exponentBits: Int
  let mantissaBits: Int
  let bias: Int
  let specials: Specials

  @inline(__always)
  init(_ exponentBits: Int, _ mantissaBits: Int, bias: Int, _ specials: Specials) {
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.bias = bias
    self.specials = specials
  }

  /// The floats of 4, 6 and 8 bits that have a sign.
  init?(_ type: ElementType) {
    switch type {
    case .float8e5m2: self.init(5, 2, bias: 15, .ieee)
    case .float8e4m3: self.init(4, 3, bias: 7, .onlyNaN)
    case .float8e5m2fnuz: self.init(5, 2, bias: 16, .negativeZeroIsNaN)
    case .float8e4m3fnuz: self.init(4, 3, bias: 8, .negativeZeroIsNaN)
    case .float6e2m3: self.init(2, 3, bias: 1, .none)
    case .float6e3m2: self.init(3, 2, bias: 3, .none)
    case .float4: self.init(2, 1, bias: 1, .none)
    default: return nil
    }
  }

  private var signBit: UInt16 { 1 << (exponentBits + mantissaBits) }

  /// The number that a code of at most 8 bits stands for.
  func value(_ code: UInt8) -> Float {
    let isNegative = UInt16(code) & signBit != 0
    let magnitude = Int(UInt16(code) & (signBit - 1))
    let exponent = magnitude >> mantissaBits
    let mantissa = magnitude & ((1 << mantissaBits) - 1)
    let isLastExponent = exponent == (1 << exponentBits) - 1
    switch specials {
    case .ieee where isLastExponent && mantissa > 0: return .nan
    case .ieee where isLastExponent: return isNegative ? -.infinity : .infinity
    case .onlyNaN where magnitude == Int(signBit) - 1: return .nan
    case .negativeZeroIsNaN where code == signBit: return .nan
    default: break
    }
    let significand = exponent == 0 ? mantissa : mantissa + 1 << mantissaBits
    let power = max(exponent, 1) - bias - mantissaBits
    let value = Float(sign: .plus, exponent: power, significand: Float(significand))
    return isNegative ? -value : value
  }
}

extension FloatFormat {
  /// The code of the nearest number, ties to even.
  ///
  /// A number beyond the range becomes infinity, or the largest where there is no infinity; an
  /// infinity that has no code becomes NaN.
  ///
  /// One sum rounds: beside 2ᵉ·2⁵²⁻ᵐ, where e is the number's exponent and m the mantissa's bits, a
  /// double has no room for more than m bits behind the first. What is left is exact in 32 bits;
  /// rebased by a power of two, the upper bits of that float are the code, subnormal or not.
  @inline(__always)
  func code(rounding number: Double) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: number.bitPattern >> 63) &* signBit
    let magnitude = number.magnitude < ceiling ? number.magnitude : ceiling
    let normal = max(magnitude, power(1 - bias))
    let binade = Double(bitPattern: normal.bitPattern & 0x7FF0_0000_0000_0000)
    let anchor = binade * power(52 - mantissaBits)
    let rounded = Float((magnitude + anchor) - anchor) * Float(power(bias - 127))
    let code = UInt16(truncatingIfNeeded: rounded.bitPattern >> UInt32(23 - mantissaBits))
    return number.magnitude < .infinity ? signed(code, sign) : special(number, sign)
  }

  /// Where the codes of numbers end: at infinity, one binade beyond, or at the largest.
  @inline(__always)
  private var ceiling: Double {
    let lastExponent = (1 << exponentBits) - 1 - bias
    return switch specials {
    case .ieee: power(lastExponent)
    case .onlyNaN: power(lastExponent) * (2 - 2 * power(-mantissaBits))
    case .negativeZeroIsNaN, .none: power(lastExponent) * (2 - power(-mantissaBits))
    }
  }

  @inline(__always)
  private func signed(_ code: UInt16, _ sign: UInt16) -> UInt16 {
    specials == .negativeZeroIsNaN && code == 0 ? 0 : code | sign
  }

  @inline(__always)
  private func special(_ number: Double, _ sign: UInt16) -> UInt16 {
    let infinity: UInt16 = ((1 << exponentBits) - 1) << mantissaBits
    let quiet: UInt16 = 1 << (mantissaBits - 1)
    return switch specials {
    case .ieee: sign | infinity | (number.isNaN ? quiet : 0)
    case .onlyNaN: sign | (signBit - 1)
    case .negativeZeroIsNaN: signBit
    case .none: preconditionFailure("\(number) has no code in a float without NaN")
    }
  }

  /// 2ⁿ, for −1023 < n < 1024.
  @inline(__always)
  private func power(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(bitPattern: Int64(exponent + 1023)) << 52)
  }
}
