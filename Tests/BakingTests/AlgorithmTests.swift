import Adapters
import Baking
import Files
import LinearAlgebra
import Safetensors
import Tensors
import TestSupport
import Testing

/// Modules whose update depends on the weight, baked, against their papers' formulas.
@Suite struct AlgorithmTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  struct Layer: CustomTestStringConvertible {
    let key: String
    let name: String
    let shape: [Int]

    var columns: Int { shape.dropFirst().reduce(1, *) }
    var testDescription: String { "\(shape)" }
  }

  static let layers = [
    Layer(
      key: "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight",
      name: "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
      shape: [24, 18]),
    Layer(
      key: "model.diffusion_model.middle_block.0.in_layers.2.weight",
      name: "lora_unet_mid_block_resnets_0_conv1", shape: [16, 5, 3, 3]),
  ]

  private typealias Part = (name: String, shape: [Int], values: [Double])

  private func random(_ count: Int, _ seed: UInt64, scale: Double = 1) -> [Double] {
    Matrix.random(count, 1, seed: seed).elements.map { $0 * scale }
  }

  private func write(_ parts: [Part], as type: ElementType = .float64, to name: String) throws {
    let output = try OutputFile(path: folder[name])
    let layout = Layout(parts.map { .init(name: $0.name, type: type, shape: Shape($0.shape)) })
    let writer = SafetensorsWriter(layout, metadata: Metadata([:]), to: output)
    for part in parts {
      try unsafe writer.write(encoded(part.values, as: type).span.bytes, to: part.name)
    }
    try writer.finish(metadata: Metadata([:]))
  }

  /// Bakes one module into one layer, and holds what comes out to `formula` of the weight.
  private func check(
    _ layer: Layer, _ parts: [Part], as type: ElementType = .float64, weight: Double = 1,
    _ formula: (Rows) -> Rows
  ) throws {
    let values = random(layer.shape.reduce(1, *), 77)
    try write([(layer.key, layer.shape, values)], as: type, to: "w")
    try write(parts.map { (layer.name + $0.name, $0.shape, $0.values) }, to: "a")
    let layers = CheckpointLayers(try Checkpoint(path: folder["w"]))
    let adapter = try AdapterSource(path: folder["a"]).adapter()
    let combination = try Combination([.init(adapter, weight: weight)], base: layers)
    let report = try BakedModel(BakedLayers(combination, in: layers), threads: 1)
      .write(to: folder["o"], compresses: false)

    let base = try SafetensorsFile(path: folder["w"])
    let stored = rows(try base.doubles(base.entry(layer.key)), layer.columns)
    let change = plus(formula(stored), scaled(stored, -1))
    let wanted = plus(stored, scaled(change, weight)).flatMap(\.self)
    let file = try SafetensorsFile(path: folder["o"])
    let got = try file.doubles(file.entry(layer.key))
    let rounded = unsafe doubles(from: encoded(wanted, as: type).span.bytes, as: type)
    let (asked, error) = zip(got, wanted).reduce((0, 0)) { sums, pair in
      (sums.0 + pair.1 * pair.1, sums.1 + (pair.0 - pair.1) * (pair.0 - pair.1))
    }
    let best = zip(rounded, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    #expect(error.squareRoot() <= best.squareRoot() * 1.001 + 3e-7 * asked.squareRoot())
    let added = change.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }.squareRoot() * abs(weight)
    let reported = report.verification.relativeError
    #expect(abs(reported - error.squareRoot() / added) <= 1e-3 * reported + 3e-7)
    #expect(report.verification.isExplained)
  }

  private func blocks(_ values: [Double], _ size: Int) -> [Rows] {
    stride(from: 0, to: values.count, by: size * size).map {
      rows(Array(values[$0..<$0 + size * size]), size)
    }
  }

  @Test(arguments: layers, [ElementType.float64, .float16, .float8e4m3])
  func oftTurnsBlocks(layer: Layer, type: ElementType) throws {
    let size = 4
    let values = random(layer.shape[0] * size, 1, scale: 0.3)
    for constraint in [0, 0.01, 10] {
      try check(
        layer,
        [
          (".oft_blocks", [layer.shape[0] / size, size, size], values),
          (".alpha", [], [constraint]),
        ], as: type, weight: 0.7
      ) { oft($0, blocks(values, size), constraint: constraint) }
    }
  }

  /// sd-scripts' list for Flux: each item turns rows of its own, and is limited by their number.
  @Test(arguments: [0, 0.01, 10]) func oftOfAListTurnsRowsOfItsOwn(constraint: Double) throws {
    let layer = Self.layers[0]
    let items = [(blocks: 2, size: 4), (blocks: 2, size: 2), (blocks: 2, size: 6)]
    let values = items.enumerated().map {
      random($1.blocks * $1.size * $1.size, UInt64(20 + $0), scale: 0.3)
    }
    let parts: [Part] = items.enumerated().map {
      (".oft_blocks.\($0)", [$1.blocks, $1.size, $1.size], values[$0])
    }
    try check(layer, parts + [(".alpha", [], [constraint])], weight: 0.7) { weight in
      var start = 0
      return zip(items, values).flatMap { item, values in
        let rows = Array(weight[start..<start + item.blocks * item.size])
        start += rows.count
        return oft(rows, blocks(values, item.size), constraint: constraint)
      }
    }
  }

  @Test(arguments: layers) func oftIsRescaled(layer: Layer) throws {
    let values = random(layer.shape[0] * 2, 2, scale: 0.3)
    let factors = random(layer.shape[0], 3)
    let ones = layer.shape.dropFirst().map { _ in 1 }
    try check(
      layer,
      [
        (".oft_blocks", [layer.shape[0] / 2, 2, 2], values),
        (".rescale", [layer.shape[0]] + ones, factors), (".alpha", [], [0]),
      ]
    ) { zip(oft($0, blocks(values, 2)), factors).map { row, factor in row.map { $0 * factor } } }
  }

  @Test(arguments: layers, [0, 0.02]) func boftTurnsButterflies(
    layer: Layer, constraint: Double
  ) throws {
    let (size, stages) = (4, layer.shape[0] == 16 ? 3 : 2)
    let values = random(stages * layer.shape[0] * size, 4, scale: 0.2)
    let parts: [Part] = [
      (".oft_blocks", [stages, layer.shape[0] / size, size, size], values),
      (".alpha", [], [constraint]),
    ]
    let all = blocks(values, size)
    let count = all.count / stages
    try check(layer, parts, weight: -0.5) {
      boft(
        $0, (0..<stages).map { Array(all[$0 * count..<($0 + 1) * count]) }, constraint: constraint)
    }
  }

  @Test(arguments: layers, [true, false]) func gloraBendsAndAdds(layer: Layer, isNew: Bool) throws {
    let (m, n, taps, r) = (layer.shape[0], layer.shape[1], layer.columns / layer.shape[1], 3)
    let (left, right) = (random(n * r, 5), random(r * n, 6))
    let (up, down) = (random(m * r, 7), random(r * n * taps, 8))
    let kernel = Array(layer.shape.dropFirst(2))
    let ones = kernel.map { _ in 1 }
    let names = isNew ? ["a1", "a2", "b1", "b2"] : ["a2", "a1", "b2", "b1"]
    let parts: [Part] = [
      (".\(names[0]).weight", [n, r] + ones, left), (".\(names[1]).weight", [r, n] + ones, right),
      (".\(names[2]).weight", [m, r] + ones, up), (".\(names[3]).weight", [r, n] + kernel, down),
      (".alpha", [], [2]),
    ]
    try check(layer, parts, weight: 1.5) {
      glora(
        $0, rows(left, r), rows(right, n), rows(up, r), rows(down, n * taps), scale: 2.0 / 3)
    }
  }

  @Test(arguments: layers, [true, false]) func ia3Scales(layer: Layer, isOnInput: Bool) throws {
    let count = isOnInput ? layer.shape[1] : layer.shape[0]
    let values = random(count, 9)
    let taps = layer.columns / layer.shape[1]
    let shape =
      layer.shape.count == 2 ? [count] : [1, count] + layer.shape.dropFirst(2).map { _ in 1 }
    try check(layer, [(".weight", shape, values), (".on_input", [], [isOnInput ? 1 : 0])]) {
      $0.enumerated().map { i, row in
        row.enumerated().map { $1 * (1 + values[isOnInput ? $0 / taps : i]) }
      }
    }
  }

  @Test(arguments: layers, [ElementType.float32, .bfloat16, .float8e5m2])
  func magnitudesOfColumnsAreKept(layer: Layer, type: ElementType) throws {
    let (m, n, r) = (layer.shape[0], layer.shape[1], 2)
    let (up, down) = (random(m * r, 10), random(r * layer.columns, 11))
    let magnitudes = random(n, 12).map { abs($0) + 1 }
    let ones = layer.shape.dropFirst(2).map { _ in 1 }
    try check(
      layer,
      [
        (".lora_up.weight", [m, r] + ones, up),
        (".lora_down.weight", [r] + layer.shape.dropFirst(), down), (".alpha", [], [1]),
        (".dora_scale", [1, n] + ones, magnitudes),
      ], as: type
    ) {
      doraOfColumns(
        plus($0, scaled(times(rows(up, r), rows(down, layer.columns)), 0.5)), magnitudes)
    }
  }
}
