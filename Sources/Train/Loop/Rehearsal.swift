import Compute
import Datasets
import Diffusion
import Files
import Images

/// A run gone through without computing anything, for `--dry-run`: what it needs is counted, and
/// what would stop it is found.
struct Rehearsal {
  let job: TrainingJob

  /// The most that tensors take at once, on the device.
  let tensorByteCount: Int

  /// The same with what the program itself holds, where the device is the host; else that of the
  /// device.
  let memoryByteCount: Int

  /// - Parameters:
  ///   - pairs: Where the difference of pictures is learned.
  ///   - draws: Whether pictures of the trained size are drawn behind the last step.
  init(
    _ options: TrainingOptions, pairs: (recipe: DirectRecipe, pairs: [PicturePair])? = nil,
    draws: Bool = false, device: ComputeDevice,
    environment: (String) -> String?
  ) throws {
    let (counting, memory) = device.counting()
    job = try TrainingJob(
      options.withoutFilesBesidePictures, pairs: pairs, device: counting,
      environment: environment)
    try job.outputs.check()
    let loop = try TrainingLoop(job)
    let sizes = job.source.keepLargestOfEachSize()
    // One more than there are sizes: batches are made ready while the one before is trained on.
    let steps = (sizes + job.plan.accumulation - 1) / job.plan.accumulation + 1
    for _ in 0..<min(steps, max(1, job.plan.steps - loop.stepsDone)) { _ = try loop.step() }
    try SamplePainter(job)?.rehearse(loop)
    if draws { try Self.draw(job, loop) }
    tensorByteCount = memory.heldByteCount
    memoryByteCount = tensorByteCount + (device.isHost ? residentBytes() ?? 0 : 0)
  }

  /// Does what a slider does with a copy: draws it, and sends its picture through the VAE.
  private static func draw(_ job: TrainingJob, _ loop: TrainingLoop) throws {
    let maker = try PictureMaker(job)
    guard let size = job.data?.largestSize else { return }
    _ = maker.restored(Picture(width: size.width, height: size.height, filledWith: .white))
    var prompt = SamplePrompt(size)
    prompt.steps = 1
    _ = try maker.picture(of: prompt, seed: 0, adapters: loop.currentAdapters)
  }
}

extension TrainingOptions {
  /// The same run without files of latents and captions: what is counted has no numbers.
  fileprivate var withoutFilesBesidePictures: TrainingOptions {
    var options = self
    options.data.cacheLatents = data.cacheLatents || data.cacheLatentsToDisk
    options.data.cacheLatentsToDisk = false
    options.data.cacheTextEncoderOutputsToDisk = false
    return options
  }
}

extension TrainingData {
  /// The bucket of the most pixels.
  fileprivate var largestSize: PixelSize? {
    datasets.flatMap(\.buckets).map(\.size).max { $0.width * $0.height < $1.width * $1.height }
  }

  /// The largest batch of each size in an epoch, sorted by size.
  func largestBatches(epoch: Int, seed: UInt64) -> [[Sample]] {
    Dictionary(grouping: batches(epoch: epoch, seed: seed), by: size)
      .compactMap { $0.value.max { $0.count < $1.count } }
      .sorted { size(of: $0) < size(of: $1) }
  }
}

extension ComputeDevice {
  /// The same device without its work, and what its tensors take.
  fileprivate func counting() -> (device: ComputeDevice, memory: CountedMemory) {
    let memory = CountedMemory(keepsBlocks: isHost)
    func counted(_ backend: any Backend) -> CountingBackend {
      CountingBackend(
        name: backend.name, activationType: backend.activationType, memory: memory)
    }
    let backend = counted(self.backend)
    let exact = self.exact === self.backend ? backend : counted(self.exact)
    return (ComputeDevice(backend, exact: exact, notes: notes), memory)
  }
}
