import CCUDA
import CUDAKernels
import Glibc

// NVRTC needs neither a device nor a driver.

extension Compiler {
  /// The kinds of devices that it compiles for.
  var architectures: [Architecture] {
    var count: Int32 = 0
    _ = unsafe functions.pointee.nvrtcGetNumSupportedArchs(&count)
    var numbers = [Int32](repeating: 0, count: Int(count))
    _ = unsafe functions.pointee.nvrtcGetSupportedArchs(&numbers)
    return numbers.map { Architecture(major: Int($0) / 10, minor: Int($0) % 10) }
  }

  /// What a device's code is compiled as.
  ///
  /// For a device that the compiler does not know it is text for the newest one before it, from which
  /// the driver makes the device's own code.
  ///
  /// - Throws: Where the device is older than all that the compiler knows.
  func target(for architecture: Architecture) throws(CUDAError) -> Target {
    let known = architectures
    if known.contains(architecture) { return Target(architecture: architecture, isText: false) }
    guard let newest = known.filter({ $0 < architecture }).max() else {
      throw .unknownArchitecture(architecture, compiler: version)
    }
    return Target(architecture: newest, isText: true)
  }

  struct Target: Hashable {
    let architecture: Architecture
    let isText: Bool
  }

  /// The options of a compilation; the cache's key contains them.
  static func options(of variant: KernelVariant, for target: Target) -> [String] {
    let architecture = target.architecture
    let name = target.isText ? "compute_\(architecture.number)" : architecture.description
    return ["--gpu-architecture=\(name)", "--std=c++17"]
      + variant.definitions.map { "--define-macro=\($0)" }
  }

  /// Compiles a file to what `cuLibraryLoadData` takes for a device.
  ///
  /// - Complexity: Some tenths of a second.
  func code(
    of variant: KernelVariant, for architecture: Architecture
  ) throws(CUDAError) -> [UInt8] {
    let source = variant.source
    let target = try target(for: architecture)
    let options = Self.options(of: variant, for: target)
    var (code, log) = unsafe (lora_bytes(), lora_bytes())
    defer {
      unsafe free(code.bytes)
      unsafe free(log.bytes)
    }
    let result = unsafe lora_nvrtc_compile(
      functions, source.text, source.name,
      KernelSource.headers.map { "\($0.name)\0\($0.text)\0" }.joined(),
      Int32(KernelSource.headers.count), options.map { $0 + "\0" }.joined(),
      Int32(options.count), target.isText ? 1 : 0, &code, &log)
    if result == 0, let bytes = unsafe code.bytes {
      return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: code.count))
    }
    let text =
      unsafe (UnsafePointer(log.bytes) ?? functions.pointee.nvrtcGetErrorString(result))
      .map { unsafe String(cString: $0) } ?? ""
    let line = text.split(separator: "\n").first { !$0.isEmpty }
    // A compiler without a part of its own, or of another version.
    if result == LORA_NVRTC_BUILTIN_OPERATION_FAILURE {
      throw .unusable(.nvrtc, path: found.path, detail: String(line ?? "a part of it is missing"))
    }
    throw .compilation(kernel: source.name, architecture, line: String(line ?? "no reason given"))
  }
}

/// The CUDA C++ text of one `.cu` file.
package struct KernelSource: Hashable, Sendable {
  package let name: String
  package let text: String

  /// The headers that files include: `common.cuh` and others.
  static let headers = files.filter { $0.name.hasSuffix(".cuh") }

  /// Every kernel file in this build, in the order of `embed.c`.
  package static let all = files.filter { $0.name.hasSuffix(".cu") }

  private static let files = (0..<lora_kernel_file_count).map { index in
    let file = unsafe lora_kernel_file_at(index)
    return unsafe KernelSource(name: String(cString: file.name), text: String(cString: file.text))
  }
}

/// A file, and how it is compiled.
package struct KernelVariant: Hashable, Sendable {
  package let source: KernelSource

  /// `ELEMENT=bf16`.
  package let definitions: [String]
}

/// Where the device's code of kernels comes from.
package protocol KernelCode: Sendable {
  /// The code that `cuLibraryLoadData` takes.
  func code(of variant: KernelVariant) throws(CUDAError) -> [UInt8]
}
