import Adapters
import Baking
import Files
import LinearAlgebra
import Safetensors
import Tensors
import TestSupport
import Testing

/// Checkpoints with adapters baked in, against W + t·Δ in 64 bits.
@Suite struct BakedModelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private typealias Tensor = (name: String, type: ElementType, shape: Shape, values: [Double])

  @discardableResult
  private func write(_ tensors: [Tensor], to name: String) throws -> SafetensorsFile {
    let output = try OutputFile(path: folder[name])
    let layout = Layout(tensors.map { .init(name: $0.name, type: $0.type, shape: $0.shape) })
    let writer = SafetensorsWriter(layout, metadata: Metadata(["note": "kept"]), to: output)
    for tensor in tensors {
      try unsafe writer.write(encoded(tensor.values, as: tensor.type).span.bytes, to: tensor.name)
    }
    try writer.finish(metadata: Metadata(["note": "kept"]))
    return try SafetensorsFile(path: folder[name])
  }

  private func random(_ name: String, _ type: ElementType, _ m: Int, _ n: Int) -> Tensor {
    let seed = UInt64(name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF })
    return (name, type, [m, n], Matrix.random(m, n, seed: seed).elements)
  }

  private func bake(
    _ adapter: String, weight: Double, into checkpoint: String, as name: String
  ) throws -> SafetensorsFile {
    let input = Combination.Input(
      try AdapterSource(path: folder[adapter]).adapter(), weight: weight)
    let layers = CheckpointLayers(try Checkpoint(path: folder[checkpoint]))
    let baked = try BakedLayers(Combination([input], base: layers), in: layers)
    #expect(baked.missing.isEmpty)
    _ = try BakedModel(baked, threads: 2).write(to: folder[name], compresses: false)
    return try SafetensorsFile(path: folder[name])
  }

  private static let projection =
    "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight"
  private static let query =
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight"

  @Test(arguments: [
    ElementType.float64, .float32, .float16, .bfloat16, .float8e4m3, .float8e5m2,
  ])
  func everyElementIsRoundedOnce(type: ElementType) throws {
    let before = try write(
      [
        random(Self.projection, type, 3 * 24, 24), random(Self.query, type, 40, 33),
        random("first_stage_model.x.weight", type, 5, 7),
      ], to: "w")
    let key = "lora_te_text_model_encoder_layers_0_self_attn_k_proj"
    let q = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    let adapter = [
      random("\(key).lora_up.weight", .float32, 24, 3),
      random("\(key).lora_down.weight", .float32, 3, 24),
      random("\(q).lora_up.weight", .float32, 40, 20),
      random("\(q).lora_down.weight", .float32, 20, 33),
    ]
    try write(adapter, to: "a")
    let after = try bake("a", weight: -0.5, into: "w", as: "b")

    #expect(after.header.metadata["note"] == "kept")
    #expect(after.header.entries == before.header.entries)
    func update(_ index: Int) -> Matrix {
      let (up, down) = (adapter[index], adapter[index + 1])
      return product(
        Matrix(
          rows: up.shape.extents[0], columns: up.shape.extents[1],
          elements: up.values.map { Double(Float($0)) }),
        Matrix(
          rows: down.shape.extents[0], columns: down.shape.extents[1],
          elements: down.values.map { Double(Float($0)) })
      ).scaled(by: -0.5)
    }
    var fused = Matrix(zeros: 72, 24)
    fused.elements.replaceSubrange(24 * 24..<48 * 24, with: update(0).elements)
    for (name, change) in [(Self.projection, fused), (Self.query, update(2))] {
      let wanted = zip(try before.doubles(before.entry(name)), change.elements).map { $0 + $1 }
      let unit = type == .float64 || type == .float32 ? 1e-6 : 1e-5
      let rounded = unsafe doubles(from: encoded(wanted, as: type).span.bytes, as: type)
      let got = try after.doubles(after.entry(name))
      // A sum that lies between two codes to within 32 bits may go either way.
      let ties = zip(got, rounded).count { abs($0 - $1) > unit * max(1, abs($1)) }
      #expect(ties <= wanted.count / 500)
    }
    let same = try ["first_stage_model.x.weight"].map {
      (try before.doubles(before.entry($0)), try after.doubles(after.entry($0)))
    }
    #expect(same.allSatisfy { $0.0 == $0.1 })
  }

  @Test(arguments: [[40, 1], [1, 33]])
  func magnitudesAreOfRowsOrColumns(shape: [Int]) throws {
    try write([random(Self.query, .float64, 40, 33)], to: "w")
    let q = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    let magnitudes = Matrix.random(shape[0], shape[1], seed: 9).elements.map { abs($0) + 1 }
    let (up, down) = (
      random("\(q).lora_up.weight", .float64, 40, 3),
      random("\(q).lora_down.weight", .float64, 3, 33)
    )
    try write([up, down, ("\(q).dora_scale", .float64, Shape(shape), magnitudes)], to: "a")
    let after = try bake("a", weight: 1, into: "w", as: "b")
    let got = try after.doubles(after.entry(Self.query))
    let isOfRows = shape[1] == 1
    for line in 0..<(isOfRows ? 40 : 33) {
      let squares = (0..<(isOfRows ? 33 : 40)).map { index in
        let value = isOfRows ? got[line * 33 + index] : got[index * 33 + line]
        return value * value
      }
      let norm = squares.reduce(0, +).squareRoot()
      #expect(abs(norm - magnitudes[line]) < 1e-5 * magnitudes[line])
    }
  }

  @Test func layersThatAreMissingOrDoNotFitAreNamed() throws {
    try write([random(Self.query, .float16, 40, 33)], to: "w")
    let layers = CheckpointLayers(try Checkpoint(path: folder["w"]))
    let q = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to"
    for (name, rows) in [("k", 40), ("q", 41)] {
      try write(
        [
          random("\(q)_\(name).lora_up.weight", .float32, rows, 3),
          random("\(q)_\(name).lora_down.weight", .float32, 3, 33),
        ], to: name)
    }
    func baked(_ name: String) throws -> BakedLayers {
      let adapter = try AdapterSource(path: folder[name]).adapter()
      return try BakedLayers(
        Combination([.init(adapter, weight: 1)]), in: layers, skipsMissing: true)
    }
    #expect(try baked("k").missing == ["\(q)_k"])
    #expect(throws: AdapterError.self) { try baked("q") }
  }

  @Test(arguments: [("-", false), ("o", true), ("o.zst", false)])
  func severalFilesAreNoStream(name: String, compresses: Bool) throws {
    try makeFolder(folder["m"])
    try makeFolder(folder["m/unet"])
    let key = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    try write([random("\(key).weight", .float16, 6, 5)], to: "m/unet/x.safetensors")
    let name = name == "-" ? name : folder[name]
    let module = "lora_unet_" + key.replacing(".", with: "_")
    try write(
      [
        random("\(module).lora_up.weight", .float32, 6, 1),
        random("\(module).lora_down.weight", .float32, 1, 5),
      ], to: "a")
    let layers = CheckpointLayers(try Checkpoint(path: folder["m"]))
    let adapter = try AdapterSource(path: folder["a"]).adapter()
    let baked = try BakedLayers(Combination([.init(adapter, weight: 1)]), in: layers)
    #expect(throws: AdapterError.self) {
      try BakedModel(baked, threads: 1).write(to: name, compresses: compresses)
    }
    #expect(try folder.names() == ["a", "m"])
  }
}
