import Foundation
import TestSupport
import Testing

@Suite struct PageTests {
  private func page(_ files: String...) throws -> String {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let outcome = try Program.run(["inspect"] + files + ["--html", path])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func everySectionIsThere() throws {
    let page = try page("inspect/small.safetensors")
    for text in [
      "<h2>Norm by block</h2>", "<h2>Energy kept by rank</h2>", "<h2>Singular values by block</h2>",
      "<h2>Rank that would suffice</h2>", "<h2>Metadata</h2>", "<h2>Checksums</h2>",
      "AdamW8bit", "1girl (20)", "as stored", "スライダー",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    #expect(page.components(separatedBy: "<figure>").count - 1 == 4, "a plot for each block")
  }

  /// Nothing is fetched: no address but that of a namespace may be in it.
  @Test func pageNeedsNoNetwork() throws {
    let page = try page("inspect/small.safetensors")
    for text in ["http:", "https:", "src=", "url(", "@import", "<link"] {
      #expect(!page.contains(text), "\(text)")
    }
  }

  @Test func tagsAreClosed() throws {
    for files in [["inspect/small.safetensors"], ["inspect/hostile.safetensors"]] {
      let page = try page(files[0])
      for tag in ["section", "svg", "table", "details", "figure", "dl", "text", "tr"] {
        let opened = page.components(separatedBy: "<\(tag)").count(where: { piece in
          piece.first == ">" || piece.first == " "
        })
        let closed = page.components(separatedBy: "</\(tag)>").count - 1
        #expect(opened == closed, "\(tag)")
      }
    }
  }

  @Test func whatAFileSaysIsEscaped() throws {
    let page = try page("inspect/hostile.safetensors")
    #expect(page.components(separatedBy: "<script>").count == 2, "ours alone")
    #expect(page.components(separatedBy: "</style>").count == 2)
    #expect(!page.contains("<img") && !page.contains("<b>"))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(!page.contains("\u{202e}") && !page.contains("\u{7}"))
  }

  @Test func severalFilesAreCompared() throws {
    let page = try page("inspect/small.safetensors", "adapters/algorithms.safetensors")
    #expect(page.contains("2 files compared"))
    #expect(page.contains("class=\"legend\""))
    #expect(page.components(separatedBy: "<h2>Norm by block</h2>").count == 2, "once, together")
  }

  @Test func checkpointsHaveAPageToo() throws {
    let page = try page("inspect/checkpoint.safetensors")
    #expect(page.contains("denoiser") && page.contains("EMA copy"))
  }
}
