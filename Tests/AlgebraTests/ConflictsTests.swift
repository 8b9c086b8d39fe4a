import Foundation
import TestSupport
import Testing

/// `inspect --conflicts` against whole matrices in plain loops.
@Suite struct ConflictsTests {
  private let folder: TemporaryFolder
  private static let block =
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_"
  private static let other = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_"

  init() throws { folder = try TemporaryFolder() }

  /// Three adapters: ranks and alphas differ, one lacks a layer, one has a rank that is doubled.
  private func adapters() throws -> [AdapterFile] {
    var files = [AdapterFile(), AdapterFile(), AdapterFile()]
    for (index, rank) in [3, 5, 2].enumerated() {
      let seed = UInt64(10 * index + 1)
      files[index].addModule(Self.block + "q", 14, 9, rank: rank, alpha: 2, seed: seed)
      files[index].addModule(Self.other + "k", 7, 11, rank: rank, alpha: nil, seed: seed + 2)
      if index != 1 {
        files[index].addModule(
          "lora_unet_down_blocks_0_resnets_0_conv1", 6, 2, kernel: [3, 3], rank: rank,
          seed: seed + 4)
      }
    }
    // The third writes to one direction of the first, from another.
    let up = try #require(files[0].values(Self.block + "q.lora_up.weight"))
    let copied = (0..<14).flatMap { [-3 * up[$0 * 3], -6 * up[$0 * 3]] }
    files[2].add(Self.block + "q.lora_up.weight", [14, 2], copied)
    return files
  }

  private func paths(_ files: [AdapterFile]) throws -> [String] {
    try files.enumerated().map { try folder.write($0.element.bytes, to: "\($0.offset).st") }
  }

  private func conflicts(_ paths: [String]) throws -> [String: Any] {
    let outcome = try Program.run(["inspect"] + paths + ["--conflicts", "--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  /// Cosine and shares of two files over some layers.
  private func judge(
    _ a: AdapterFile, _ b: AdapterFile, _ layers: (String) -> Bool
  ) -> (cosine: Double, outputs: Double?, inputs: Double?) {
    let (first, second) = (a.updates.filter { layers($0.key) }, b.updates.filter { layers($0.key) })
    func squared(_ updates: [String: Dense]) -> Double {
      updates.values.reduce(0) { $0 + $1.norm * $1.norm }
    }
    var (inner, outputs, inputs, dimensions) = (0.0, 0.0, 0.0, 0.0)
    for (name, x) in first {
      guard let y = second[name] else { continue }
      inner += zip(x.elements, y.elements).reduce(0) { $0 + $1.0 * $1.1 }
      let bases = [x, y].map { (columns($0), columns($0.transposed)) }
      outputs += share(bases[0].0, bases[1].0)
      inputs += share(bases[0].1, bases[1].1)
      dimensions += Double(min(bases[0].0.count, bases[1].0.count))
    }
    let cosine = inner / (squared(first) * squared(second)).squareRoot()
    return dimensions == 0
      ? (cosine, nil, nil) : (cosine, outputs / dimensions, inputs / dimensions)
  }

  /// An orthonormal basis of the column space, by Gram and Schmidt.
  private func columns(_ matrix: Dense) -> [[Double]] {
    var basis: [[Double]] = []
    for j in 0..<matrix.columns {
      var column = (0..<matrix.rows).map { matrix[$0, j] }
      let whole = norm(column)
      for _ in 0..<2 {
        for vector in basis {
          let length = dot(vector, column)
          for i in column.indices { column[i] -= length * vector[i] }
        }
      }
      let left = norm(column)
      if left > 1e-5 * whole { basis.append(column.map { $0 / left }) }
    }
    return basis
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
  private func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }

  private func share(_ a: [[Double]], _ b: [[Double]]) -> Double {
    a.reduce(0) { sum, x in b.reduce(sum) { $0 + dot(x, $1) * dot(x, $1) } }
  }

  private func expect(
    _ said: [String: Any], _ files: [AdapterFile], _ layers: (String) -> Bool
  ) throws {
    for i in files.indices {
      for j in files.indices where i != j {
        let wanted = judge(files[i], files[j], layers)
        for (key, value) in [
          ("cosine", wanted.cosine), ("shared_outputs", wanted.outputs),
          ("shared_inputs", wanted.inputs),
        ] {
          let got = (said[key] as? [[Any]])?[i][j] as? Double
          guard let value, value.isFinite else {
            #expect(got == nil)
            continue
          }
          #expect(abs((got ?? .nan) - value) < 1e-6, "\(key) \(i) \(j)")
        }
      }
    }
  }

  @Test func valuesAreThoseOfWholeMatrices() throws {
    let files = try adapters()
    let said = try conflicts(paths(files))
    try expect(said, files) { _ in true }
    let blocks = try #require(said["blocks"] as? [[String: Any]])
    #expect(blocks.map { $0["block"] as? String } == ["IN01", "MID"])
    try expect(blocks[0], files) { $0.contains("down_blocks") }
    try expect(blocks[1], files) { $0.contains("mid_block") }
    #expect((said["shared_layers"] as? [[Int]]) == [[3, 2, 3], [2, 2, 2], [3, 2, 3]])
    let norms = try #require(said["norms"] as? [Double])
    for (norm, file) in zip(norms, files) {
      let wanted = file.updates.values.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot()
      #expect(abs(norm - wanted) < 1e-9 * wanted)
    }
  }

  /// More ranks than are taken in 64 bits.
  @Test func valuesHoldWithManyRanks() throws {
    var files: [AdapterFile] = []
    for index in 0..<5 {
      var file = AdapterFile()
      file.addModule(Self.block + "q", 80, 70, rank: 30, seed: UInt64(index + 1))
      files.append(file)
    }
    let said = try conflicts(paths(files))
    try expect(said, Array(files[...1])) { _ in true }
  }

  @Test func sameFileIsWhollyAlike() throws {
    let file = try adapters()[0]
    let said = try conflicts(paths([file, file]))
    for key in ["cosine", "shared_outputs", "shared_inputs"] {
      let values = try #require(said[key] as? [[Double]])
      #expect(values.joined().allSatisfy { abs($0 - 1) < 1e-9 }, "\(key): \(values)")
    }
  }

  @Test func zeroAndStrangersHaveNothingToCompare() throws {
    var (zero, stranger) = (AdapterFile(), AdapterFile())
    zero.addModule(Self.block + "q", 14, 9, rank: 2, seed: 1)
    zero.add(Self.block + "q.lora_up.weight", [14, 2], Array(repeating: 0, count: 28))
    stranger.addModule(Self.other + "k", 7, 11, rank: 2, seed: 3)
    let said = try conflicts(paths([zero, stranger, try adapters()[0]]))
    let cosine = try #require(said["cosine"] as? [[Any]])
    #expect(cosine[0].allSatisfy { $0 is NSNull })
    #expect(cosine[1][1] as? Double == 1)
    #expect((said["shared_outputs"] as? [[Any]])?[0][1] is NSNull)
  }

  @Test func textHasColoursOnATerminalAlone() throws {
    let paths = try paths(adapters())
    let plain = try Program.run(["inspect"] + paths + ["--conflicts"])
    #expect(plain.status == 0 && plain.errors.isEmpty, "\(plain.errors)")
    for word in ["cosine of the updates", "shared outputs", "by chance", "IN01", "MID"] {
      #expect(plain.output.contains(word), "\(plain.output)")
    }
    #expect(!plain.output.contains("\u{1B}["))
    let shown = try Program.onTerminal(
      "inspect", paths[0], paths[1], paths[2], "--conflicts", columns: 60)
    #expect(shown.contains("\u{1B}[48;5;"))
    let dumb = try Program.onTerminal(
      "inspect", paths[0], paths[1], paths[2], "--conflicts", type: "dumb")
    #expect(!dumb.contains("\u{1B}[48"))
  }

  @Test func pageHoldsTheNumbersAsText() throws {
    let paths = try paths(adapters())
    let outcome = try Program.run(
      ["inspect"] + paths + ["--conflicts", "--html", folder["c.html"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let page = String(decoding: try folder.bytes("c.html"), as: UTF8.self)
    for word in [
      "role=\"img\"", "aria-label=\"cosine of the updates of each two files\"", "<table",
    ] {
      #expect(page.contains(word), "\(word)")
    }
    #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("src="))
  }

  @Test(arguments: [
    ["pair/a.safetensors"], ["pair/a.safetensors", "pair/b.safetensors", "--check"],
  ])
  func misuseIsNamed(words: [String]) throws {
    #expect(try Program.run(["inspect", "--conflicts"] + words).status == 64)
  }
}
