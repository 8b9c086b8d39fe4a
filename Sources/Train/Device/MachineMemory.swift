import CommandSupport
import Compute
import Diffusion
import Glibc

/// What the machine has, and what a run may not ask for.
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
