import Foundation
import Tensors
import TestSupport
import Testing

@testable import Images

@Suite struct PictureDifferenceTests {
  private let plain = Picture(width: 64, height: 48, filledWith: Color(100, 100, 100))

  private func changing(_ points: [(x: Int, y: Int)], by amount: UInt8) -> Picture {
    var picture = plain
    for point in points { picture.bytes[picture.offset(x: point.x, y: point.y) + 1] += amount }
    return picture
  }

  private func block(_ columns: Range<Int>, _ rows: Range<Int>) -> [(x: Int, y: Int)] {
    rows.flatMap { y in columns.map { (x: $0, y: y) } }
  }

  @Test func samePicturesAreTheSame() {
    let difference = PictureDifference(from: plain, to: plain)
    #expect(difference.differing == 0 && difference.regions.isEmpty && difference.extent == nil)
    #expect(difference.summary == "the pictures are the same")
    #expect(difference.warnings.count == 1)
  }

  @Test func changesAreFoundInParts() {
    let points = block(10..<20, 5..<15) + block(40..<42, 30..<33) + [(x: 42, y: 33)]
    let difference = PictureDifference(from: plain, to: changing(points, by: 50))
    #expect(difference.changed == 107 && difference.differing == 107)
    #expect(difference.regions.map(\.count) == [100, 7])
    #expect(difference.regions[0].extent.description == "10 × 10 at (10, 5)")
    #expect(difference.changedExtent?.description == "33 × 29 at (10, 5)")
    #expect(difference.warnings.isEmpty)
    #expect(
      difference.summary
        == "107 of 3072 pixels differ (3.5 %), within 33 × 29 at (10, 5); 107 clearly, in 2 parts "
        + "within 33 × 29 at (10, 5), the largest of 100 pixels")
  }

  @Test func softEdgesAreNoNoise() {
    var picture = changing(block(10..<20, 5..<15), by: 50)
    for point in block(8..<22, 4..<5) { picture.bytes[picture.offset(x: point.x, y: point.y)] += 5 }
    #expect(PictureDifference(from: plain, to: picture).scattered == 0)
  }

  @Test func noiseIsToldFromTheChange() {
    var picture = changing(block(10..<20, 5..<15), by: 50)
    var generator = Philox(seed: 1, stream: 0)
    for index in picture.bytes.indices {
      picture.bytes[index] += .random(in: 0...3, using: &generator)
    }
    let difference = PictureDifference(from: plain, to: picture)
    #expect(difference.changed == 100 && difference.largestScattered == 3)
    #expect(difference.scattered > 2500)
    #expect(difference.warnings.count == 1)
    #expect(difference.warnings[0].contains("differ by up to 3 of 255"))
  }

  @Test func faintChangesAndSizesAreWarnedOf() {
    let faint = PictureDifference(from: plain, to: changing([(x: 3, y: 3)], by: 4))
    #expect(faint.warnings[0].hasPrefix("no pixel differs by more than 12 of 255"))
    #expect(
      faint.summary.hasPrefix("1 of 3072 pixels differ (under 0.1 %), within 1 × 1 at (3, 3)"))
    let other = Picture(width: 32, height: 24, filledWith: Color(100, 100, 100))
    let sizes = PictureDifference(from: plain, to: other)
    #expect(sizes.warnings[0].contains("(64 × 48, 32 × 24)"))
    #expect(sizes.differing == 0)
  }

  @Test func changesNearlyEverywhereAreWarnedOf() {
    let other = changing(block(0..<64, 0..<40), by: 50)
    let difference = PictureDifference(from: plain, to: other)
    #expect(
      difference.warnings == [
        "83.3 % of the picture differs clearly: a slider changes what differs, so that this one "
          + "will change nearly everything; edit one picture to make the other"
      ])
  }

  /// As the palettes of two pictures leave it: specks all over.
  @Test func specksAllOverAreWarnedOf() {
    let specks = (0..<48 / 4).flatMap { y in (0..<64 / 4).map { x in (x: 4 * x, y: 4 * y) } }
    let difference = PictureDifference(from: plain, to: changing(specks, by: 20))
    #expect(difference.regions.count == 192)
    #expect(difference.warnings.count == 1)
    #expect(
      difference.warnings[0].hasPrefix(
        "the change is in 192 parts all over the picture, as dithering"))
    // Many parts in one place are an edit.
    let near = (0..<12).flatMap { y in (0..<10).map { x in (x: 2 * x, y: 2 * y) } }
    #expect(PictureDifference(from: plain, to: changing(near, by: 20)).warnings.isEmpty)
  }

  @Test func scalingIsNotBlamedOnCompression() {
    var generator = Philox(seed: 2, stream: 0)
    let bytes = (0..<128 * 96 * 3).map { _ in UInt8.random(in: 96...104, using: &generator) }
    let large = Picture(width: 128, height: 96, bytes: bytes)
    let difference = PictureDifference(from: plain, to: large)
    #expect(difference.sizesDiffer && difference.scattered + difference.changed > 1000)
    #expect(!difference.warnings.contains { $0.contains("compression makes") })
    // As a slider compares them: brought to one size before.
    let resized = large.resized(toWidth: 64, height: 48)
    let given = PictureDifference(from: plain, to: resized, givenAs: (plain.size, large.size))
    #expect(given.warnings[0].contains("(64 × 48, 128 × 96)"))
    #expect(given.pixelCount == 64 * 48)
  }

  @Test func transparencyCounts() {
    let opaque = Picture(width: 2, height: 1, channels: 4, bytes: [1, 2, 3, 255, 1, 2, 3, 255])
    let clear = Picture(width: 2, height: 1, channels: 4, bytes: [1, 2, 3, 255, 1, 2, 3, 0])
    #expect(PictureDifference(from: opaque, to: clear).changed == 1)
    #expect(PictureDifference(from: opaque, to: opaque.withoutAlpha).differing == 0)
  }

  private static let paperdoll = Fixtures.directory.deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared/paperdoll")

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: paperdoll.path), "no ../shared/paperdoll"))
  func aDrawnPairIsClean() throws {
    func load(_ name: String) throws -> Picture {
      try decode(Array(Data(contentsOf: Self.paperdoll.appending(path: name))), name)
    }
    let difference = try PictureDifference(from: load("small-head.png"), to: load("big-head.png"))
    #expect(difference.warnings.isEmpty, "\(difference.summary)")
    #expect(difference.changedExtent == difference.extent, "\(difference.summary)")
  }
}
