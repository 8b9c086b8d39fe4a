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
    case .float8e5m2: self = .float8e5m2
    case .float8e4m3: self = .float8e4m3
    case .float8e5m2fnuz: self = .float8e5m2fnuz
    case .float8e4m3fnuz: self = .float8e4m3fnuz
    case .float6e2m3: self.init(2, 3, bias: 1, .none)
    case .float6e3m2: self.init(3, 2, bias: 3, .none)
    case .float4: self.init(2, 1, bias: 1, .none)
    default: return nil
    }
  }

  // Computed where they are used, so that loops are compiled for one format.
  @inline(__always) static var float16: Self { Self(5, 10, bias: 15, .ieee) }
  @inline(__always) static var float8e5m2: Self { Self(5, 2, bias: 15, .ieee) }
  @inline(__always) static var float8e4m3: Self { Self(4, 3, bias: 7, .onlyNaN) }
  @inline(__always) static var float8e5m2fnuz: Self { Self(5, 2, bias: 16, .negativeZeroIsNaN) }
  @inline(__always) static var float8e4m3fnuz: Self { Self(4, 3, bias: 8, .negativeZeroIsNaN) }

  private var signBit: UInt16 { 1 << (exponentBits + mantissaBits) }

  /// The number that a code stands for, without a branch so that loops vectorise.
  ///
  /// A normal number's bits need a new exponent and more places; a subnormal one is a count of the
  /// least.
  @inline(__always)
  func value(_ code: UInt16) -> Float {
    let magnitude = Int32(code & (signBit &- 1))
    let sign = UInt32(code & signBit) &<< UInt32(31 - exponentBits - mantissaBits)
    let rebased = magnitude &<< Int32(23 - mantissaBits) &+ Int32(127 - bias) &<< 23
    let small = (Float(magnitude) * Float(power(1 - bias - mantissaBits))).bitPattern
    let bits = magnitude < 1 &<< Int32(mantissaBits) ? small : UInt32(bitPattern: rebased)
    let last = Int32((1 << exponentBits) - 1) &<< Int32(mantissaBits)
    let (infinity, notNumber): (UInt32, UInt32) = (0x7F80_0000, 0x7FC0_0000)
    let known =
      switch specials {
      case .ieee: magnitude < last ? bits : magnitude == last ? infinity : notNumber
      case .onlyNaN: magnitude == Int32(signBit) - 1 ? notNumber : bits
      case .negativeZeroIsNaN: code == signBit ? notNumber : bits
      case .none: bits
      }
    return Float(bitPattern: known | sign)
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
    return number.magnitude < .infinity ? signed(code, sign) : special(isNaN: number.isNaN, sign)
  }

  /// The end of the codes of numbers: infinity, one binade beyond, or the largest number.
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
  private func special(isNaN: Bool, _ sign: UInt16) -> UInt16 {
    let infinity: UInt16 = ((1 << exponentBits) - 1) << mantissaBits
    let quiet: UInt16 = 1 << (mantissaBits - 1)
    return switch specials {
    case .ieee: sign | infinity | (isNaN ? quiet : 0)
    case .onlyNaN: sign | (signBit - 1)
    case .negativeZeroIsNaN: signBit
    case .none: preconditionFailure("no code for what is not finite")
    }
  }

  /// 2ⁿ, for −1023 < n < 1024.
  @inline(__always)
  private func power(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(bitPattern: Int64(exponent + 1023)) << 52)
  }
}

// MARK: - In 32 bits, without a branch, so that loops vectorise

extension FloatFormat {
  /// The code of the nearest number, as that of a 64-bit float.
  ///
  /// A normal number's upper bits are the code once half of the last kept place is added to them,
  /// less one bit for a tie with an even number; beside 2^(24 − bias − m) a float has no room for
  /// more than the places of a subnormal code.
  @inline(__always)
  func code(rounding number: Float) -> UInt16 {
    let shift = Int32(23 - mantissaBits)
    let bits = Int32(bitPattern: number.bitPattern & 0x7FFF_FFFF)
    let largest = Int32(bitPattern: Float(ceiling).bitPattern)
    let magnitude = bits < largest ? bits : largest
    let rounded = magnitude &+ (1 &<< (shift &- 1) &- 1) &+ (magnitude &>> shift & 1)
    let normal = rounded &>> shift &- Int32(127 - bias) &<< Int32(mantissaBits)
    let anchor = Float(power(24 - bias - mantissaBits))
    let beside = Float(bitPattern: UInt32(bitPattern: magnitude)) + anchor
    let small = Int32(bitPattern: beside.bitPattern &- anchor.bitPattern)
    let code = magnitude < Int32(128 - bias) &<< 23 ? small : normal
    let sign = Int32(bitPattern: number.bitPattern &>> 31) &* Int32(signBit)
    let signed = specials == .negativeZeroIsNaN && code == 0 ? 0 : code | sign
    let infinite = Int32(special(isNaN: false, 0)) | (specials == .negativeZeroIsNaN ? 0 : sign)
    let notNumber = Int32(special(isNaN: true, 0)) | (specials == .negativeZeroIsNaN ? 0 : sign)
    let beyond = bits > 0x7F80_0000 ? notNumber : infinite
    return UInt16(truncatingIfNeeded: bits < 0x7F80_0000 ? signed : beyond)
  }
}
