import CCUDA
import CUDAKernels
import Glibc

/// NVRTC, loaded: it needs neither a device nor a driver.
@safe package struct Compiler: Sendable {
  private nonisolated(unsafe) let functions: UnsafePointer<lora_nvrtc>

  /// The file that it came from.
  package let path: String
  package let version: LibraryVersion

  /// The kinds of devices that it compiles for.
  package let architectures: [Architecture]

  init(_ library: OpenLibrary) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(lora_nvrtc(), fill: lora_nvrtc_fill)
    if let missing { throw library.lacks(missing) }
    unsafe self.functions = functions
    path = library.path
    var (major, minor, count): (Int32, Int32, Int32) = (0, 0, 0)
    _ = unsafe functions.pointee.nvrtcVersion(&major, &minor)
    version = LibraryVersion(major: Int(major), minor: Int(minor))
    _ = unsafe functions.pointee.nvrtcGetNumSupportedArchs(&count)
    var numbers = [Int32](repeating: 0, count: Int(count))
    _ = unsafe functions.pointee.nvrtcGetSupportedArchs(&numbers)
    architectures = numbers.map { Architecture(major: Int($0) / 10, minor: Int($0) % 10) }
  }

  /// The options of a compilation, which are a part of what a cache is keyed by.
  static func options(
    of variant: KernelVariant, for architecture: Architecture
  ) -> [String] {
    ["--gpu-architecture=\(architecture)", "--std=c++17"]
      + variant.definitions.map { "--define-macro=\($0)" }
  }

  /// Compiles a file to the device's code.
  ///
  /// - Complexity: Some tenths of a second.
  package func cubin(
    of variant: KernelVariant, for architecture: Architecture
  ) throws(CUDAError) -> [UInt8] {
    let source = variant.source
    guard architectures.contains(architecture) else {
      throw .unknownArchitecture(architecture, compiler: version)
    }
    let options = Self.options(of: variant, for: architecture)
    var (cubin, log) = unsafe (lora_bytes(), lora_bytes())
    defer {
      unsafe free(cubin.bytes)
      unsafe free(log.bytes)
    }
    let result = unsafe lora_nvrtc_compile(
      functions, source.text, source.name,
      KernelSource.headers.map { "\($0.name)\0\($0.text)\0" }.joined(),
      Int32(KernelSource.headers.count), options.map { $0 + "\0" }.joined(),
      Int32(options.count), &cubin, &log)
    if result == 0, let code = unsafe cubin.bytes {
      return unsafe [UInt8](UnsafeRawBufferPointer(start: code, count: cubin.count))
    }
    let text =
      unsafe (UnsafePointer(log.bytes) ?? functions.pointee.nvrtcGetErrorString(result))
      .map { unsafe String(cString: $0) } ?? ""
    let line = text.split(separator: "\n").first { !$0.isEmpty }
    throw .compilation(kernel: source.name, architecture, line: String(line ?? "no reason given"))
  }
}
