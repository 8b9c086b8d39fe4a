import TestSupport
import Testing

@testable import Files

@Suite struct PathTests {
  /// Prefix, stem, extension and folder.
  @Test(arguments: [
    ("a.st", "", "a", ".st", "."), ("d/a.st", "d/", "a", ".st", "d"),
    ("/a.st.zst", "/", "a", ".st.zst", "/"), ("d.x/a", "d.x/", "a", "", "d.x"),
    ("d/.hidden", "d/", ".hidden", "", "d"), ("a.b.c", "", "a.b", ".c", "."),
    ("/é/頭.zst", "/é/", "頭", ".zst", "/é"),
  ])
  func isTakenApart(
    text: String, prefix: String, stem: String, fileExtension: String, folder: String
  ) {
    let path = Path(text)
    #expect(path.prefix == prefix && path.stem == stem && path.fileExtension == fileExtension)
    #expect(path.folder == folder)
    #expect(path.name == stem + fileExtension)
    #expect(path.withoutExtension == prefix + stem)
  }

  @Test(arguments: [("d/b/", "b"), ("/", "/"), ("", "")])
  func slashesAtTheEndAreNoName(text: String, name: String) { #expect(Path(text).name == name) }

  @Test func aSmallFileIsReadAsItWasWritten() throws {
    let folder = try TemporaryFolder()
    try OutputFile(path: folder["a.txt"]).commit("text\n")
    #expect(try readFile(folder["a.txt"]) == Array("text\n".utf8))
    #expect(throws: FileError(folder["a.txt"], .isTooLong(limit: 4))) {
      try readFile(folder["a.txt"], atMost: 4)
    }
  }
}

@Suite struct ClockTests {
  @Test(arguments: [
    (0.0, "1970-01-01T00:00:00"), (951_782_399, "2000-02-28T23:59:59"),
    (951_868_800, "2000-03-01T00:00:00"), (1_795_362_944.9, "2026-11-22T15:55:44"),
    (-1, "1969-12-31T23:59:59"),
  ])
  func datesAreThoseOfTheCalendar(seconds: Double, text: String) {
    #expect(dateText(seconds) == text)
  }

  @Test func sourceDateEpochStopsTheClock() {
    #expect(Clock(sourceDateEpoch: "1700000000").now == 1_700_000_000)
    for text in ["soon", "nan", "inf", "1e300"] {
      #expect(!Clock(sourceDateEpoch: text).isStopped)
    }
  }
}
