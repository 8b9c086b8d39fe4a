import TestSupport
import Testing

/// A result whose name promises another format gets a note, or is refused.
@Suite struct ResultNameTests {
  @Test(arguments: [
    ["merge", "pair/a.safetensors"], ["resize", "pair/a.safetensors", "--rank", "2"],
    ["convert", "pair/a.safetensors", "--to", "diffusers"],
    ["diff", "pair/b.safetensors", "pair/a.safetensors"],
    ["merge", "pair/a.safetensors", "--into", "paperdoll/model", "--skip-missing"],
    ["metadata", "pair/a.safetensors", "set", "a=b"],
  ])
  func isSaid(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    for name in ["a.ckpt", "a.PT", "a.bin"] {
      let outcome = try Program.run(arguments + ["-o", folder[name]])
      #expect(outcome.errors.contains("\(folder[name]): is written as safetensors"), "\(outcome)")
    }
    for name in ["a.safetensors", "a.st", "a", "a.safetensors.zst"] {
      let outcome = try Program.run(arguments + ["-o", folder[name]])
      #expect(!outcome.errors.contains("is written as"), "\(outcome)")
    }
  }

  @Test(arguments: ["x.jpg", "x.JPEG", "x.webp", "x.safetensors"])
  func picturesAreNamedPNG(name: String) throws {
    let sample = try Program.run("sample", "--model", "none", "-o", name)
    #expect(sample.status == 64 && sample.errors.contains("give \(name) a name in .png"))
    let slider = try Program.run(
      "slider", "--model", "none", "--before", "a", "--after", "b", "-o", "s", "--strip", name)
    #expect(slider.status == 64 && slider.errors.contains("give \(name) a name in .png"))
  }
}
