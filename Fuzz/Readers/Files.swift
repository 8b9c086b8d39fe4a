import Adapters
import Compute
import Diffusion
import Files
import Glibc
import Safetensors
import Tensors

@testable import Train

/// Reads bytes as a file that may be compressed, and what is in it as safetensors.
func readStream(_ bytes: [UInt8]) throws {
  _ = try withMemoryFile(bytes) { try SafetensorsFile(path: $0) }
}

/// Reads bytes as an index of shards, of which two lie beside it.
func readIndex(_ bytes: [UInt8]) throws {
  let path = scratch.write(bytes, to: "model.safetensors.index.json")
  let checkpoint = try Checkpoint(path: path)
  precondition(checkpoint.parts.count <= 2, "more files than there are")
}

/// Reads an input as a folder of a state: `state.json`, the tensors of `state.safetensors`, and the
/// step that these say they are of.
func readState(_ bytes: [UInt8]) throws {
  let sections = Sections(bytes)
  let step = sections.text("step").filter { !$0.isNewline }
  let folder = StateFolder(path: scratch.path)
  scratch.write(sections["state.json"] ?? [], to: TrainingState.json)
  scratch.write(
    try safetensors(
      DescribedTensor.all(in: sections.text("tensors")), metadata: Metadata(["step": step])),
    to: TrainingState.tensors)
  let state = try folder.state()
  _ = try folder.tensors(
    of: state, weightCount: 4, counts: [("exp_avg", 4), ("exp_avg_sq", 4)])
  let plan = plainRun.plan
  try? state.check(against: plan, folder: "state")
  // The same with the settings of this run, which no input guesses.
  let same = TrainingState(
    step: state.step, updates: state.updates ?? state.step, plan: plan)
  try same.check(against: plan, folder: "state")
  precondition(0...plan.steps ~= state.step, "step \(state.step) of \(plan.steps)")
  precondition(0...state.step ~= state.updates ?? state.step, "\(state)")
}

/// Reads lines of a tensor each as a `--replay`, and each of its batches.
func readReplay(_ bytes: [UInt8]) throws {
  let tensors = DescribedTensor.all(in: String(decoding: bytes, as: UTF8.self))
  let source = try withMemoryFile(safetensors(tensors)) {
    try ReplaySource(path: $0, for: unsafe unet.configuration, on: cpu)
  }
  for total in 0..<min(2, source.batchesPerEpoch) {
    let batch = try source.batch(
      BatchNumber(seed: 0, total: total, index: total, step: total), adapters: nil)
    guard let draws = batch.draws, batch.latents.count <= 1024 else { continue }
    let noised = draws.noised(batch.latents, NoiseSchedule(), .noise)
    let shape = batch.shape
    let latents = Tensor(
      noised.input, shape: [shape.count, shape.height, shape.width, LatentShape.channels], on: cpu)
    let inputs = UNetInputs(
      latents: latents,
      timesteps: Tensor(draws.timesteps.map(Float.init), shape: [shape.count], on: cpu),
      context: batch.context)
    _ = unsafe unet.prediction(of: inputs).values()
  }
}

// Readers are called from one thread.
nonisolated(unsafe) private let unet: UNet = {
  do { return try PretrainedModel(path: fixture("train/tiny-model")).unet(on: cpu) } catch {
    preconditionFailure("\(error)")
  }
}()

/// A folder in memory that this process alone writes to.
private struct Scratch {
  let path = "/dev/shm/lora-fuzz-\(getpid())"

  init() {
    _ = unsafe mkdir(path, 0o700)
    for name in ["a", "b"] {
      let tensor = DescribedTensor("\(name).weight F32 2 2")
      if let bytes = try? safetensors([tensor].compactMap { $0 }) {
        write(bytes, to: "\(name).safetensors")
      }
    }
    atexit {
      for name in [
        "a.safetensors", "b.safetensors", "model.safetensors.index.json", TrainingState.json,
        TrainingState.tensors,
      ] { _ = unsafe unlink("\(scratch.path)/\(name)") }
      _ = unsafe rmdir(scratch.path)
    }
  }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) -> String {
    let path = "\(path)/\(name)"
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(descriptor >= 0, "cannot write \(path)")
    defer { close(descriptor) }
    let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
    precondition(count == bytes.count, "cannot write \(path)")
    return path
  }
}

private let scratch = Scratch()
