import ArgumentParser
import Images
import TestSupport
import Testing

@testable import Train

/// A pair is measured as it is trained on: after resizing and cropping.
@Suite struct PicturePairTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func picture(
    _ name: String, _ width: Int, _ height: Int, changing rows: Range<Int> = 0..<0
  ) throws -> String {
    var picture = Picture(width: width, height: height, filledWith: Color(100, 100, 100))
    for y in rows {
      for x in 10..<min(60, width) { picture.bytes[picture.offset(x: x, y: y)] = 200 }
    }
    return try folder.write(picture.png(), to: name)
  }

  private func pair(_ before: String, _ after: String, _ more: [String] = []) throws -> PicturePair
  {
    try PicturePair(
      before: before, after: after, TrainingOptions.parse(["--resolution", "128"] + more),
      resolution: PixelSize(width: 512, height: 512))
  }

  /// The portrait of the reports: what differs is at its top, and cropped away.
  @Test func changeThatIsCroppedAwayIsAnError() throws {
    let before = try picture("before.png", 128, 256)
    let after = try picture("after.png", 128, 256, changing: 5..<35)
    let error = #expect(throws: TrainingError.self) { try pair(before, after) }
    #expect(
      error?.description
        == "\(after): the picture is cropped to its middle 128 × 128, and none of the 1500 changed "
        + "pixels is left in it; crop both pictures around the change, or give --resolution "
        + "128x256 or --enable-bucket")
    // Each way out that is named is one.
    let whole = try pair(before, after, ["--resolution", "128x256"])
    #expect(whole.difference.changed == 1500)
    #expect(whole.notes == [])
    #expect(whole.size == PixelSize(width: 128, height: 256))
    let bucket = try pair(
      before, after, ["--enable-bucket", "--bucket-no-upscale", "--resolution", "192"])
    #expect(bucket.difference.changed == 1500)
  }

  @Test func whatIsLeftOfTheChangeIsCounted() throws {
    let before = try picture("before.png", 128, 256)
    let after = try picture("after.png", 128, 256, changing: 50..<80)
    let pair = try pair(before, after)
    // Rows 64 to 191 are left.
    #expect(pair.difference.changed == 16 * 50)
    #expect(pair.difference.changedExtent?.description == "50 × 16 at (10, 0)")
    #expect(
      pair.notes == [
        "the picture is cropped to its middle 128 × 128; 800 of 1500 changed pixels are left; "
          + "--enable-bucket keeps its shape"
      ])
  }

  @Test func samePicturesAreRefused() throws {
    let before = try picture("before.png", 64, 64)
    let after = try picture("after.png", 64, 64)
    let error = #expect(throws: TrainingError.self) { try pair(before, after) }
    #expect(error?.description.contains("the same picture as \(before)") == true)
  }

  @Test func sizesAreThoseOfTheFiles() throws {
    let before = try picture("before.png", 128, 128)
    let after = try picture("after.png", 256, 256, changing: 20..<60)
    let pair = try pair(before, after)
    #expect(pair.difference.warnings.first?.contains("(128 × 128, 256 × 256)") == true)
    #expect(!pair.difference.warnings.contains { $0.contains("compression") })
  }

  @Test func palettesAreNamed() throws {
    let palette = Fixtures.path("images/palette.png")
    let other = try picture("after.png", 64, 64, changing: 20..<60)
    let pair = try pair(palette, other)
    #expect(pair.notes.count { $0.hasPrefix("\(palette): a picture of at most 256 colours") } == 1)
  }

  /// What lies hidden under transparent pixels is no difference.
  @Test func hiddenColoursAreNoDifference() throws {
    func file(_ name: String, hidden: UInt8, shown: UInt8) throws -> String {
      let bytes = (0..<64 * 64).flatMap { index -> [UInt8] in
        index < 2048 ? [hidden, hidden, hidden, 0] : [shown, 9, 9, 255]
      }
      return try folder.write(
        Picture(width: 64, height: 64, channels: 4, bytes: bytes).png(), to: name)
    }
    let before = try file("before.png", hidden: 0, shown: 9)
    #expect(throws: TrainingError.self) {
      try pair(before, file("after.png", hidden: 200, shown: 9), ["--resolution", "64"])
    }
    let changed = try pair(
      before, file("after.png", hidden: 200, shown: 90), ["--resolution", "64"])
    #expect(changed.difference.changed == 2048)
  }
}
