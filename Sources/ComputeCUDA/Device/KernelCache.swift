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
    guard let folder else { return try compiler.code(of: variant, for: architecture) }
    let path = "\(folder)/\(try name(of: variant))"
    if let code = Self.read(path) { return code }
    let code = try compiler.code(of: variant, for: architecture)
    // A folder that cannot be written costs time at the next start, and is no reason to stop.
    try? Self.write(code, to: path, in: folder)
    return code
  }

  /// The name of the file that keeps the code.
  ///
  /// - Throws: Where the compiler makes no code for the device.
  package func name(of variant: KernelVariant) throws(CUDAError) -> String {
    let source = variant.source
    let target = try compiler.target(for: architecture)
    let parts =
      ([source] + KernelSource.headers).flatMap { [$0.name, $0.text] }
      + ["NVRTC \(compiler.version)"]
      + Compiler.options(of: variant, for: target)
    let key = Self.digest(Array(parts.joined(separator: "\0").utf8))
    return "\(source.name)-\(architecture)-\(key.prefix(32)).\(target.isText ? "ptx" : "cubin")"
  }

  /// `nil` where there is no such file, or where it is damaged.
  private static func read(_ path: String) -> [UInt8]? {
    guard let bytes = try? readFile(path), bytes.count > digestBytes else { return nil }
    let code = Array(bytes[digestBytes...])
    return Array(digest(code).utf8) == Array(bytes[..<digestBytes]) ? code : nil
  }

  private static func write(
    _ code: [UInt8], to path: String, in folder: String
  ) throws(FileError) {
    try makeFolder(folder)
    try OutputFile(path: path).commit(Array(digest(code).utf8) + code)
  }

  private static func digest(_ bytes: [UInt8]) -> String {
    unsafe SHA256.hex(of: bytes.span.bytes)
  }

  private static let digestBytes = 64
}
