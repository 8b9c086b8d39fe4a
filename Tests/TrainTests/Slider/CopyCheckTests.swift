import Images
import Testing

@testable import Train

@Suite struct CopyCheckTests {
  private func picture(_ level: UInt8, changed: Int = 0) -> Picture {
    var picture = Picture(width: 10, height: 10, filledWith: Color(level, level, level))
    for pixel in 0..<changed { picture.bytes[3 * pixel] = 255 }
    return picture
  }

  @Test func distanceIsAMeanAndAShare() {
    let distance = PictureDistance(from: picture(0), to: picture(0, changed: 20))
    #expect(distance.share == 0.2)
    #expect(abs(distance.mean - 0.2 / 3) < 1e-12)
    let faint = PictureDistance(from: picture(100), to: picture(125))
    #expect(faint.share == 0)
    #expect(abs(faint.mean - 25.0 / 255) < 1e-12)
    #expect(PictureDistance(from: picture(0), to: picture(9)) { _, _ in false }.mean == 0)
  }

  /// Levels of what the model draws, of what the copy draws and of what the VAE gives back, from
  /// a black picture; and how far that is.
  @Test(arguments: [
    (UInt8(102), UInt8(27), UInt8(2), 0.75), (102, 52, 2, 0.5), (102, 77, 2, 0.25),
    (102, 102, 2, 0), (22, 7, 2, 0.75), (2, 9, 2, 1),
  ])
  func copyIsMeasuredOnTheScaleOfItsModel(
    _ start: UInt8, _ level: UInt8, _ limit: UInt8, _ progress: Double
  ) {
    func distance(_ level: UInt8) -> PictureDistance {
      PictureDistance(from: picture(0), to: picture(level))
    }
    let check = CopyCheck(
      picture: "a.png", distance: distance(level), start: distance(start), limit: distance(limit))
    #expect(abs(check.progress - progress) < 1e-12)
    #expect(check.hasConverged == (progress >= 0.5))
    #expect((check.warning == nil) == check.hasConverged)
  }

  /// What is said of a copy follows the figure, and no share of the way is below 0.
  @Test(arguments: [
    (UInt8(152), "farther from it than without training", "lower --learning-rate"),
    (101, "1.00 % of the way", "give --learning-rate 0.001"),
    (77, "25.0 % of the way", "twice the --max-train-steps"),
  ])
  func adviceFollowsTheFigure(_ level: UInt8, _ figure: String, _ advice: String) {
    func distance(_ level: UInt8) -> PictureDistance {
      PictureDistance(from: picture(0), to: picture(level))
    }
    let check = CopyCheck(
      picture: "a.png", distance: distance(level), start: distance(102), limit: distance(2))
    #expect(check.summary.hasSuffix(": " + figure), "\(check.summary)")
    #expect(check.warning?.contains(advice) == true)
    #expect(!check.summary.contains("-") && !check.summary.contains("−"))
    #expect(check.hasMoved == (level == 77))
  }

  @Test func changesAreMeasuredFromWeightZeroInsideAndOutside() {
    let region = PictureDifference(from: picture(0), to: picture(0, changed: 10)).changedExtent
    let strip = SliderStrip(weights: [-1, 1], seeds: [4], region: region) { _, weight in
      self.picture(weight < 0 ? 0 : 51, changed: weight < 0 ? 10 : 0)
    }
    #expect(strip.pictures == [[picture(0, changed: 10), picture(51)]])
    let low = strip.measure.changes[0]
    #expect(abs(low.outside.mean - 0.2) < 1e-12)  // from 51 at weight 0
    #expect(abs(low.inside.mean - (0.8 + 0.2 + 0.2) / 3) < 1e-12)
    #expect(strip.measure.changes[1].inside.mean == 0 && strip.measure.changes[1].outside.mean == 0)
    #expect(strip.drawn.width > 20)
  }
}
