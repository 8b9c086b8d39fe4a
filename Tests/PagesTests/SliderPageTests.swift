import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Pages

@Suite struct SliderPageTests {
  private static func picture(_ seed: UInt64, width: Int = 12, height: Int = 8) -> Picture {
    var numbers = Philox(seed: seed, stream: 0)
    let bytes = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    return Picture(width: width, height: height, bytes: bytes)
  }

  private static let labels = ["-1", "-0.5", "0", "1"]

  /// Two rows over four weights, a pair, figures and a file.
  private static func page(title: String = "head", row: String = "seed") -> SliderPage {
    SliderPage(
      title: title, axis: SliderPage.Axis(name: "weight", labels: labels),
      rows: (0..<2).map { number in
        SliderPage.Row(
          label: "\(row) \(number)",
          pictures: labels.indices.map { picture(UInt64(10 * number + $0)) })
      },
      pairs: [(before: picture(50), after: picture(51))],
      figures: SliderPage.Figures(
        lines: [
          ("change inside", [0.3, 0.1, 0, 0.2]), ("change elsewhere", [0.1, 0.05, 0, 0.01]),
        ],
        facts: [("order", "0.95")], explanation: "Measured."),
      settings: [("Model", "sd15")],
      adapter: SliderPage.Adapter(file: "folder/my head.safetensors", range: -1...1.5),
      command: "slider")
  }

  private func count(_ text: String, in page: String) -> Int {
    page.components(separatedBy: text).count - 1
  }

  @Test func picturesAreThoseGiven() throws {
    let page = try Self.page().html().text
    let found = try page.matches(of: /src="data:image\/png;base64,([^"]+)"/).map { match in
      let data = try #require(Data(base64Encoded: String(match.1)))
      return try unsafe Picture(decoding: [UInt8](data).span.bytes, file: "embedded")
    }
    let numbers: [UInt64] = [50, 51, 0, 1, 2, 3, 10, 11, 12, 13]
    #expect(found == numbers.map { Self.picture($0) })
  }

  @Test func everyPartIsThere() throws {
    let page = try Self.page().html().text
    for text in [
      #"<input type="range" id="slide" min="0" max="3" step="1" value="2""#,
      #"alt="seed 1, weight -0.5""#, #"alt="trained on, before""#, "<h2>How much changes</h2>",
      #"<tr data-at="0"><th scope="row">-1</th><td>30.0 %</td><td>10.0 %</td></tr>"#,
      "<dt>order</dt><dd>0.95</dd>", #"<th scope="row">Model</th><td>sd15</td>"#,
      #"&lt;lora:my head:<span class="weight">0</span>&gt;"#, "weights from -1.00 to 1.50",
      "Written by <code>lora slider --html</code>",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    #expect(count("<figure class=\"row\">", in: page) == 2)
    #expect(count("class=\"mark\"", in: page) == 4)
  }

  @Test func tagsAreClosedAndNothingIsFetched() throws {
    let page = try Self.page().html().text
    let tags = [
      "section", "figure", "figcaption", "div", "button", "span", "svg", "table", "tr", "td", "th",
      "text", "code", "kbd", "datalist", "option", "style", "script", "output", "label", "noscript",
    ]
    for tag in tags {
      let opened = page.components(separatedBy: "<\(tag)").count {
        $0.first == ">" || $0.first == " "
      }
      #expect(opened == count("</\(tag)>", in: page), "\(tag)")
    }
    for text in ["http:", "https:", "url(", "@import", "<link", "src=\"/", "<iframe"] {
      #expect(!page.contains(text), "\(text)")
    }
    #expect(page.contains("default-src 'none'"))
  }

  @Test func namesAreEscaped() throws {
    let evil = "</title><script>alert(1)</script>\u{202e}\""
    let page = try Self.page(title: evil, row: evil).html().text
    #expect(!page.contains("<script>alert") && !page.contains("\u{202e}"))
    #expect(page.contains(#"alt="&lt;/title&gt;&lt;script&gt;"#))
  }

  /// Where 0 is among the positions, that is what others are compared with.
  @Test func referenceIsZeroOrTheFirst() {
    let examples: [([String], Int)] = [
      (["-1", "0", "1"], 1), (["1", "2"], 0), (["0.5", "0"], 1), (["a", "0"], 0), (["7"], 0),
    ]
    for (labels, reference) in examples {
      #expect(SliderPage.Axis(name: "weight", labels: labels).reference == reference)
    }
  }

  @Test func manyPicturesAreJPEG() throws {
    let pictures = (0..<3).map { Self.picture($0, width: 40, height: 30) }
    let exact = try pictures.map { try $0.png().count }.reduce(0, +)
    let (whole, small) = try (
      EmbeddedPictures(pictures, exactLimit: exact),
      EmbeddedPictures(pictures, exactLimit: exact - 1)
    )
    #expect(whole.isExact && whole.note.isEmpty)
    #expect(try whole.attributes(pictures[0]).text.contains("data:image/png;base64,"))
    #expect(!small.isExact && small.note.contains("JPEG"))
    #expect(try small.attributes(pictures[0]).text.contains("data:image/jpeg;base64,/9j/"))
  }

  /// A reader's hands and eyes: `scripts/check-page` moves the slider and looks.
  @Test(.enabled(if: Program.isInstalled("chromium"), "no Chromium to use the page with"))
  func sliderSlides() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.page().html().text.utf8, to: "page.html")
    let outcome = try Program.run(
      script: "../scripts/check-page \"$1\"", folder["page.html"])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("a finger on a picture"))
  }
}
