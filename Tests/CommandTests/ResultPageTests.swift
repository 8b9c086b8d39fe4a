import Foundation
import TestSupport
import Testing

/// The pages of merge and resize.
@Suite struct ResultPageTests {
  private func page(_ arguments: [String]) throws -> String {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      arguments + ["-o", folder["out.st"], "--html", folder["page.html"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return String(decoding: try folder.bytes("page.html"), as: UTF8.self)
  }

  @Test(arguments: [
    ["resize", "pair/b.safetensors", "--rank", "2"],
    ["merge", "pair/b.safetensors", "pair/a.safetensors:-1"],
  ]) func pageIsWholeAndNeedsNoNetwork(arguments: [String]) throws {
    let page = try page(arguments)
    for text in ["<h2>Energy kept by block</h2>", "<h2>Ranks by block</h2>", "All 8 modules"] {
      #expect(page.contains(text), "\(text)")
    }
    for text in ["http:", "https:", "src=", "url(", "@import", "<link"] {
      #expect(!page.contains(text), "\(text)")
    }
    for tag in ["svg", "table", "details", "dl", "text", "tr", "td", "th"] {
      let opened = page.components(separatedBy: "<\(tag)").count {
        $0.first == ">" || $0.first == " "
      }
      #expect(opened == page.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
    }
  }

  @Test func pageSaysWhatItIsMadeOf() throws {
    let page = try page(["merge", "pair/b.safetensors:0.5", "pair/a.safetensors:-1"])
    for text in [
      "<h2>Made of</h2>", #"<th scope="row">b.safetensors</th><td>0.5000</td>"#,
      #"<th scope="row">a.safetensors</th><td>-1.000</td>"#,
      "merge (concat): b * 0.5 + a * -1.0",
      "<code>lora merge pair/b.safetensors:0.5 pair/a.safetensors:-1 -o ",
    ] {
      #expect(page.contains(text), "\(text)")
    }
  }

  @Test func bakingHasNoPage() throws {
    let outcome = try Program.run(
      "merge", "pair/b.safetensors", "--into", "x.st", "--html", "page.html")
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("--modules, --html do not go with it"))
  }
}
