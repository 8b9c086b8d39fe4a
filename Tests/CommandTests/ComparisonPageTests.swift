import Foundation
import TestSupport
import Testing

/// The pages of diff, and what merge's page says of its inputs.
@Suite struct ComparisonPageTests {
  private func page(_ arguments: [String], status: Int32 = 0) throws -> String {
    let folder = try TemporaryFolder()
    let arguments = arguments.map { $0.replacing("OUT", with: folder["out.st"]) }
    let outcome = try Program.run(arguments + ["--html", folder["page.html"]])
    #expect(outcome.status == status, "\(outcome.errors)")
    return String(decoding: try folder.bytes("page.html"), as: UTF8.self)
  }

  private func expectWhole(_ page: String) {
    for text in ["http:", "https:", "src=", "url(", "@import", "<link"] {
      #expect(!page.contains(text), "\(text)")
    }
    for tag in ["svg", "table", "details", "dl", "text", "tr", "td", "th", "section"] {
      let opened = page.components(separatedBy: "<\(tag)").count {
        $0.first == ">" || $0.first == " "
      }
      #expect(opened == page.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
    }
  }

  @Test func comparisonHasAPage() throws {
    let page = try page(["diff", "pair/b.safetensors", "pair/a.safetensors"], status: 1)
    expectWhole(page)
    for text in [
      "<h1>b.safetensors − a.safetensors</h1>", "<h2>Norm by block</h2>",
      "<h2>Likeness by block</h2>", "<h2>Blocks</h2>", "All 8 modules", "<dd>two updates</dd>",
      "B: b.safetensors",
    ] { #expect(page.contains(text), "\(text)") }
  }

  @Test func sameUpdatesAreSaidToBeSo() throws {
    let page = try page(["diff", "pair/b.safetensors", "pair/b.safetensors"])
    #expect(page.contains("<dd>the same update</dd>"))
  }

  @Test func writtenDifferenceHasAPage() throws {
    let page = try page(["diff", "pair/b.safetensors", "pair/a.safetensors", "-o", "OUT"])
    expectWhole(page)
    for text in ["lora diff", "<h2>Made of</h2>", "<h2>Norm by block</h2>", "result"] {
      #expect(page.contains(text), "\(text)")
    }
  }

  @Test func mergeShowsItsInputs() throws {
    let page = try page([
      "merge", "pair/b.safetensors", "pair/a.safetensors:0.5", "--limit-energy", "--block-limit",
      "--except", "text-encoder", "-o", "OUT",
    ])
    expectWhole(page)
    for text in [
      "<h2>Norm by block</h2>", "<h2>Cosines between the files</h2>",
      "<h2>How the weights were chosen</h2>", "block limit: ", "energy limit: ",
      "<h2>Left out</h2>", "2 modules that the options leave out",
    ] { #expect(page.contains(text), "\(text)") }
  }

  @Test(arguments: ["slerp", "tsv-m", "knots", "iso-c"])
  func everyMethodHasAPage(method: String) throws {
    let page = try page([
      "merge", "pair/b.safetensors", "pair/a.safetensors", "--method", method, "-o", "OUT",
    ])
    expectWhole(page)
    #expect(page.contains("merge (\(method))"))
  }

  /// What a file is called cannot become a part of the page.
  @Test func namesAreEscaped() throws {
    let folder = try TemporaryFolder()
    let bytes = try Data(contentsOf: Fixtures.directory.appending(path: "pair/b.safetensors"))
    let path = try folder.write(bytes, to: "<b>&'x'.safetensors")
    let page = try page(["merge", path, "pair/a.safetensors", "-o", "OUT"])
    #expect(page.contains("&lt;b&gt;&amp;"))
    #expect(!page.contains("<b>"))
  }
}
