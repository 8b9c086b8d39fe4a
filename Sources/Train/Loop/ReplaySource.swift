import Compute
import Diffusion
import Safetensors
import Tensors

/// Batches, noise and timesteps from a file: a run that can be compared with any other trainer's.
///
/// `latents` and `noise` [steps, batch, 4, h, w], `timesteps` [steps, batch], `context` [steps,
/// batch, tokens, width]; for SDXL also `pooled` [steps, batch, width] and `time_ids` [steps,
/// batch, 6].
struct ReplaySource: BatchSource {
  private let file: SafetensorsFile
  private let backend: any Backend
  private let latents: Recorded
  private let noise: Recorded
  private let timesteps: Recorded
  private let context: Recorded
  private let pooled: Recorded?
  private let timeIDs: Recorded?

  /// A tensor of which each step takes one slice.
  private struct Recorded {
    let values: [Float]

    /// Without the steps.
    let extents: [Int]

    func slice(_ step: Int) -> [Float] {
      let count = extents.reduce(1, *)
      return Array(values[step * count..<(step + 1) * count])
    }
  }

  let batchesPerEpoch: Int
  let preparationCount = 0

  init(path: String, kind: PretrainedModel.Kind, on backend: any Backend) throws {
    let file = try SafetensorsFile(path: path)
    func recorded(_ name: String, rank: Int) throws -> Recorded {
      let entry = try file.entry(name)
      let extents = entry.shape.extents
      guard extents.count == rank, extents[0] > 0 else {
        throw TrainingError.replay(
          file: path, "'\(name)' has shape \(entry.shape), not \(rank) extents")
      }
      return Recorded(values: try file.floats(entry), extents: Array(extents.dropFirst()))
    }
    self.file = file
    self.backend = backend
    latents = try recorded("latents", rank: 5)
    noise = try recorded("noise", rank: 5)
    timesteps = try recorded("timesteps", rank: 2)
    context = try recorded("context", rank: 4)
    pooled = kind == .sdxl ? try recorded("pooled", rank: 3) : nil
    timeIDs = kind == .sdxl ? try recorded("time_ids", rank: 3) : nil
    batchesPerEpoch = try file.entry("latents").shape.extents[0]
    try check(path)
  }

  /// Throws unless all tensors are of the same steps and batches.
  private func check(_ path: String) throws(TrainingError) {
    let count = latents.extents[0]
    let all = [latents, noise, timesteps, context] + [pooled, timeIDs].compactMap { $0 }
    let steps = all.map { $0.values.count / max(1, $0.extents.reduce(1, *)) }
    guard latents.extents == noise.extents, latents.extents[1] == LatentShape.channels,
      all.allSatisfy({ $0.extents[0] == count }), Set(steps).count == 1
    else {
      throw .replay(file: path, "its tensors are not of the same steps, batches and sizes")
    }
    guard timesteps.values.allSatisfy({ (0..<1000).contains($0) }) else {
      throw .replay(file: path, "a timestep lies outside 0 to 999")
    }
  }

  func prepare(progress: () -> Void) {}

  func batch(_ number: BatchNumber) throws -> TrainingBatch {
    guard number.total < batchesPerEpoch else {
      throw TrainingError.replay(
        file: file.path, "holds \(batchesPerEpoch) batches; --max-train-steps asks for more")
    }
    let step = number.total
    let extents = latents.extents
    let shape = LatentShape(count: extents[0], height: extents[2], width: extents[3])
    return TrainingBatch(
      shape: shape, latents: channelsLast(latents.slice(step), shape),
      conditioning: Conditioning(
        context: tensor(context, step), pooled: pooled.map { tensor($0, step) },
        timeIDs: timeIDs.map { tensor($0, step) }),
      weights: [Float](repeating: 1, count: shape.count), mask: nil,
      draws: StepDraws(
        timesteps: timesteps.slice(step).map { Int($0) },
        noise: channelsLast(noise.slice(step), shape), inputNoise: nil))
  }

  private func tensor(_ recorded: Recorded, _ step: Int) -> Tensor {
    Tensor(recorded.slice(step), shape: Shape(recorded.extents), on: backend)
  }

  private func channelsLast(_ values: [Float], _ shape: LatentShape) -> [Float] {
    let pixels = shape.height * shape.width
    var result = values
    for sample in 0..<shape.count {
      for pixel in 0..<pixels {
        for channel in 0..<LatentShape.channels {
          result[sample * shape.sampleCount + pixel * LatentShape.channels + channel] =
            values[sample * shape.sampleCount + channel * pixels + pixel]
        }
      }
    }
    return result
  }
}
