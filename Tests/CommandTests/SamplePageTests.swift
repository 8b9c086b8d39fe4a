import Foundation
import LinearAlgebra
import TestSupport
import Testing

/// The page of `lora sample --html`.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "this processor lacks what it needs"))
struct SamplePageTests {
  private static let drawing =
    InterruptionTests.model + ["--width", "32", "--height", "32", "--steps", "2", "-q"]

  /// An adapter of a few steps, `head.st`.
  private func adapter(_ folder: TemporaryFolder) throws -> String {
    let outcome = try Program.run(
      ["train"] + InterruptionTests.model + ["--resolution", "16", "--seed", "1", "-q"]
        + ["--image", "paperdoll/small-head.png", "--max-train-steps", "3"]
        + ["--learning-rate", "0.01", "-o", folder["head.st"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return folder["head.st"]
  }

  private func page(_ arguments: [String]) throws -> String {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      ["sample"] + Self.drawing + arguments + ["--html", folder["new/page.html"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try folder.names() == ["new"], "nothing but the page")
    return String(decoding: try folder.bytes("new/page.html"), as: UTF8.self)
  }

  private func count(_ text: String, in page: String) -> Int {
    page.components(separatedBy: text).count - 1
  }

  @Test func slidesOverSeeds() throws {
    let page = try page(["--seed", "3,1,2", "--prompt", "", "--prompt", "a \"head\" <b>"])
    #expect(page.contains(#"<option value="1" label="1">"#) && page.contains("max=\"2\""))
    #expect(page.contains("data-name=\"seed\"") && page.contains("a &quot;head&quot; &lt;b&gt;"))
    #expect(count("<figure class=\"row\">", in: page) == 2)
    #expect(count("src=\"data:image/png;base64,", in: page) == 6)
    #expect(page.contains("<td>32 × 32</td>") && !page.contains("<h2>Use it</h2>"))
    #expect(!page.contains("/tiny-model"), "no folder of this machine")
  }

  @Test func slidesOverWeights() throws {
    let folder = try TemporaryFolder()
    let adapter = try adapter(folder)
    let page = try page(["--lora", "\(adapter):-1..1/3", "--seed", "1,2", "--rows", "weight"])
    #expect(count("<figure class=\"row\">", in: page) == 2, "weights, whatever the axes")
    #expect(page.contains("value=\"1\" data-name=\"weight\" data-start=\"1\""))
    #expect(page.contains(#"<tr data-at="1"><th scope="row">0</th><td>0.00 %</td></tr>"#))
    #expect(page.contains("<td>head.st:-1..1/3</td>"))
    #expect(page.contains("&lt;lora:head:<span"))
  }

  @Test func slidesOverStarts() throws {
    let folder = try TemporaryFolder()
    let adapter = try adapter(folder)
    let page = try page(["--lora", adapter, "--adapter-from", "0,0.5,1"])
    #expect(page.contains("data-name=\"from\""))
    #expect(page.contains(#"label="0.5">"#) && page.contains("seed 0, from 0.5"))
    #expect(!page.contains("<h2>Use it</h2>"), "other programs name steps otherwise")
  }

  static let refused: [(arguments: [String], status: Int32, message: String)] = [
    (["--html", "x.html"], 1, "there is one; give --lora FILE:-2..2/9"),
    ([], 64, "Nothing is written; give -o FILE.png or --html PAGE.html."),
  ]

  @Test(arguments: refused)
  func nothingToSlideIsRefused(
    _ example: (arguments: [String], status: Int32, message: String)
  ) throws {
    let outcome = try Program.run(["sample"] + Self.drawing + example.arguments)
    #expect(outcome.status == example.status, "\(outcome.errors)")
    #expect(outcome.errors.contains(example.message), "\(outcome.errors)")
  }

  @Test func pictureAndPageAreBothWritten() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      ["sample"] + Self.drawing.dropLast() + ["--seed", "1,2", "-o", folder["a.png"], "--html"]
        + [folder["a.html"], "--json"])
    #expect(outcome.status == 0 && outcome.errors.contains("a.html: a page of 2 pictures, "))
    #expect(outcome.output.contains(#/"page" : ".*a.html"/#))
    #expect(try folder.names() == ["a.html", "a.png"])
  }
}
