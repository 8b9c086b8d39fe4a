import FoundationEssentials

/// What the processor can do, for modules that are compiled to instructions not all have.
///
/// It stands here because a module so compiled cannot safely ask for itself.
package enum Processor {
  /// Why the CPU backend cannot run on this machine, as a sentence; `nil` where it can.
  package static var unsupportedReason: String? {
    let missing = ["AVX2", "FMA"].filter { flags?.contains($0.lowercased()[...]) == false }
    if missing.isEmpty { return nil }
    return """
      this processor lacks \(missing.joined(separator: " and ")), which training on the CPU needs \
      (Intel has both since 2013, AMD since 2015)
      """
  }

  /// The flags of the first processor as Linux lists them; `nil` where it lists none.
  private static let flags: Set<Substring>? = {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
      return nil
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix("flags") }
    return line.map { Set($0.split(separator: " ")) }
  }()
}
