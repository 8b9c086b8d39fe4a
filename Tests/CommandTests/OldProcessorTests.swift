import Foundation
import TestSupport
import Testing

/// The program on a processor of 2008, which QEMU plays.
@Suite(
  .enabled(
    if: FileManager.default.isExecutableFile(atPath: "/usr/bin/qemu-x86_64"),
    "QEMU's user mode is not installed"))
struct OldProcessorTests {
  private static let run = "qemu-x86_64 -cpu Nehalem $LORA"

  @Test(arguments: ["sample --steps 1 --width 64 --height 64", "train --image x.png"])
  func computingSaysWhatIsMissing(_ command: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      script: """
        \(Self.run) \(command) --device cpu --model train/tiny-model \
        --tokenizer paperdoll/model/tokenizer -o $1
        """, folder["o"])
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.hasPrefix("lora: this processor lacks AVX2 and FMA, which a model needs"),
      "\(outcome.errors)")
  }

  @Test func surgeryWorks() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      script: """
        \(Self.run) inspect pair/a.safetensors && \
        \(Self.run) resize pair/a.safetensors --rank 2 -o $1
        """, folder["o"])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }
}
