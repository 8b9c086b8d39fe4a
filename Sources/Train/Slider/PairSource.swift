import CommandSupport
import Compute
import Diffusion
import Images
import Tensors

/// Batches of a slider's pairs, varied, and of pictures that the model draws by itself.
final class PairSource: BatchSource {
  private let pairs: [PicturePair]
  let recipe: DirectRecipe
  private let maker: PictureMaker
  private let plan: TrainingPlan
  private var known: [Key: Encoded] = [:]
  private var still: [Own] = []

  private struct Key: Hashable {
    let pair: Int
    let variation: Int
  }

  /// Scaled latents `[height, width, 4]`.
  private struct Encoded {
    let before: [Float]
    let after: [Float]

    /// 1 where the pictures differ, else 0; `[height, width]`.
    let change: [Float]
  }

  /// A picture of the model's own.
  private struct Own {
    let latents: [Float]
    let size: PixelSize
    let prompt: String
  }

  init(
    _ pairs: [PicturePair], _ recipe: DirectRecipe, _ maker: PictureMaker, _ plan: TrainingPlan
  ) {
    (self.pairs, self.recipe, self.maker, self.plan) = (pairs, recipe, maker, plan)
  }

  var batchesPerEpoch: Int { plan.batchesPerEpoch }

  var preparationCount: Int {
    pairs.count * recipe.variations.count + (recipe.stillness > 0 ? recipe.stillCount : 0)
  }

  func prepare(progress: () -> Void) throws {
    for pair in pairs.indices {
      for variation in 0..<recipe.variations.count {
        _ = try encoded(Key(pair: pair, variation: variation))
        progress()
      }
    }
    while recipe.stillness > 0, still.count < recipe.stillCount {
      try Interruption.check()
      still.append(try drawn(still.count))
      progress()
    }
  }

  func keepLargestOfEachSize() -> Int { pairs.count }

  func batch(_ number: BatchNumber, adapters: DeviceAdapters?) throws -> TrainingBatch {
    try pair(number).before
  }

  /// Pairs of one size with one noise.
  func pair(
    _ number: BatchNumber
  ) throws -> (before: TrainingBatch, after: TrainingBatch, span: Float) {
    let pair = number.total % pairs.count
    let first = number.total / pairs.count * plan.batchCount
    let samples = try (first..<first + plan.batchCount).map {
      try encoded(Key(pair: pair, variation: $0 % recipe.variations.count))
    }
    let size = pairs[pair].size
    func batch(_ latents: [Float]) throws -> TrainingBatch {
      try self.batch(
        latents, size, count: samples.count, caption: pairs[pair].caption, mask: nil, weight: 1)
    }
    return (
      try batch(samples.flatMap(\.before)), try batch(samples.flatMap(\.after)), pairs[pair].span
    )
  }

  /// A picture of the model's own; the places that the pair in turn changes have no loss.
  func still(_ number: BatchNumber) throws -> TrainingBatch {
    if still.isEmpty { still = [try drawn(0)] }
    let own = still[number.total % still.count]
    let change = try encoded(Key(pair: number.total % pairs.count, variation: 0)).change
    let count = own.latents.count / LatentShape.channels
    return try batch(
      own.latents, own.size, count: 1, caption: own.prompt,
      mask: count == change.count ? change.map { 1 - $0 } : nil,
      weight: recipe.stillness)
  }

  private func batch(
    _ latents: [Float], _ size: PixelSize, count: Int, caption: String, mask: [Float]?,
    weight: Float
  ) throws -> TrainingBatch {
    let factor = maker.vae.configuration.downscaling
    let state = try maker.text.state(of: [String](repeating: caption, count: count))
    return TrainingBatch(
      shape: LatentShape(count: count, height: size.height / factor, width: size.width / factor),
      latents: latents, context: state.context, pooled: state.pooled,
      timeIDs: maker.timeIDs(of: size, count: count),
      weights: [Float](repeating: weight, count: count), mask: mask, draws: nil)
  }

  private func drawn(_ index: Int) throws -> Own {
    let size = pairs[index % pairs.count].size
    var prompt = SamplePrompt(size)
    prompt.prompt = recipe.stillPrompts[index % recipe.stillPrompts.count]
    prompt.scale = prompt.prompt.isEmpty ? 1 : 3
    let seed = UInt32(truncatingIfNeeded: UInt64(plan.seed) &* 1000 &+ UInt64(index))
    return Own(
      latents: try maker.latents(of: prompt, seed: seed), size: size, prompt: prompt.prompt)
  }

  private func encoded(_ key: Key) throws -> Encoded {
    if let encoded = known[key] { return encoded }
    let (pair, vae) = (pairs[key.pair], maker.vae)
    let (width, height) = (pair.size.width, pair.size.height)
    let variation = PictureVariation(key.variation, of: recipe.variations, seed: UInt64(plan.seed))
    let moved = [pair.before, pair.after].map {
      variation.moved($0.signedValues, width: width, height: height)
    }
    let latents = try moved.map { values -> [Float] in
      let mean = vae.encode(
        Tensor(variation.coloured(values), shape: [1, height, width, 3], on: vae.backend)
      ).mean.values()
      guard mean.allSatisfy(\.isFinite) else { throw TrainingError.latents(file: pair.files.after) }
      return mean.map { $0 * vae.configuration.scalingFactor }
    }
    let change = change(moved[0], moved[1], width, height, vae.configuration.downscaling)
    let encoded = Encoded(before: latents[0], after: latents[1], change: change)
    known[key] = encoded
    return encoded
  }

  /// 1 at each latent that has a pixel that differs clearly, or that has such a neighbour; else 0.
  private func change(
    _ before: [Float], _ after: [Float], _ width: Int, _ height: Int, _ factor: Int
  ) -> [Float] {
    let (columns, rows) = (width / factor, height / factor)
    let limit = Float(PictureDifference.noiseLimit) / 127.5
    var changed = [Bool](repeating: false, count: columns * rows)
    for index in before.indices where abs(before[index] - after[index]) > limit {
      let (x, y) = (index / 3 % width, index / 3 / width)
      changed[min(rows - 1, y / factor) * columns + min(columns - 1, x / factor)] = true
    }
    return changed.indices.map { index in
      let (x, y) = (index % columns, index / columns)
      for row in max(0, y - 1)...min(rows - 1, y + 1) {
        for column in max(0, x - 1)...min(columns - 1, x + 1) where changed[row * columns + column]
        {
          return 1
        }
      }
      return 0
    }
  }
}
