/// A kind of device, by its compute capability: 8.6 is `sm_86`.
package struct Architecture: Hashable, Sendable, CustomStringConvertible {
  package let major: Int
  package let minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The compiler's name for it.
  package var description: String { "sm_\(major)\(minor)" }

  /// Whether its units compute with bf16; all here do with fp16.
  package var hasBFloat16: Bool { major >= 8 }

  /// Before Turing: CUDA 13 compiles no more for it.
  var isOlder: Bool { (major, minor) < (7, 5) }
}
