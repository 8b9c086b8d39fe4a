import TestSupport
import Testing

@Suite struct ManualCommandTests {
  @Test func everyCommandHasAPage() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run("manual", folder["man1"])
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
    let page = String(decoding: try folder.bytes("man1/lora-hash.1"), as: UTF8.self)
    try expect(page, matchesFixture: "manual/lora-hash.1")
    let program = String(decoding: try folder.bytes("man1/lora.1"), as: UTF8.self)
    for command in ["inspect", "diff", "metadata"] {
      #expect(program.contains(".B \(command)\n"))
      #expect(try !folder.bytes("man1/lora-\(command).1").isEmpty)
    }
    #expect(!program.contains("manual"))
  }

  /// A dot or an apostrophe at the start of a line would be a command to roff.
  @Test func noTextIsTakenForARequest() throws {
    let folder = try TemporaryFolder()
    _ = try Program.run("manual", folder.path)
    let requests = [".TH", ".SH", ".TP", ".B", ".PP"]
    for name in try folder.names() {
      let page = String(decoding: try folder.bytes(name), as: UTF8.self)
      for line in page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
        let request = line.prefix { $0 != " " }
        #expect(requests.contains(String(request)), "\(name): \(line)")
      }
    }
  }
}
