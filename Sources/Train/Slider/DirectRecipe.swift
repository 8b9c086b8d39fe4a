import Diffusion
import Tensors

/// How an adapter is trained on the difference of pictures itself.
///
/// With the same noise ε at the same timestep t, x of a picture z is a·z + s·ε. At weight w, the
/// pair's span, the network is to find, in x of the second picture, the picture that it finds alone
/// in x of the first, changed by the pair's difference; at weight −w the other way round:
///
///     x̂(x_after; +) = x̂(x_before) + (z_after − z_before)
///     x̂(x_before; −) = x̂(x_after) − (z_after − z_before)
///
/// For a network that predicts noise the targets are its own predictions of the other picture; for
/// one that predicts velocity they are moved by ∓s·(z_after − z_before).
///
/// Other pictures are held still: in what the model draws by itself the adapter is to change
/// nothing where the pair is the same.
///
/// Source: ADDifT (hako-mikan, TrainTrain), with both directions in each step, the targets in the
/// space of pictures, variations of the pair, and still pictures.
struct DirectRecipe: Hashable {
  /// The pictures that a pair is varied to, itself included, and by how much.
  var variations = PictureVariation.Limits()

  /// The weight of what the adapter changes in still pictures; 0 leaves them out.
  var stillness: Float = 0

  /// The still pictures, each drawn for a prompt in turn.
  var stillCount = 16
  var stillPrompts = [""]
}

extension PairSource {
  /// The work of one batch: a still picture, and pairs.
  func lessons(
    _ number: BatchNumber, _ plan: TrainingPlan, _ schedule: NoiseSchedule
  ) throws -> [Lesson] {
    let (before, after, span) = try pair(number)
    let draws = plan.noise.draws(for: before.latents, before.shape, of: number)
    let pair = Lesson.pair(before, after, span: span, draws, plan.loss, schedule)
    guard recipe.stillness > 0 else { return [pair] }
    let still = try still(number)
    let timestep = DrawStream(
      seed: number.seed, purpose: .stillTimestep, step: number.total
    ).integer(below: NoiseSchedule.timestepCount)
    let noise = DrawStream(seed: number.seed, purpose: .stillNoise, step: number.total).generator
      .normals(count: still.latents.count)
    let prepared = PreparedBatch(
      still, StepDraws(timesteps: [timestep], noise: noise, inputNoise: nil), plan.loss, schedule)
    return [
      .still(
        prepared.aimed(at: [Float](repeating: 0, count: noise.count)),
        weight: number.total.isMultiple(of: 2) ? 1 : -1),
      pair,
    ]
  }
}

extension Lesson {
  /// Pairs with what is added to the other picture's prediction in their targets.
  static func pair(
    _ before: TrainingBatch, _ after: TrainingBatch, span: Float, _ draws: StepDraws,
    _ recipe: LossRecipe, _ schedule: NoiseSchedule
  ) -> Lesson {
    let count = before.shape.sampleCount
    let moves = before.latents.indices.map { index -> Float in
      guard recipe.prediction == .velocity else { return 0 }
      let noise = schedule.noiseScale(at: draws.timesteps[index / count])
      return noise * (after.latents[index] - before.latents[index])
    }
    return .pair(
      before: PreparedBatch(before, draws, recipe, schedule).aimed(at: moves),
      after: PreparedBatch(after, draws, recipe, schedule).aimed(at: moves.map { -$0 }),
      span: span)
  }
}

extension PreparedBatch {
  fileprivate func aimed(at target: [Float]) -> PreparedBatch {
    var batch = self
    batch.target = target
    return batch
  }
}
