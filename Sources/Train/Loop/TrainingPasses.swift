import Compute
import Diffusion
import Tensors

/// One piece of a step's work.
enum Lesson {
  /// Pictures to learn.
  case pictures(PreparedBatch)

  /// Pairs whose difference is learned, with the same noise at the same timesteps in both.
  case pair(before: PreparedBatch, after: PreparedBatch, span: Float)

  /// Pictures that the adapter is to leave alone at a weight.
  case still(PreparedBatch, weight: Float)

  /// Whether its loss flows back into the text encoders too.
  var trainsText: Bool {
    if case .pictures(let prepared) = self { prepared.batch.context.node != nil } else { false }
  }
}

/// The passes over the network: lessons in, gradients and losses out.
final class TrainingPasses {
  private let job: TrainingJob
  private let adapters: DeviceAdapters
  private let tape: Tape

  /// The gradient that a loss starts with.
  private let seed: Tensor
  private let loss: Tensor

  /// The loss of pairs without the adapters.
  private let lossOfNothing: Tensor
  private let half: Tensor
  private var tensors: [String: BatchTensors] = [:]

  init(_ job: TrainingJob, _ adapters: DeviceAdapters, _ tape: Tape) {
    (self.job, self.adapters, self.tape) = (job, adapters, tape)
    seed = Tensor(zeros: [1], on: job.backend)
    loss = Tensor(zeros: [1], on: job.backend)
    lossOfNothing = Tensor(zeros: [1], on: job.backend)
    half = Tensor([0.5], shape: [1], on: job.backend)
  }

  /// Sends the gradient that a loss starts with: a lesson's share of the step, times the scale of the
  /// loss.
  func send(share: Float) { seed.write([share]) }

  /// Adds a lesson's gradient to that of the step, and writes its loss.
  ///
  /// - Parameter update: What follows in the same piece of work, where the lesson is a whole step.
  func accumulate(_ lesson: Lesson, update: (() -> Void)? = nil) {
    switch lesson {
    case .pictures(let prepared) where lesson.trainsText:
      // What the text encoders computed is on the tape already, and differs from step to step.
      let tensors = sent(prepared)
      pass(tensors, tensors.inputs(textOf: prepared.batch))
    case .pictures(let prepared):
      let tensors = sent(prepared)
      repeating(tensors, update) { pass(tensors, tensors.inputs) }
    case .pair(let before, let after, let span):
      let (before, after) = (
        sent(before, as: "before \(span), "), sent(after, as: "after \(span), ")
      )
      repeating(after, update) { pass(before: before, after: after, span: span) }
    case .still(let prepared, let weight):
      let tensors = sent(prepared, as: "still at \(weight), ")
      repeating(tensors, update) { pass(still: tensors, weight: weight) }
    }
  }

  private func repeating(
    _ tensors: BatchTensors, _ update: (() -> Void)?, _ pass: () -> Void
  ) {
    guard let update else { return job.backend.repeating(tensors.work, pass) }
    job.backend.repeating(tensors.wholeStep) {
      pass()
      update()
    }
  }

  /// The tensors of a batch's shape, which hold the batch now.
  private func sent(_ prepared: PreparedBatch, as role: String = "") -> BatchTensors {
    let key = role + BatchTensors.key(of: prepared)
    let tensors = tensors[key] ?? BatchTensors(like: prepared, on: job.backend)
    self.tensors[key] = tensors
    tensors.write(prepared)
    return tensors
  }

  /// The loss that the device has computed last, and that of a network that has learned nothing; nil
  /// for pictures that are left alone.
  func losses(of lesson: Lesson) -> (own: Double, ofNothing: Double)? {
    switch lesson {
    case .pictures(let batch):
      (Double(loss.values()[0]), batch.lossOfNothing(job.plan.loss.distance))
    case .pair: (Double(loss.values()[0]), Double(lossOfNothing.values()[0]))
    case .still: nil
    }
  }
}

extension TrainingPasses {
  private func pass(_ tensors: BatchTensors, _ inputs: UNetInputs) {
    job.backend.copy(teach(tensors, inputs, adapters), into: loss)
  }

  /// Adds the gradient of a batch at the adapters' strength.
  ///
  /// - Returns: The loss.
  private func teach(
    _ tensors: BatchTensors, _ inputs: UNetInputs, _ adapters: DeviceAdapters
  ) -> Tensor {
    let prediction = job.unet.prediction(
      of: inputs, adapters: adapters, checkpointing: job.plan.recomputesActivations)
    let loss = loss(of: prediction, tensors)
    tape.backward(from: loss, gradient: seed)
    tape.reset()
    return loss
  }

  /// Teaches both directions of pairs with one noise.
  ///
  /// The gradient is odd in the update: only what differs between the pictures is learned, and all that
  /// both directions would change alike is not.
  private func pass(before: BatchTensors, after: BatchTensors, span: Float) {
    let alone = (
      before: job.unet.prediction(of: before.inputs), after: job.unet.prediction(of: after.inputs)
    )
    add(alone.before, to: before)
    add(alone.after, to: after)
    job.backend.copy(loss(of: alone.after, after), into: lossOfNothing)
    let losses = [(before, span), (after, -span)].map { tensors, weight in
      teach(tensors, tensors.inputs, adapters.trained(at: weight))
    }
    job.backend.add(losses[0], losses[1], into: loss)
    job.backend.scale(loss, by: half, into: loss)
  }

  /// Takes back what the adapter changes in pictures that it is to leave alone.
  private func pass(still tensors: BatchTensors, weight: Float) {
    add(job.unet.prediction(of: tensors.inputs), to: tensors)
    _ = teach(tensors, tensors.inputs, adapters.trained(at: weight))
  }

  /// Adds a prediction to a target, which holds what else it is made of.
  private func add(_ prediction: Tensor, to tensors: BatchTensors) {
    let answer = Tensor(
      shape: tensors.target.shape, elementType: .float32, on: job.backend)
    job.backend.copy(prediction, into: answer)
    job.backend.add(tensors.target, answer, into: tensors.target)
  }

  private func loss(of prediction: Tensor, _ tensors: BatchTensors) -> Tensor {
    prediction.loss(
      job.plan.loss.distance, target: tensors.target, weights: tensors.weights,
      thresholds: tensors.thresholds, mask: tensors.mask
    ).mean
  }
}
