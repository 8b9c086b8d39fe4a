import Tensors
import Testing

@Suite struct PhiloxTests {
  /// The known answers that the authors publish (Random123, `kat_vectors`).
  @Test func knownAnswers() {
    #expect(
      Philox(seed: 0, stream: 0).words(block: 0)
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox(seed: .max, stream: .max).words(block: .max)
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox(seed: 0x299f_31d0_a409_3822, stream: 0x0370_7344_1319_8a2e)
        .words(block: 0x85a3_08d3_243f_6a88)
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func normalsAreNormal() {
    let numbers = Philox(seed: 1, stream: 2).normals(count: 100_000).map(Double.init)
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    let variance = numbers.reduce(0) { $0 + $1 * $1 } / Double(numbers.count)
    let beyondTwo = numbers.count { abs($0) > 2 }
    #expect(abs(mean) < 0.01)
    #expect(abs(variance - 1) < 0.02)
    #expect(abs(Double(beyondTwo) / Double(numbers.count) - 0.0455) < 0.003)
  }

  @Test(arguments: [0, 1, 2, 3, 5, 1023]) func anyNumberCanBeHadAlone(offset: Int) {
    let generator = Philox(seed: 3, stream: 4)
    let all = generator.normals(count: 1100)
    let some = generator.normals(count: 17, offset: UInt64(offset))
    #expect(some == Array(all[offset..<offset + 17]))
  }

  @Test func streamsDiffer() {
    #expect(
      Philox(seed: 1, stream: 0).normals(count: 4) != Philox(seed: 1, stream: 1).normals(count: 4))
  }
}
