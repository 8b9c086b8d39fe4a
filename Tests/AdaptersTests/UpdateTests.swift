import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import Adapters

/// One small module of every algorithm, and the updates that `fixtures/adapters/make.py` computed.
private struct Known: CustomTestStringConvertible {
  let module: Module
  let expected: Matrix

  var testDescription: String { module.name }

  static let all: [Known] = {
    guard
      let adapter = try? Adapter(
        SafetensorsFile(path: Fixtures.path("adapters/algorithms.safetensors"))),
      let file = try? SafetensorsFile(path: Fixtures.path("adapters/expected.safetensors"))
    else { return [] }
    return adapter.modules.compactMap { module in
      guard let entry = file.header[module.name], let elements = try? file.doubles(entry) else {
        return nil
      }
      let rows = entry.shape.extents[0]
      return Known(
        module: module,
        expected: Matrix(rows: rows, columns: elements.count / rows, elements: elements))
    }
  }()
}

@Suite struct UpdateTests {
  private func file() throws -> SafetensorsFile {
    try SafetensorsFile(path: Fixtures.path("adapters/algorithms.safetensors"))
  }

  @Test func everyModuleIsThere() throws {
    let adapter = try Adapter(file())
    #expect(Known.all.count == adapter.modules.count)
    #expect(adapter.others.isEmpty && adapter.orphans.isEmpty)
  }

  @Test(arguments: Known.all) private func updateIsTheFormula(known: Known) throws {
    let update = try known.module.update().formed
    #expect(update.rows == known.expected.rows && update.columns == known.expected.columns)
    expect(update.elements, approximates: known.expected.elements, within: 1e-14)
  }

  @Test(arguments: Known.all) private func factorsMakeTheSame(known: Known) throws {
    let update = try known.module.update()
    let product = Update.product(up: update.lowRank.up, down: update.lowRank.down)
    expect(product.formed.elements, approximates: known.expected.elements, within: 1e-13)
    #expect(update.lowRank.rank <= max(update.rows, update.columns, known.module.rank))
  }

  @Test(arguments: Known.all) private func normIsThatOfTheMatrix(known: Known) throws {
    let update = try known.module.update()
    expect([update.squaredNorm], approximates: [known.expected.squaredNorm], within: 1e-12)
  }

  /// Values below 1e-8 of the largest are beyond what the shorter way computes.
  @Test(arguments: Known.all) private func singularValuesAreThoseOfTheMatrix(known: Known) throws {
    let values = try known.module.update().singularValues()
    let expected = try Update.dense(known.expected).singularValues()
    let count = max(values.count, expected.count)
    func padded(_ values: [Double]) -> [Double] {
      values + Array(repeating: 0, count: count - values.count)
    }
    expect(padded(values), approximates: padded(expected), within: 1e-7)
  }

  @Test(arguments: Known.all) private func extentsAreTheLayers(known: Known) {
    #expect(known.module.extents.outputs == known.expected.rows)
    #expect(known.module.extents.columns == known.expected.columns)
  }

  @Test func kernelOfAConvolutionWithoutCoreIsKnownByItsName() throws {
    let module = try #require(
      Known.all.map(\.module).first { $0.name.hasSuffix("resnets_0_conv1") })
    #expect(module.extents == Module.Extents(outputs: 6, inputs: 8, kernel: [3, 3]))
    #expect(module.kind == .conv)
  }

  @Test func biasIsApart() throws {
    let module = try #require(Known.all.map(\.module).first { $0.name.hasSuffix("bias_alone") })
    #expect(try module.biasDifference()?.count == 4)
  }
}

@Suite struct RefusalTests {
  @Test(arguments: [
    (
      ["a.lora_up.weight": [4, 3], "a.lora_down.weight": [2, 5]],
      AdapterError.Reason.ranksDiffer(module: "a", up: [4, 3], down: [2, 5])
    ),
    (["a.lora_up.weight": [0], "a.lora_down.weight": [0]], .emptyFactors(module: "a")),
    (["a.lora_up.weight": [4, 2], "a.lora_down.weight": [0, 5]], .emptyFactors(module: "a")),
    (
      ["a.lora_B": [48, 4], "a.lora_A": [12, 16]],
      .severalProducts(module: "a", up: [48, 4], down: [12, 16])
    ),
    (
      ["a.lora_B.weight": [32, 4, 1], "a.lora_A.weight": [8, 16]],
      .severalProducts(module: "a", up: [32, 4, 1], down: [8, 16])
    ),
    (
      ["a.lora_a": [2, 5, 3], "a.lora_b": [2, 3, 4]],
      .ranksDiffer(module: "a", up: [2, 3, 4], down: [2, 5, 3])
    ),
    (
      ["a.lora_up.weight": [4, 2], "a.lora_down.weight": [2, 5], "a.alpha": [2]],
      .shapesDiffer(module: "a", detail: "has an alpha of shape [2]; it must be one number")
    ),
  ])
  func wrongShapesAreRefused(shapes: [String: [Int]], reason: AdapterError.Reason) throws {
    let file = try TemporaryFile(zeros: shapes)
    #expect(throws: AdapterError(file: file.path, reason: reason)) { try Adapter(file.file) }
  }

  @Test func severalAdaptersInOneFileAreRefused() throws {
    let file = try TemporaryFile(zeros: [
      "q.lora_A.face.weight": [2, 4], "q.lora_B.face.weight": [4, 2],
      "q.lora_A.style.weight": [2, 4], "q.lora_B.style.weight": [4, 2],
    ])
    let error = try #require(throws: AdapterError.self) { try Adapter(file.file) }
    #expect("\(error)".contains("several adapters"))
  }

  /// What is not a LoRA is named, not guessed.
  @Test(arguments: [
    (["emb_params": [5, 768]], "textual-inversion"),
    (["base_model.unilora_theta_d": [9]], "Uni-LoRA"),
    (["w_a_000": [2, 8], "w_b_000": [8, 2]], "without their layers' names"),
    (["base_model.model.q.vera_lambda_b": [8]], "VeRA"),
    (["conv_in.weight": [4, 4, 3, 3]], "is a checkpoint"),
    (["lora_controlnet": [], "a.up": [4, 2]], "Control-LoRA"),
    (["q.lora_A": [2, 4], "q.lora_B": [4, 2], "q.lora_E": [2, 1]], "AdaLoRA"),
    (["x": [3]], "no tensor named"),
    ([:], "holds no tensors"),
  ])
  func whatIsNotALoRAIsNamed(shapes: [String: [Int]], words: String) throws {
    let file = try TemporaryFile(zeros: shapes)
    let error = try #require(throws: AdapterError.self) { try Adapter(file.file) }
    #expect("\(error)".contains(words))
  }

  @Test func orphansAreKeptApart() throws {
    let file = try TemporaryFile(zeros: [
      "lora_unet_a.lora_up.weight": [4, 2], "lora_unet_a.alpha": [], "lora_unet_b.alpha": [],
      "lora_unet_c.lora_up.weight": [4, 2], "lora_unet_c.lora_down.weight": [2, 4],
      "lora_unet_d.lokr_w1": [2, 2], "something": [1],
    ])
    let adapter = try Adapter(file.file)
    #expect(adapter.modules.map(\.name) == ["lora_unet_c"])
    #expect(adapter.orphans.count == 4)
    #expect(adapter.others.map(\.name.string) == ["something"])
  }

  @Test(arguments: ["base_model.model.classifier.weight", "q.set_weight"])
  func wholeWeightsHaveNoUpdate(name: String) throws {
    let file = try TemporaryFile(zeros: [
      name: [4, 4], "base_model.model.q.lora_A.weight": [2, 4],
      "base_model.model.q.lora_B.weight": [4, 2],
    ])
    let adapter = try Adapter(file.file)
    let module = try #require(adapter.modules.first { $0.rank == 0 })
    #expect(!module.hasUpdate)
    #expect(throws: AdapterError(file: file.path, reason: .replacesWeight(module: module.name))) {
      try module.update()
    }
  }
}
