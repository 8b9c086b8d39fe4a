import CommandSupport
import Compute
import Diffusion
import Files
import JSON

/// A run as its user sees it: steps, saves, the log, the progress line, and a way to stop.
struct TrainingSession {
  let job: TrainingJob
  let loop: TrainingLoop
  let quiet: Bool

  /// The name of the last save, and of the saves of an interrupted run.
  private let results: OutputName
  private let copy: SliderCopy?
  private let log: LineFile?
  private let painter: SamplePainter?

  /// - Parameters:
  ///   - copy: Which of a slider's two copies this is.
  ///   - results: Where its result goes, where that is not the plan's own place.
  init(
    _ job: TrainingJob, quiet: Bool, copy: SliderCopy? = nil, results: OutputName? = nil
  ) throws {
    self.job = job
    self.quiet = quiet
    self.copy = copy
    self.results = results ?? job.plan.saves.output
    loop = try TrainingLoop(job)
    painter = try SamplePainter(job)
    // Found out now, not at the first save.
    var outputs = job.outputs
    outputs.addFile(self.results.directory + self.results.final)
    try outputs.prepare()
    log = try job.plan.logPath.map { path throws(FileError) in
      try LineFile(path: path, appends: job.resumed != nil || copy == .after)
    }
  }

  /// The values that change from step to step.
  private struct Course {
    let start = ContinuousClock.now
    var average: LossAverage
    var watch = DivergenceWatch()
    var line: StatusLine
    var record: SaveRecord
    var loss: Double?
    var saved: SavedAdapter?
    var state: String?
  }

  /// Trains to the end, or until a signal comes, and saves the weights of that step.
  func run() throws -> RunOutcome {
    let first = loop.stepsDone
    var course = Course(
      average: LossAverage(batchesPerEpoch: job.plan.batchesPerEpoch),
      line: StatusLine(quiet: quiet),
      record: SaveRecord(
        folder: job.plan.saves.output.directory, earlier: job.resumed?.state.saves ?? []))
    try prepare()
    do {
      if first == 0, job.plan.samples?.atFirst == true { try painter?.paint(step: 0, loop) }
      Interruption.savesFirst()
      try train(from: first, &course)
    } catch is Interrupted {
      course.line.clear()
    }
    if loop.stepsDone < job.plan.steps {
      if loop.stepsDone > first { try stop(&course) }
    } else if first == job.plan.steps {
      try write(job.plan.saves.final, &course)
    }
    return RunOutcome(
      step: loop.stepsDone, steps: job.plan.steps, loss: course.loss,
      seconds: (ContinuousClock.now - course.start).inSeconds, modules: job.modules.modules.count,
      file: course.saved?.file, byteCount: course.saved?.byteCount,
      modelHash: course.saved?.modelHash, state: course.state, divergedAt: course.watch.step,
      exitStatus: Interruption.exitStatus)
  }

  private func train(from first: Int, _ course: inout Course) throws {
    while loop.stepsDone < job.plan.steps {
      try Interruption.check()
      let record = try step(&course)
      try log?.write(json(record, .compact))
      course.line.update { record.text(of: job.plan.steps, first: first) }
      for save in job.plan.saves.saves(after: record.step) { try write(save, &course) }
      if job.plan.samples?.isDue(after: record.step) == true {
        course.line.clear()
        try painter?.paint(step: record.step, loop)
      }
    }
    course.line.clear()
  }

  /// Encodes the pictures: what is wrong with one of them is found now.
  private func prepare() throws {
    let progress = Progress("encoding", total: job.source.preparationCount, quiet: quiet)
    try job.source.prepare { progress.advance() }
    progress.finish()
  }

  private func step(_ course: inout Course) throws -> StepRecord {
    let result = try loop.step()
    let average = course.average.add(result.loss)
    course.loss = average
    let warning = course.watch.warning(
      after: loop.stepsDone, loss: result.loss, ofNothing: result.lossOfNothing)
    if let warning, !quiet {
      course.line.clear()
      Terminal.note(warning)
    }
    return StepRecord(
      copy: copy, step: loop.stepsDone, epoch: epoch(of: loop.stepsDone), loss: result.loss,
      averageLoss: average, learningRate: result.learningRate,
      gradientNorm: result.gradientNorm,
      seconds: (ContinuousClock.now - course.start).inSeconds,
      memory: job.backend.heldByteCount)
  }

  /// The epoch that a step belongs to, counted from 1.
  private func epoch(of step: Int) -> Int {
    max(1, (step + job.plan.stepsPerEpoch - 1) / job.plan.stepsPerEpoch)
  }

  private func write(_ save: SavePlan.Save, _ course: inout Course) throws {
    let folder = job.plan.saves.output.directory
    let isLast = save.occasion == .final
    course.saved = try writeAdapter(
      to: isLast ? results.directory + results.final : folder + save.file)
    loop.lastSave = course.saved?.file
    if !isLast { try course.record.insert(save.file) }
    if let state = save.state {
      try course.record.insert(state)
      try loop.saveState(in: folder + state, saves: course.record.paths)
    }
    if let old = save.removedFile, try course.record.remove(old) {
      try remove(at: folder + old)
    }
    if let old = save.removedState, try course.record.remove(old) {
      try StateFolder(path: folder + old).remove()
    }
  }

  private func writeAdapter(to path: String) throws -> SavedAdapter {
    let (step, weights) = (loop.stepsDone, loop.weights)
    guard weights.allSatisfy(\.isFinite) else {
      throw TrainingError.notFinite("update", step: step, lastSave: loop.lastSave)
    }
    return try SavedAdapter(
      writing: job.result(weights).plan, to: path,
      as: job.plan.saves.type,
      metadata: job.metadata.entries(step: step, epoch: epoch(of: step)))
  }

  /// Saves what there is, with a state to go on from, under the names of its step: the name of the
  /// result is that of a whole run.
  private func stop(_ course: inout Course) throws {
    let file = results.step(loop.stepsDone)
    let state = results.directory + results.state(of: file)
    course.saved = try writeAdapter(to: results.directory + file)
    try loop.saveState(in: state, saves: course.record.paths)
    course.state = state
  }
}

extension Duration {
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
