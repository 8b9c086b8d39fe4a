import Foundation
import TestSupport
import Testing

@testable import Images

@Suite struct PictureFormatTests {
  /// Each file of the folder but the list's own is a format of the list.
  @Test func everyFileOfTheFolderIsInTheList() throws {
    let folder = Fixtures.directory.deletingLastPathComponent()
      .appending(path: "Sources/Images/Formats").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    let names = PictureFormat.all.map { "\($0.name).swift" }
    #expect(Set(files) == Set(names + ["PictureFormat.swift"]))
  }

  @Test func sentencesNameAllFormats() {
    #expect(PictureFormat.names("or") == "PNG, JPEG, WebP or BMP")
  }
}
