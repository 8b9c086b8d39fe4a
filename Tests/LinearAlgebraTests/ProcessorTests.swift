import Testing

@testable import LinearAlgebra

@Suite struct ProcessorTests {
  @Test func missingInstructionsAreNamed() throws {
    #expect(Processor.sentence(hasAVX2: true, hasFMA: true) == nil)
    let both = try #require(Processor.sentence(hasAVX2: false, hasFMA: false))
    #expect(
      both.hasPrefix("this processor lacks AVX2 and FMA, which a model needs to run on the CPU"))
    let one = try #require(Processor.sentence(hasAVX2: true, hasFMA: false))
    #expect(one.hasPrefix("this processor lacks FMA,"))
  }
}
