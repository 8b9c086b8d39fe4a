/// A fault of CUDA or of a device, with a remedy.
package enum CUDAError: Error, Hashable {
  /// Neither the system nor a search of `folders` folders found a file of these names.
  case missing(Library, names: [String], folders: Int, cuda: Int?)
  case unusable(Library, path: String, detail: String)
  case driverTooOld(LibraryVersion)
  case noDevice
  case noBFloat16(String)
  case unknownSwitch(DeviceSwitches.Switch, value: String)

  /// The compiler knows no such device.
  case unknownArchitecture(Architecture, compiler: LibraryVersion)

  /// - Parameter line: The first line of the compiler's log.
  case compilation(kernel: String, Architecture, line: String)
  case outOfMemory(wanted: Int, free: Int)

  /// Any other call to the driver that failed.
  case call(function: String, name: String, text: String)
}

extension CUDAError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let library, let names, let folders, let cuda):
      """
      \(library.title): found no \(names.joined(separator: " or ")) by the system's search or in \
      \(folders) folders; \(library.remedy(cuda: cuda))\
      \(library == .driver ? "" : ", or set LORA_CUDA_PATH to its folder")
      """
    case .unusable(let library, let path, let detail):
      "\(path): cannot be used as \(library.title): \(detail); install it again"
    case .driverTooOld(let version):
      "the driver runs CUDA \(version), 12.0 is needed; \(Library.driver.remedy(cuda: nil))"
    case .noDevice:
      "the driver sees no device; is one there, and not hidden by CUDA_VISIBLE_DEVICES?"
    case .noBFloat16(let device):
      "\(device) has no bf16; use --mixed-precision fp16"
    case .unknownSwitch(let entry, let value):
      "\(entry.rawValue) takes \(entry.value), not \(value): \(entry.effect); unset it otherwise"
    case .unknownArchitecture(let architecture, let version):
      """
      NVRTC \(version) does not compile for \(architecture); install \
      \(architecture.isOlder ? "NVRTC 12: pip install nvidia-cuda-nvrtc-cu12" : "a newer one: pip install --upgrade nvidia-cuda-nvrtc")
      """
    case .compilation(let kernel, let architecture, let line):
      "\(kernel) does not compile for \(architecture), which is a fault of lora: \(line)"
    case .outOfMemory(let wanted, let free):
      """
      out of memory on the device: \(mebibytes(wanted)) more are wanted, \(mebibytes(free)) are \
      free, \(mebibytes(max(0, wanted - free))) short; use --gradient-checkpointing, smaller \
      batches or smaller pictures
      """
    case .call(let function, let name, let text):
      "\(function) failed: \(text) (\(name))"
    }
  }

  private func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }
}

extension Library {
  /// Its name in a sentence.
  package var title: String { self == .driver ? "NVIDIA's driver" : rawValue }
}
