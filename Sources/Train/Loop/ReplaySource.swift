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

  /// A tensor with one slice per step.
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

  /// - Parameter unet: Of the model that is trained, whose text's widths the file must have.
  init(path: String, for unet: UNetConfiguration, on backend: any Backend) throws {
    let file = try SafetensorsFile(path: path)
    /// Reads a tensor of these extents; `nil` stands for any from 1.
    func recorded(_ name: String, _ wanted: [Int?]) throws -> Recorded {
      let entry = try file.entry(name)
      let extents = entry.shape.extents
      guard extents.count == wanted.count,
        zip(extents, wanted).allSatisfy({ $0 > 0 && $0 == $1 ?? $0 })
      else {
        let text = wanted.map { $0.map(String.init) ?? "n" }.joined(separator: ", ")
        throw TrainingError.replay(
          file: path, "'\(name)' is \(entry.shape), not [\(text)] as its latents and the model ask")
      }
      let values = try file.floats(entry)
      guard values.allSatisfy(\.isFinite) else {
        throw TrainingError.replay(file: path, "'\(name)' holds NaN or infinity")
      }
      return Recorded(values: values, extents: Array(extents.dropFirst()))
    }
    self.file = file
    self.backend = backend
    latents = try recorded("latents", [nil, nil, LatentShape.channels, nil, nil])
    batchesPerEpoch = try file.entry("latents").shape.extents[0]
    let places: [Int?] = [batchesPerEpoch, latents.extents[0]]
    noise = try recorded("noise", [batchesPerEpoch] + latents.extents)
    timesteps = try recorded("timesteps", places)
    // A U-Net without attention looks at no text.
    context = try recorded(
      "context", places + [nil, unet.contextWidth == 0 ? nil : unet.contextWidth])
    pooled = try unet.added.map { try recorded("pooled", places + [$0.pooledWidth]) }
    timeIDs = try unet.added.map { _ in try recorded("time_ids", places + [6]) }
    let last = Float(NoiseSchedule.timestepCount - 1)
    guard timesteps.values.allSatisfy({ 0...last ~= $0 }) else {
      throw TrainingError.replay(file: path, "a timestep lies outside 0 to 999")
    }
  }

  func prepare(progress: () -> Void) {}

  /// All batches of a file have one size.
  func keepLargestOfEachSize() -> Int { 1 }

  func batch(_ number: BatchNumber, adapters: DeviceAdapters?) throws -> TrainingBatch {
    guard number.total < batchesPerEpoch else {
      throw TrainingError.replay(
        file: file.path, "holds \(batchesPerEpoch) batches; --max-train-steps asks for more")
    }
    let step = number.total
    let extents = latents.extents
    let shape = LatentShape(count: extents[0], height: extents[2], width: extents[3])
    return TrainingBatch(
      shape: shape, latents: channelsLast(latents.slice(step), shape),
      context: tensor(context, step), pooled: pooled.map { tensor($0, step) },
      timeIDs: timeIDs.map { tensor($0, step) },
      weights: [Float](repeating: 1, count: shape.count), mask: nil,
      draws: StepDraws(
        timesteps: timesteps.slice(step).map { Int($0) },
        noise: channelsLast(noise.slice(step), shape), inputNoise: nil))
  }

  private func tensor(_ recorded: Recorded, _ step: Int) -> Tensor {
    Tensor(recorded.slice(step), shape: Shape(recorded.extents), on: backend)
  }

  private func channelsLast(_ values: [Float], _ shape: LatentShape) -> [Float] {
    Diffusion.channelsLast(values, shape.count, LatentShape.channels, shape.height * shape.width)
  }
}
