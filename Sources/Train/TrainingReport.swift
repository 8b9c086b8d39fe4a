import ArgumentParser
import CommandSupport
import Compute
import Datasets
import Diffusion
import Files
import Images
import JSON

/// The report of a run: its plan, and after it the outcome.
struct TrainingReport: Encodable {
  struct Bucket: Encodable {
    let width: Int
    let height: Int

    /// Repeats included.
    let images: Int
  }

  let steps: Int
  let epochs: Int
  let stepsPerEpoch: Int
  let modules: Int
  let parameters: Int

  /// Pictures, without repeats.
  let images: Int
  let buckets: [Bucket]
  var saves: [String]
  let device: String

  /// The most that is held at a time, counted in a rehearsal; nil without one.
  let memoryBytes: Int?
  let settings: [String: JSONValue]

  /// nil before the run.
  var result: RunOutcome?

  /// The keys of those that were given.
  let ownSettings: [String]

  enum CodingKeys: String, CodingKey {
    case steps, epochs, modules, parameters, images, buckets, saves, device, settings, result
    case stepsPerEpoch = "steps_per_epoch"
    case memoryBytes = "memory_bytes"
    case ownSettings = "own_settings"
  }

  /// - Parameters:
  ///   - memory: nil where it was not measured.
  ///   - saves: In place of those of the plan.
  ///   - options: As given, in place of the plan's settings.
  init(
    _ job: TrainingJob, memory: Int? = nil, saves: [String]? = nil, options: TrainingOptions? = nil
  ) {
    let plan = job.plan
    steps = plan.steps
    epochs = plan.epochs
    stepsPerEpoch = plan.stepsPerEpoch
    modules = job.modules.modules.count
    parameters = job.modules.parameterCount
    images = job.data?.datasets.reduce(0) { $0 + $1.pictures.count } ?? 0
    buckets = (job.data?.datasets ?? []).flatMap(\.buckets).map {
      Bucket(width: $0.size.width, height: $0.size.height, images: $0.pictures.count)
    }
    self.saves = saves ?? plan.saves.all.map(\.file)
    device = job.backend.name
    memoryBytes = memory
    let all = options.map { Setting.all(of: $0) } ?? plan.settings
    settings = Dictionary(
      all.map { ($0.key, $0.value) } + [("seed", .integer(Int(plan.seed)))]
    ) { $1 }
    let defaults = (try? TrainingOptions.parse([])).map { Setting.all(of: $0) } ?? []
    ownSettings = zip(all, defaults).filter { $0 != $1 }.map(\.0.key)
  }

  /// One line before the first step.
  var headline: String {
    "\(counted(steps, "step")) in \(counted(epochs, "epoch")), \(counted(modules, "module")), "
      + "\(counted(parameters, "parameter")), on \(device)"
  }

  /// The report for people: what is done, the settings that were given, and the defaults.
  var text: String {
    var lines = [
      headline,
      "\(counted(images, "picture")), "
        + buckets.map { "\($0.images) at \($0.width) × \($0.height)" }.joined(separator: ", "),
    ]
    if let memoryBytes {
      let place = device == "cpu" ? "memory" : "the GPU's memory"
      lines.append("about \(bytes(memoryBytes)) of \(place)")
    }
    lines.append("saves: \(saves.map(escaped).joined(separator: ", "))")
    let isOwn = Set(ownSettings)
    let shown = settings.sorted { $0.key < $1.key }.filter { $0.value != .null }
    lines += section("set:", shown.filter { isOwn.contains($0.key) })
    lines += section("by default:", shown.filter { !isOwn.contains($0.key) })
    return lines.joined(separator: "\n")
  }

  private func section(_ title: String, _ settings: [(key: String, value: JSONValue)]) -> [String] {
    guard !settings.isEmpty else { return [] }
    return ["", title]
      + settings.map { "  \($0.key) = \((try? json($0.value, .compact)) ?? "")" }
  }
}

/// Why a run cannot go on.
enum TrainingError: Error, Hashable {
  case noModel
  case replay(file: String, String)
  case notFinite(_ quantity: String, step: Int, lastSave: String?)
  case latents(file: String)
  case state(folder: String, String)
  case unsupported(String)
}

extension TrainingError: CustomStringConvertible {
  var description: String {
    switch self {
    case .noModel: "no base model is named; give --model PATH"
    case .replay(let file, let sentence): "\(file): \(sentence)"
    case .notFinite(let quantity, let step, let lastSave):
      "the \(quantity) of step \(step) is not a number; nothing was saved from it"
        + (lastSave.map { ", the last good save is \($0)" } ?? "")
        + "; try a lower --learning-rate, and float32 in place of fp16"
    case .latents(let file):
      "\(file): the VAE gives NaN for it; try another VAE (--vae)"
    case .state(let folder, let sentence): "\(folder): \(sentence)"
    case .unsupported(let sentence): sentence
    }
  }
}
