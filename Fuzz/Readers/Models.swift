import Compute
import ComputeCPU
import FoundationEssentials
import Names
import Safetensors
import Tensors

@testable import Diffusion

/// Reads an input as changes of a tiny model.
///
/// JSON is in the sections `unet`, `text_encoder`, `vae` and `scheduler`, tensors in the sections
/// `tensors of unet` and so on. What is accepted computes.
func readModel(_ bytes: [UInt8]) throws {
  let sections = Sections(bytes)
  let kind: PretrainedModel.Kind = sections["sdxl"] == nil ? .sd1 : .sdxl
  if let json = sections["scheduler"] {
    _ = try configuration(SchedulerFile.self, json: Data(json), file: "scheduler")
  }
  if let (weights, json) = try part("unet", sections) {
    let file = try json.map { try configuration(UNetFile.self, json: $0, file: "unet") }
    let extents = try UNetConfiguration(weights, file, kind: kind)
    try predict(by: UNet(extents, weights, kind, on: cpu))
  }
  if let (weights, json) = try part("text_encoder", sections) {
    let file = try json.map { try configuration(TextEncoderFile.self, json: $0, file: "text") }
    let extents = try TextEncoderConfiguration(weights, file, kind: kind, index: 0)
    encode(by: try TextEncoder(extents, weights, on: cpu))
  }
  if let (weights, json) = try part("vae", sections) {
    let file = try json.map { try configuration(VAEFile.self, json: $0, file: "vae") }
    let vae = try VAE(VAEConfiguration(weights, file, kind: kind), weights, on: cpu)
    _ = vae.decode(Tensor(zeros: [1, 1, 1, 4], on: cpu)).values()
    let side = 2 * vae.configuration.downscaling
    _ = vae.encode(Tensor(zeros: [1, side, side, 3], on: cpu)).mean.values()
  }
}

let cpu = CPUBackend(threads: 1)

private func predict(by unet: UNet) {
  let c = unet.configuration
  let inputs = UNetInputs(
    latents: Tensor(zeros: [1, 3, 2, 4], on: cpu), timesteps: Tensor([500], shape: [1], on: cpu),
    context: Tensor(zeros: [1, 2, max(1, c.contextWidth)], on: cpu),
    pooled: c.added.map { Tensor(zeros: [1, $0.pooledWidth], on: cpu) },
    timeIDs: c.added.map { _ in Tensor(zeros: [1, 6], on: cpu) })
  _ = unet.prediction(of: inputs).values()
}

private func encode(by encoder: TextEncoder) {
  let ids = [[Int32]](repeating: [Int32](repeating: 0, count: Tokenizer.length), count: 1)
  let state = encoder.encode(
    tokens: Tensor(integers: ids[0], shape: [1, Tokenizer.length], on: cpu))
  _ = encoder.conditioning(state).values()
  _ = encoder.penultimate(state).values()
  _ = encoder.pooled(state, tokens: ids).values()
}

/// A part of the model that an input changes; nil where it says nothing of it.
private func part(_ name: String, _ sections: Sections) throws -> (Weights, Data?)? {
  let changes = DescribedTensor.all(in: sections.text("tensors of \(name)"))
  guard sections[name] != nil || !changes.isEmpty else { return nil }
  guard let base = parts[name] else { return nil }
  let file = changes.isEmpty ? base : try changed(base, by: changes)
  let weights = Weights(path: name, part: name, files: [file]) { key in
    switch name {
    case "vae": VAENames.locations(inFolder: key)
    case "text_encoder": CheckpointNames.clipLocations(of: key, prefix: "")
    default: [TensorLocation(key)]
    }
  }
  return (weights, sections[name].map { Data($0) })
}

/// The file with some tensors of other shapes, or away: those of no rank named `none`.
private func changed(
  _ base: SafetensorsFile, by changes: [DescribedTensor]
) throws -> SafetensorsFile {
  let names = Set(changes.map(\.name))
  return try memoryFile(
    base.header.entries.map(DescribedTensor.init).filter { !names.contains($0.name) }
      + changes.filter { $0.value != -1 })
}

private let parts: [String: SafetensorsFile] = {
  let files = [
    "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model",
  ].compactMap { folder, name in
    (try? SafetensorsFile(path: fixture("train/tiny-model/\(folder)/\(name).safetensors")))
      .map { (folder, $0) }
  }
  precondition(files.count == 3, "fixtures/train/tiny-model is not beside Fuzz")
  return Dictionary(uniqueKeysWithValues: files)
}()

/// Reads an input's lines as tensors that change a checkpoint in one file.
func readCheckpoint(_ bytes: [UInt8]) throws {
  let sections = Sections(bytes)
  let changes = DescribedTensor.all(in: sections.text("tensors"))
  let model = try withMemoryFile(checkpointBytes(changes)) { try ModelFile($0) }
  let (weights, _) = try model.unet()
  let extents = try UNetConfiguration(weights, nil, kind: model.kind)
  try predict(by: UNet(extents, weights, model.kind, on: cpu))
  let (text, _) = try model.textEncoder(0)
  encode(
    by: try TextEncoder(
      TextEncoderConfiguration(text, nil, kind: model.kind, index: 0), text, on: cpu))
  let (vae, _) = try model.vae()
  _ = try VAE(VAEConfiguration(vae, nil, kind: model.kind), vae, on: cpu)
}

/// A checkpoint's bytes with some tensors changed.
private func checkpointBytes(_ changes: [DescribedTensor]) -> [UInt8] {
  let names = Set(changes.map(\.name))
  let tensors =
    original.filter { !names.contains($0.name.string) }
    + changes.filter { $0.value != -1 }.map {
      Layout.Tensor(name: $0.name, type: $0.type, shape: Shape($0.extents))
    }
  let layout = Layout(tensors)
  return layout.header(metadata: Metadata())
    + [UInt8](repeating: 0, count: layout.dataByteCount)
}

/// The tiny model under a checkpoint's names, wide enough for its 32 groups.
private let original: [Layout.Tensor] = {
  func widened(_ name: String, _ shape: Shape) -> Shape {
    let kept = name.contains("quant_conv") || name.hasSuffix("encoder.conv_out.bias")
    return Shape(
      shape.extents.enumerated().map { axis, extent in
        let isMoments = axis == 0 && name == "encoder.conv_out.weight"
        return extent < 8 || extent == 77 || kept || isMoments ? extent : 4 * extent
      })
  }
  return parts.flatMap { part, file in
    file.header.entries.map { entry in
      let key = entry.name.string
      let name =
        switch part {
        case "unet":
          CheckpointNames.unet
            + UNetNames.originalPath(diffusers: key, in: BaseModel.sd1.unetLayout)
        case "vae": VAENames.original(key, levels: 2, prefix: CheckpointNames.vae).name
        default: CheckpointNames.encoders[0].prefix + key
        }
      return Layout.Tensor(name: name, type: .float32, shape: widened(key, entry.shape))
    }
  }
}()
