import Names
import TestSupport
import Testing

@Suite struct ModelFilesTests {
  /// What lies in a folder, and what of it is read.
  @Test(arguments: [
    (["diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors"], [1]),
    (["model.fp16.safetensors", "model.bin"], [0]),
    (
      ["diffusion_pytorch_model.non_ema.safetensors", "diffusion_pytorch_model.safetensors"], [1]
    ),
    (
      [
        "m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors",
        "m.fp16-00001-of-00002.safetensors", "m.fp16-00002-of-00002.safetensors",
      ], [0, 1]
    ),
    (["a.fp16.safetensors", "a.safetensors", "b.fp16.safetensors"], [1, 2]),
    (["model.bin", "config.json"], []),
  ])
  func filesOfAFolder(_ names: [String], _ chosen: [Int]) throws {
    let folder = try TemporaryFolder()
    for name in names { try folder.write([], to: name) }
    #expect(try ModelFiles.paths(inFolder: folder.path) == chosen.map { folder[names[$0]] })
  }

  @Test func shardsAreThoseOfTheIndex() throws {
    let folder = try TemporaryFolder()
    let index =
      #"{"weight_map": {"x": "b.safetensors", "y": "a.safetensors", "z": "b.safetensors"}}"#
    for name in ["a.safetensors", "b.safetensors", "c.safetensors"] {
      try folder.write([], to: name)
    }
    try folder.write(index.utf8, to: "model.safetensors.index.json")
    let expected = [folder["a.safetensors"], folder["b.safetensors"]]
    #expect(try ModelFiles.paths(inFolder: folder.path) == expected)
  }

  @Test(arguments: [
    ("[1]", "has no weight_map; is it an index of safetensors files?"),
    (
      #"{"weight_map": {"x": "../b.safetensors"}}"#,
      "names the file '../b.safetensors' outside of its folder"
    ),
  ])
  func indicesAreRefused(_ text: String, _ sentence: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text.utf8, to: "model.safetensors.index.json")
    let error = #expect(throws: ModelFilesError.self) { try ModelFiles.shards(ofIndex: path) }
    #expect(error?.description == "\(path): \(sentence)")
  }
}
