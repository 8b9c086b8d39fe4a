import Images
import Testing

@testable import Train

@Suite struct OptionValuesTests {
  @Test(arguments: [
    ("512", PixelSize(width: 512, height: 512)), ("512,768", PixelSize(width: 512, height: 768)),
    ("512x768", PixelSize(width: 512, height: 768)),
    ("512, 768", PixelSize(width: 512, height: 768)),
    ("", nil), ("0", nil), ("-1", nil), ("512x", nil), ("1,2,3", nil), ("a", nil), ("1.5", nil),
  ])
  func resolutionIsRead(_ text: String, _ resolution: PixelSize?) {
    #expect(PixelSize(argument: text) == resolution)
  }

  @Test(arguments: [
    ("100", StepCount.steps(100)), ("0", .steps(0)), ("0.0", .share(0)), ("0.1", .share(0.1)),
    ("10%", .share(0.1)), ("1.0", .steps(1)), ("250.0", .steps(250)), ("-1", nil), ("-0.5", nil),
    ("200%", nil), ("nan", nil), ("inf", nil), ("1e30", nil), ("x", nil),
  ])
  func stepCountIsRead(_ text: String, _ count: StepCount?) {
    #expect(StepCount(argument: text) == count)
  }

  @Test func shareIsRoundedDown() {
    #expect(StepCount.share(0.1).steps(of: 1599) == 159)
    #expect(StepCount.steps(250).steps(of: 10) == 250)
  }

  @Test(arguments: [
    ("white", Color.white), ("BLACK", .black), ("grey", Color(128, 128, 128)),
    ("#ff8000", Color(255, 128, 0)), ("ff8000", Color(255, 128, 0)), ("#ff80", nil), ("red", nil),
    ("#+f8000", nil), ("", nil),
  ])
  func coloursAreRead(_ text: String, _ color: Color?) {
    #expect(Color(argument: text) == color)
    if let color { #expect(Color(argument: color.description) == color) }
  }

  @Test(arguments: [
    ("adamw", "AdamW"), ("AdamW8BIT", "AdamW8bit"), ("adafactor", "AdaFactor"),
    ("DAdaptation", nil),
  ])
  func optimizerIsReadWithoutRegardToCase(_ text: String, _ name: String?) {
    #expect(OptimizerType(argument: text)?.rawValue == name)
  }

  @Test(arguments: [
    ("float", SavePrecision.float), ("f32", .float), ("f16", .fp16), ("bf16", .bf16), ("f64", nil),
  ])
  func savePrecisionIsRead(_ text: String, _ precision: SavePrecision?) {
    #expect(SavePrecision(argument: text) == precision)
  }
}
