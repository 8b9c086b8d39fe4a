// Functions of eight numbers at once, to within a few units of float32's last place.

/// eˣ, kept between e^−87.3 (the least normal number, 1.2e-38) and e⁸⁸.
///
/// x = k·ln 2 + r with |r| ≤ ½·ln 2; e^r by a polynomial of degree 6 (own minimax fit, relative
/// error 3e-9 before rounding), 2ᵏ by its bits.
@_transparent
func exp(_ x: Vector) -> Vector {
  let shifter = Vector(repeating: 12_582_912)  // 1.5 · 2²³: adding it rounds to a whole number
  // Not `clamped`: NaN must stay NaN.
  let bounded = x.replacing(with: -87.3, where: x .< -87.3).replacing(with: 88, where: x .> 88)
  let shifted = shifter.addingProduct(bounded, Vector(repeating: 1.442_695_04))
  let k = shifted - shifter
  var r = bounded.addingProduct(k, Vector(repeating: -0.693_145_75))  // ln 2 in two parts
  r = r.addingProduct(k, Vector(repeating: -1.428_606_8e-6))
  var p = Vector(repeating: 0.001_381_462_7)
  p = Vector(repeating: 0.008_368_71).addingProduct(p, r)
  p = Vector(repeating: 0.041_668_385).addingProduct(p, r)
  p = Vector(repeating: 0.166_665_21).addingProduct(p, r)
  p = Vector(repeating: 0.499_999_94).addingProduct(p, r)
  let series = (r + 1).addingProduct(p, r * r)
  let bits = unsafe unsafeBitCast(shifted, to: SIMD8<Int32>.self) &<< 23
  let scaled = unsafe unsafeBitCast(series, to: SIMD8<Int32>.self) &+ bits
  return unsafe unsafeBitCast(scaled, to: Vector.self)
}

/// 1 / (1 + e⁻ˣ).
@_transparent
func sigmoid(_ x: Vector) -> Vector { 1 / (1 + exp(-x)) }

/// The normal distribution function Φ(x) and its density φ(x).
///
/// erfc(y) = e^(−y²)·t·p(t) with t = 1/(1 + y/2), p of degree 9 (own minimax fit over 0…10,
/// relative error 2e-8 before rounding).
@_transparent
func normalDistribution(_ x: Vector) -> (probability: Vector, density: Vector) {
  let magnitude = unsafe unsafeBitCast(x, to: SIMD8<UInt32>.self) & 0x7FFF_FFFF
  let y = unsafe unsafeBitCast(magnitude, to: Vector.self) * 0.707_106_77
  let t = 1 / (1 + 0.5 * y)
  var p = Vector(repeating: 0.012_284_069)
  p = Vector(repeating: -0.123_255_573).addingProduct(p, t)
  p = Vector(repeating: 0.428_930_1).addingProduct(p, t)
  p = Vector(repeating: -0.670_024_2).addingProduct(p, t)
  p = Vector(repeating: 0.421_275_347).addingProduct(p, t)
  p = Vector(repeating: -0.098_318_018).addingProduct(p, t)
  p = Vector(repeating: 0.225_541_92).addingProduct(p, t)
  p = Vector(repeating: 0.238_644_838).addingProduct(p, t)
  p = Vector(repeating: 0.282_857_03).addingProduct(p, t)
  p = Vector(repeating: 0.282_064_497).addingProduct(p, t)
  let gauss = exp(-(y * y))
  let tail = 0.5 * gauss * t * p
  return ((1 - tail).replacing(with: tail, where: x .< 0), gauss * 0.398_942_28)
}
