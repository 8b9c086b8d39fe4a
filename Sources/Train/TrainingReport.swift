import Adapters
import CommandSupport
import Compute
import Diffusion
import Images

/// What a run does, said before it is done.
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
  let saves: [String]
  let device: String

  /// An estimate, of the most that is held at a time.
  let memoryBytes: Int
  let settings: [String: JSONValue]

  enum CodingKeys: String, CodingKey {
    case steps
    case epochs
    case stepsPerEpoch = "steps_per_epoch"
    case modules
    case parameters
    case images
    case buckets
    case saves
    case device
    case memoryBytes = "memory_bytes"
    case settings
  }

  init(_ job: TrainingJob) {
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
    saves = plan.saves.all.map(\.file)
    device = job.backend.name
    memoryBytes = Self.memory(job)
    settings = Dictionary(
      Setting.all(of: job.options).map { ($0.key, $0.value.json) }
        + [("seed", .integer(Int(plan.seed)))]
    ) { $1 }
  }

  /// What is held now, the optimiser's four numbers a weight, and the activations of a step: about
  /// 190 numbers a pixel of a latent and channel of the first level, an eighth of that where
  /// they are computed again.
  private static func memory(_ job: TrainingJob) -> Int {
    let largest =
      (job.data?.datasets ?? []).flatMap(\.buckets).map { $0.size.width * $0.size.height }.max()
      ?? 0
    let factor = job.vae?.configuration.downscaling ?? 8
    let pixels = largest / (factor * factor) * job.plan.batchCount
    let channels = job.unet.configuration.channels.first ?? 320
    let activations = pixels * channels * 190 * 4
    let kept = job.options.machine.gradientCheckpointing ? activations / 8 : activations
    return (residentBytes() ?? 0) + job.modules.parameterCount * 16 + kept
  }

  /// Refuses a run that the machine cannot hold.
  func checkMemory(on backend: any Backend) throws(TrainingError) {
    try MachineMemory.check(
      memoryBytes, on: backend,
      remedy: "lower --resolution or --train-batch-size, or use --gradient-checkpointing")
  }

  /// One line before the first step.
  var headline: String {
    "\(counted(steps, "step")) in \(counted(epochs, "epoch")), \(counted(modules, "module")), "
      + "\(counted(parameters, "parameter")), on \(device)"
  }

  /// The report for people.
  var text: String {
    var lines = [
      headline,
      "\(counted(images, "picture")), "
        + buckets.map { "\($0.images) at \($0.width) × \($0.height)" }.joined(separator: ", "),
      "about \(bytes(memoryBytes)) of memory", "saves: \(saves.joined(separator: ", "))", "",
    ]
    for (key, value) in settings.sorted(by: { $0.key < $1.key }) where value != .null {
      lines.append("\(key) = \((try? compactJSON(value)) ?? "")")
    }
    return lines.joined(separator: "\n")
  }
}
