import Files

/// Compiled kernels on disk: each is compiled once per kind of device.
///
/// A file is named by the digest of everything that its bytes depend on, and begins with the digest
/// of its bytes: a damaged file is compiled again. Files appear whole or not at all, so processes may
/// share the folder; where two compile the same kernel, the last one's file stays.
package struct KernelCache: KernelCode {
  /// `nil` keeps nothing.
  package let folder: String?
  let compiler: Compiler
  let architecture: Architecture

  /// `$XDG_CACHE_HOME/lora/kernels`, where that is unset `~/.cache/lora/kernels`.
  ///
  /// - Returns: `nil` where there is no home either.
  package static func folder(environment: (String) -> String?) -> String? {
    // The XDG specification ignores a path that is not absolute.
    let cache = environment("XDG_CACHE_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
    return (cache ?? environment("HOME").map { "\($0)/.cache" }).map { "\($0)/lora/kernels" }
  }

  /// The device's code of a file: from the folder, or compiled.
  package func code(of variant: KernelVariant) throws(CUDAError) -> [UInt8] {
    guard let folder else { return try compiler.cubin(of: variant, for: architecture) }
    let path = "\(folder)/\(name(of: variant))"
    if let cubin = Self.read(path) { return cubin }
    let cubin = try compiler.cubin(of: variant, for: architecture)
    // A folder that cannot be written costs time at the next start, and is no reason to stop.
    try? Self.write(cubin, to: path, in: folder)
    return cubin
  }

  /// The name of the file that keeps the code.
  package func name(of variant: KernelVariant) -> String {
    let source = variant.source
    let parts =
      ([source] + KernelSource.headers).flatMap { [$0.name, $0.text] }
      + ["NVRTC \(compiler.version)"]
      + Compiler.options(of: variant, for: architecture)
    let key = Self.digest(Array(parts.joined(separator: "\0").utf8))
    return "\(source.name)-\(architecture)-\(key.prefix(32)).cubin"
  }

  /// `nil` where there is no such file, or where it is damaged.
  private static func read(_ path: String) -> [UInt8]? {
    guard let bytes = try? readFile(path), bytes.count > digestBytes else { return nil }
    let cubin = Array(bytes[digestBytes...])
    return Array(digest(cubin).utf8) == Array(bytes[..<digestBytes]) ? cubin : nil
  }

  private static func write(
    _ cubin: [UInt8], to path: String, in folder: String
  ) throws(FileError) {
    try makeFolder(folder)
    try OutputFile(path: path).commit(Array(digest(cubin).utf8) + cubin)
  }

  private static func digest(_ bytes: [UInt8]) -> String {
    unsafe SHA256.hex(of: bytes.span.bytes)
  }

  private static let digestBytes = 64
}
