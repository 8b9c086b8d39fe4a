import CUDAEmulation
import Compute
import ComputeCPU
import Foundation
import LinearAlgebra
import Tensors
import TestSupport
import Testing

/// The kernels' own text on the CPU against the CPU's backend, over counts that the block of 256
/// threads and the piece of 4096 do not divide.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "the CPU's backend does not run here"))
struct KernelTests {
  static let counts = [1, 31, 256, 4095, 4097, 9000]
  static let block: UInt32 = 256
  let cpu = CPUBackend(threads: 1)

  private func random(_ count: Int, seed: UInt64) -> [Float] {
    Philox(seed: seed, stream: 1).normals(count: count)
  }

  private func blocks(_ count: Int, of size: Int = Int(block)) -> UInt32 {
    UInt32((count + size - 1) / size)
  }

  @Test(arguments: counts)
  func adamW(_ count: Int) {
    var (p, m, v) = (random(count, seed: 1), random(count, seed: 2), random(count, seed: 3))
    v = v.map(abs)
    let shape: Shape = [count]
    let state = AdamState(
      parameters: Tensor(p, shape: shape, on: cpu),
      gradient: Tensor(zeros: shape, on: cpu),
      first: Tensor(m, shape: shape, on: cpu), second: Tensor(v, shape: shape, on: cpu))
    for step in 1...3 {
      let gradient = random(count, seed: UInt64(10 + step))
      let rates = AdamRates(
        learningRate: 1e-2, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, step: step)
      state.gradient.write(gradient)
      cpu.adamW(state, rates: Tensor(rates.values, shape: [AdamRates.count], on: cpu))
      #expect(
        unsafe lora_emulate_adamw_f32(
          blocks(count), Self.block, &p, &m, &v, gradient, rates.values, UInt64(count)) == 0)
    }
    expect(p, approximates: state.parameters.values(), within: 1e-6)
    expect(m, approximates: state.first.values(), within: 1e-6)
    expect(v, approximates: state.second.values(), within: 1e-6)
  }

  private func norm(of gradient: [Float]) -> Float {
    let pieces = blocks(gradient.count, of: 4096)
    var (partials, norm) = ([Float](repeating: .nan, count: Int(pieces)), Float.nan)
    #expect(
      unsafe lora_emulate_norm_partials_f32(
        pieces, Self.block, &partials, gradient, UInt64(gradient.count)) == 0)
    #expect(
      unsafe lora_emulate_norm_f32(1, Self.block, &norm, partials, UInt64(pieces)) == 0)
    return norm
  }

  @Test(arguments: counts)
  func normAndClip(_ count: Int) {
    let gradient = random(count, seed: 4)
    let tensor = Tensor(gradient, shape: [count], on: cpu)
    let expected = cpu.norm(of: tensor)
    let norm = norm(of: gradient)
    expect([norm], approximates: expected.values(), within: 1e-6)
    for limit in [1000 * norm, 0.5 * norm] {
      var clipped = gradient
      cpu.clip(tensor, norm: expected, to: limit)
      #expect(
        unsafe lora_emulate_clip_f32(
          blocks(count), Self.block, &clipped, [norm], limit, UInt64(count)) == 0)
      expect(clipped, approximates: tensor.values(), within: 1e-6)
    }
  }

  @Test func zerosStayAndNaNShows() {
    #expect(norm(of: [Float](repeating: 0, count: 5000)) == 0)
    #expect(norm(of: [1, .nan, 2]).isNaN)
    var gradient: [Float] = [1, 2]
    #expect(unsafe lora_emulate_clip_f32(1, Self.block, &gradient, [.nan], 1, 2) == 0)
    #expect(gradient[0].isNaN && gradient[1].isNaN)
  }

  /// Offsets within a block of the generator, and one where its counter carries.
  static let offsets: [UInt64] = [0, 1, 2, 3, 4 * (1 << 32) - 6]

  private func blocksOfNormals(_ count: Int) -> UInt32 { blocks((count + 3) / 4 + 1) }

  @Test(arguments: counts, offsets)
  func normals(_ count: Int, _ offset: UInt64) {
    let draw: [UInt64] = [0x1234_5678_9ABC_DEF0, 77, offset]
    let expected = Philox(seed: draw[0], stream: draw[1]).normals(count: count, offset: offset)
    // What lies beyond the end must stay.
    var numbers = [Float](repeating: 99, count: count + 8)
    #expect(
      unsafe lora_emulate_fill_with_normals_f32(
        blocksOfNormals(count), Self.block, &numbers, draw, UInt64(count)) == 0)
    expect(Array(numbers[..<count]), approximates: expected, within: 1e-6)
    #expect(numbers[count...].allSatisfy { $0 == 99 })
  }

  @Test func shortNormalsAreTheRoundedOnes() {
    let count = 1001
    let draw: [UInt64] = [5, 6, 7]
    var single = [Float](repeating: 0, count: count)
    var (brain, half) = ([UInt16](repeating: 0, count: count), [UInt16](repeating: 0, count: count))
    let grid = blocksOfNormals(count)
    #expect(
      unsafe lora_emulate_fill_with_normals_f32(grid, Self.block, &single, draw, UInt64(count))
        == 0)
    #expect(
      unsafe lora_emulate_fill_with_normals_bf16(grid, Self.block, &brain, draw, UInt64(count))
        == 0)
    #expect(
      unsafe lora_emulate_fill_with_normals_f16(grid, Self.block, &half, draw, UInt64(count)) == 0)
    for index in 0..<count {
      let number = single[index]
      let bfloat16 = Float(bitPattern: UInt32(brain[index]) << 16)
      #expect(abs(bfloat16 - number) <= abs(number) * 0x1p-8)
      #expect(half[index] == Float16(number).bitPattern)
    }
  }

  @Test func threadsThatDoNotMeetAreNoticed() {
    #expect(lora_emulate_parting_threads() == 1)
  }
}
