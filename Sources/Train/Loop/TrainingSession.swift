import CommandSupport
import Compute
import Diffusion
import Files

/// A run as its user sees it: steps, saves, the log, the progress line, and a way to stop.
struct TrainingSession {
  let job: TrainingJob
  let loop: TrainingLoop
  let quiet: Bool
  private let log: LineFile?
  private let painter: SamplePainter?

  init(_ job: TrainingJob, quiet: Bool) throws {
    self.job = job
    self.quiet = quiet
    loop = try TrainingLoop(job)
    painter = try SamplePainter(job)
    // Found out now, not at the first save.
    try job.outputs.prepare()
    log = try job.logPath.map { path throws(FileError) in
      try LineFile(path: path, appends: job.resumed != nil)
    }
  }

  /// Trains to the end, or until a signal comes.
  ///
  /// - Returns: The exit status: 0, or 130 or 143 after a signal.
  func run() throws -> Int32 {
    let interruption = Interruption()
    let start = ContinuousClock.now
    let first = loop.stepsDone
    var average = LossAverage(batchesPerEpoch: job.plan.batchesPerEpoch)
    var line = StatusLine(quiet: quiet)
    var lastSave: String?
    try prepare()
    if first == 0, job.options.samples.sampleAtFirst { try painter?.paint(step: 0, loop) }
    while loop.stepsDone < job.plan.steps {
      let record = try step(lastSave, since: start, &average)
      try log?.write(compactJSON(record))
      line.update { record.text(of: job.plan.steps, first: first) }
      for save in job.plan.saves.saves(after: record.step) {
        try write(save)
        lastSave = save.file
      }
      if painter?.isDue(after: record.step, job) == true {
        line.clear()
        try painter?.paint(step: record.step, loop)
      }
      if let status = interruption.exitStatus, record.step < job.plan.steps {
        line.clear()
        try stop(at: record.step)
        return status
      }
    }
    line.clear()
    if first == job.plan.steps { try write(job.plan.saves.final) }
    return 0
  }

  /// Encodes the pictures: what is wrong with one of them is found now.
  private func prepare() throws {
    let progress = Progress("encoding", total: job.source.preparationCount, quiet: quiet)
    try job.source.prepare { progress.advance() }
    progress.finish()
  }

  private func step(
    _ lastSave: String?, since start: ContinuousClock.Instant, _ average: inout LossAverage
  ) throws -> StepRecord {
    let values: (loss: Double, gradientNorm: Double, learningRate: Double)
    do {
      values = try loop.step()
    } catch TrainingError.notFinite(let quantity, let step, _) {
      throw TrainingError.notFinite(quantity, step: step, lastSave: lastSave)
    }
    return StepRecord(
      step: loop.stepsDone, epoch: epoch(of: loop.stepsDone), loss: values.loss,
      averageLoss: average.add(values.loss), learningRate: values.learningRate,
      gradientNorm: values.gradientNorm, seconds: (ContinuousClock.now - start).inSeconds,
      memory: job.backend.heldByteCount)
  }

  /// The epoch that a step belongs to, counted from 1.
  private func epoch(of step: Int) -> Int {
    max(1, (step + job.plan.stepsPerEpoch - 1) / job.plan.stepsPerEpoch)
  }

  private func write(_ save: SavePlan.Save) throws {
    let folder = job.plan.saves.output.directory
    try writeAdapter(to: folder + save.file)
    if let state = save.state { try loop.saveState(in: folder + state) }
    if let old = save.removedFile { try remove(at: folder + old) }
    if let old = save.removedState { try remove(at: folder + old) }
  }

  private func writeAdapter(to path: String) throws {
    let (step, weights) = (loop.stepsDone, loop.weights)
    guard weights.allSatisfy(\.isFinite) else {
      throw TrainingError.notFinite("update", step: step, lastSave: nil)
    }
    let file = AdapterFile(
      modules: job.modules, values: weights,
      type: (job.options.saving.savePrecision ?? .float).elementType)
    try file.write(to: path, metadata: job.metadata.entries(step: step, epoch: epoch(of: step)))
  }

  /// Saves what there is, under the final name, with a state to go on from.
  private func stop(at step: Int) throws {
    let output = job.plan.saves.output
    let state = output.directory + output.state(of: output.step(step))
    try writeAdapter(to: output.directory + output.final)
    try loop.saveState(in: state)
    Terminal.note(
      "stopped after step \(step) of \(job.plan.steps); \(output.directory + output.final) is "
        + "saved; \(state) holds what --resume needs to go on")
  }
}

extension Duration {
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
