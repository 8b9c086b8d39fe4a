import CommandSupport
import Compute
import Datasets
import Diffusion
import Glibc
import Images

/// The memory of the machine, and the refusal of work that exceeds it.
enum MachineMemory {
  /// Bytes of main memory.
  static var byteCount: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

  /// Refuses work that main memory cannot hold; a device's own memory says so itself.
  ///
  /// - Parameter remedy: What makes it smaller.
  static func check(
    _ needed: Int, on backend: any Backend, remedy: String
  ) throws(TrainingError) {
    guard backend.name == "cpu", needed > byteCount else { return }
    throw .unsupported(
      "about \(bytes(needed)) of memory are needed, and the machine has \(bytes(byteCount)); \(remedy)"
    )
  }
}

extension VAE {
  /// Bytes that decoding a picture takes at least: three times its pixels in the widest layers.
  func decodingBytes(width: Int, height: Int) -> Int {
    width * height * (configuration.channels.first ?? 128) * 4 * 3
  }
}

extension TrainingJob {
  /// Refuses a run that the machine cannot hold.
  func checkMemory() throws(TrainingError) {
    try MachineMemory.check(
      memoryEstimate, on: backend,
      remedy: "lower --resolution or --train-batch-size, or use --gradient-checkpointing")
  }

  /// The bytes held now, the optimiser's four numbers per weight, and the activations of a step.
  ///
  /// The last are about 190 numbers a pixel of a latent and channel of the first level, an eighth
  /// of that where they are computed again. A rehearsal counts them, but goes through the run.
  private var memoryEstimate: Int {
    let largest =
      (data?.datasets ?? []).flatMap(\.buckets).map { $0.size.width * $0.size.height }.max() ?? 0
    let factor = vae?.configuration.downscaling ?? 8
    let pixels = largest / (factor * factor) * plan.batchCount
    let channels = unet.configuration.channels.first ?? 320
    let activations = pixels * channels * 190 * 4
    let kept = plan.recomputesActivations ? activations / 8 : activations
    return (residentBytes() ?? 0) + modules.parameterCount * 16 + kept
  }
}
