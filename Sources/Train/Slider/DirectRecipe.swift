import Diffusion
import Tensors

/// How an adapter is trained on the difference of pictures itself.
///
/// With the same noise ε at the same timestep t, x of a picture z is a·z + s·ε. At weight w, the
/// pair's span, the network is to find in x of the first picture what it finds alone, changed by the
/// pair's difference; at weight −w the other way round:
///
///     x̂(x_before; +) = x̂(x_before) + (z_after − z_before)
///     x̂(x_after; −) = x̂(x_after) − (z_after − z_before)
///
/// A network that predicts noise moves its answer by ∓a/s·(z_after − z_before), one that predicts
/// velocity by ∓(z_after − z_before)/s. The loss is that of the pictures x̂, so that all timesteps
/// count alike in the picture.
///
/// Other pictures are held still: in what the model draws by itself the adapter is to change
/// nothing where the pair is the same.
///
/// Source: ADDifT (hako-mikan, TrainTrain) has x̂(x_after; +) = x̂(x_before) + (z_after − z_before),
/// which teaches little where the noise is low and the network sees the change already. PairEdit
/// moves what is found in the same x, as here. Both directions in each step, the loss of pictures,
/// the choice of layers, variations and still pictures are added.
struct DirectRecipe: Hashable {
  /// Resolved: not `auto`.
  var layers = SliderLayers.deep

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
    var prepared = PreparedBatch(
      still, StepDraws(timesteps: [timestep], noise: noise, inputNoise: nil), plan.loss, schedule)
    prepared.target = [Float](repeating: 0, count: noise.count)
    prepared.weighPictures(plan.loss.prediction, schedule)
    return [.still(prepared, weight: number.total.isMultiple(of: 2) ? 1 : -1), pair]
  }
}

extension Lesson {
  /// Pairs with what their targets add to the network's own predictions.
  static func pair(
    _ before: TrainingBatch, _ after: TrainingBatch, span: Float, _ draws: StepDraws,
    _ recipe: LossRecipe, _ schedule: NoiseSchedule
  ) -> Lesson {
    let count = before.shape.sampleCount
    let slopes = draws.timesteps.map { schedule.slope(of: recipe.prediction, at: $0) }
    let moves = before.latents.indices.map { index in
      (before.latents[index] - after.latents[index]) / slopes[index / count]
    }
    func batch(_ pictures: TrainingBatch, _ moves: [Float]) -> PreparedBatch {
      var batch = PreparedBatch(pictures, draws, recipe, schedule)
      batch.target = moves
      batch.weighPictures(recipe.prediction, schedule)
      return batch
    }
    return .pair(before: batch(before, moves), after: batch(after, moves.map { -$0 }), span: span)
  }
}

extension PreparedBatch {
  /// Makes the loss of answers one of the pictures that are found by them.
  fileprivate mutating func weighPictures(_ prediction: Prediction, _ schedule: NoiseSchedule) {
    weights = zip(weights, timesteps).map { weight, timestep in
      let slope = schedule.slope(of: prediction, at: timestep)
      return weight * slope * slope
    }
  }
}

extension NoiseSchedule {
  /// How far the picture that is found moves back when the network's answer grows by 1: s/a for noise,
  /// s for velocity.
  fileprivate func slope(of prediction: Prediction, at timestep: Int) -> Float {
    let (signal, noise) = (signalScale(at: timestep), noiseScale(at: timestep))
    return prediction == .velocity ? noise : noise / signal
  }
}
