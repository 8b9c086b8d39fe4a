import Foundation
import TestSupport
import Testing

/// Training as the system sees it: signals and full disks.
@Suite struct TrainCommandTests {
  private static let train = """
    "$LORA" train --model train/tiny-model --tokenizer paperdoll/model/tokenizer \\
      --image paperdoll/small-head.png --resolution 16 --network-dim 2 --seed 1 --threads 1
    """

  @Test func saveThatDoesNotFitLeavesTheOldFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("what was there".utf8, to: "a.st")
    let outcome = try Program.run(
      script: """
        ulimit -f 8
        \(Self.train) --max-train-steps 1 -q -o "$1/a.st"
        """, folder.path)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("a.st: cannot write"))
    #expect(try folder.names() == ["a.st"])
    #expect(try folder.bytes("a.st") == Array("what was there".utf8))
  }
}
