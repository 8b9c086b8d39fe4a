import Compute
import ComputeCPU
import Diffusion
import Foundation
import LinearAlgebra
import Safetensors
import Tensors
import TestSupport
import Testing

/// A model with figures that PyTorch, diffusers and sd-scripts' network made from it.
struct GoldenRun: CustomTestStringConvertible, Sendable {
  let name: String
  let model: String
  let steps: Int
  let predictsVelocity: Bool

  var testDescription: String { name }

  /// Beside the repository; tests that read it are skipped where it is absent.
  static let shared = Fixtures.directory.deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared")

  static let isPresent =
    FileManager.default.fileExists(atPath: shared.appending(path: "golden/paperdoll").path)
    && Processor.unsupportedReason == nil

  static let all = [
    GoldenRun(
      name: "paperdoll", model: "paperdoll/model", steps: 10, predictsVelocity: false),
    GoldenRun(
      name: "tiny-sd2", model: "golden/tiny-sd2/model", steps: 4, predictsVelocity: true),
    GoldenRun(
      name: "tiny-sdxl", model: "golden/tiny-sdxl/model", steps: 4, predictsVelocity: false),
  ]

  func open(_ file: String) throws -> SafetensorsFile {
    try SafetensorsFile(
      path: Self.shared.appending(path: "golden/\(name)/\(file).safetensors").path)
  }

  func pretrained() throws -> PretrainedModel {
    try PretrainedModel(path: Self.shared.appending(path: model).path)
  }
}

extension SafetensorsFile {
  func floats(named name: String) throws -> [Float] { try floats(entry(name)) }

  /// A tensor [b, c, h, w] as [b, h, w, c].
  func picture(_ name: String, on backend: any Backend) throws -> Tensor {
    let entry = try entry(name)
    return Tensor(channelsFirst: try floats(entry), shape: entry.shape, on: backend)
  }

  func tensor(_ name: String, on backend: any Backend) throws -> Tensor {
    let entry = try entry(name)
    return Tensor(try floats(entry), shape: entry.shape, on: backend)
  }

  /// Row `index` of a tensor's first extent.
  func step(_ name: String, _ index: Int) throws -> (values: [Float], extents: [Int]) {
    let entry = try entry(name)
    let values = try floats(entry)
    let count = values.count / entry.shape.extents[0]
    return (
      Array(values[index * count..<(index + 1) * count]), Array(entry.shape.extents.dropFirst())
    )
  }
}

extension AdaptedModules {
  /// Reads what sd-scripts' network wrote.
  static func reading(
    _ file: SafetensorsFile, for layers: [AdaptableLayer]
  ) throws -> (modules: AdaptedModules, values: [Float]) {
    let alphas = try layers.map { layer in
      try file.header[layer.name.module + ".alpha"].flatMap { try file.floats($0).first }
    }
    let known = Dictionary(uniqueKeysWithValues: zip(layers.map(\.name), alphas))
    let modules = AdaptedModules(of: layers) { layer in
      let down = file.header[layer.name.module + ".lora_down.weight"]
      return down.map { ($0.shape.extents[0], known[layer.name].flatMap { $0 } ?? 1) }
    }
    var values = [Float](repeating: 0, count: modules.parameterCount)
    for module in modules.modules {
      modules.setFileValues(
        down: try file.floats(named: module.name + ".lora_down.weight"),
        up: try file.floats(named: module.name + ".lora_up.weight"), of: module, in: &values)
    }
    return (modules, values)
  }
}

extension Tensor {
  /// A float tensor from values in the order of files, [b, c, h, w]: [b, h, w, c].
  init(channelsFirst values: [Float], shape: Shape, on backend: any Backend) {
    let e = shape.extents
    precondition(e.count == 4 && values.count == shape.elementCount, "\(shape)")
    self.init(
      shape: [e[0], e[2], e[3], e[1]], elementType: backend.activationType, on: backend)
    write(channelsLast(values, e[0], e[1], e[2] * e[3]))
  }

  /// The values of [b, h, w, c] in the order of files, [b, c, h, w]; waits for the device.
  func channelsFirst() -> [Float] {
    let e = shape.extents
    precondition(e.count == 4, "\(shape)")
    return channelsLast(values(), e[0], e[1] * e[2], e[3])
  }
}
