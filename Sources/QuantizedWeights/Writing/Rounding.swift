package import Tensors

/// The choice between the two codes that enclose a number.
package enum Rounding: Sendable {
  /// The nearer one; a tie goes to the even one.
  case nearest

  /// Either one, the nearer with higher probability, so that the mean over many numbers is right.
  /// An element's random number is found by its index in the tensor.
  case stochastic(Philox)

  /// - Parameters:
  ///   - seed: The user's seed.
  ///   - tensor: The name of the codes, which gives each tensor other random numbers.
  package static func stochastic(seed: UInt64, tensor: String) -> Rounding {
    // FNV-1a.
    let stream = tensor.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    return .stochastic(Philox(seed: seed, stream: stream))
  }
}

/// The spacing of the numbers of a low-bit float type.
struct FloatSteps {
  let mantissaBits: Int

  /// The exponent of the smallest normal number.
  let leastExponent: Int
  let largest: Float

  init?(_ type: ElementType) {
    switch type {
    case .float8e4m3: (mantissaBits, leastExponent, largest) = (3, -6, 448)
    case .float8e5m2: (mantissaBits, leastExponent, largest) = (2, -14, 57344)
    case .float8e4m3fnuz: (mantissaBits, leastExponent, largest) = (3, -7, 240)
    case .float8e5m2fnuz: (mantissaBits, leastExponent, largest) = (2, -15, 57344)
    case .float4: (mantissaBits, leastExponent, largest) = (1, 0, 6)
    case .float16: (mantissaBits, leastExponent, largest) = (10, -14, 65504)
    case .bfloat16:
      (mantissaBits, leastExponent, largest) = (7, -126, Float(bitPattern: 0x7F7F_0000))
    default: return nil
    }
  }

  /// One of the two nearest numbers of the type.
  ///
  /// - Parameter chance: From 0 to below 1; a small value chooses the smaller magnitude.
  func rounded(_ number: Float, chance: Double) -> Float {
    let magnitude = Double(number.magnitude)
    guard magnitude > 0, number.isFinite else { return number }
    let exponent = max(Int(magnitude.exponent), leastExponent)
    let step = Double(sign: .plus, exponent: exponent - mantissaBits, significand: 1)
    let rounded = Float((magnitude / step + chance).rounded(.down) * step)
    return number < 0 ? -min(rounded, largest) : min(rounded, largest)
  }
}

extension Rounding {
  /// Rounds numbers to a type stochastically; does nothing if the type's own rounding is used.
  ///
  /// - Parameter first: The index of the first number in the tensor.
  func apply(_ steps: FloatSteps, to numbers: inout [Float], first: Int) {
    guard case .stochastic(let philox) = self else { return }
    forEachChance(philox, count: numbers.count, first: first) { index, chance in
      numbers[index] = steps.rounded(numbers[index], chance: chance)
    }
  }

  /// Rounds numbers to integers.
  func applyWhole(to numbers: inout [Float], first: Int) {
    switch self {
    case .nearest:
      for index in numbers.indices {
        // Beside 1½ · 2²³ a float has no room for halves.
        let whole = (numbers[index] + 0x1.8p23) - 0x1.8p23
        let isSmall = numbers[index].magnitude < 0x1p22
        numbers[index] = isSmall ? whole : numbers[index].rounded(.toNearestOrEven)
      }
    case .stochastic(let philox):
      forEachChance(philox, count: numbers.count, first: first) { index, chance in
        numbers[index] = Float((Double(numbers[index]) + chance).rounded(.down))
      }
    }
  }

  @inline(__always)
  private func forEachChance(
    _ philox: Philox, count: Int, first: Int, _ body: (_ index: Int, _ chance: Double) -> Void
  ) {
    var block = first / 4
    var words = philox.words(block: UInt64(block))
    for index in 0..<count {
      let place = first + index
      if place / 4 != block {
        block = place / 4
        words = philox.words(block: UInt64(block))
      }
      // 24 bits, the precision of a float.
      body(index, Double(words[place % 4] >> 8) * 0x1p-24)
    }
  }
}
