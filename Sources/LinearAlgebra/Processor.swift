import CProcessor

/// The instructions of the processor, for modules that are compiled to more than all processors have.
///
/// Such a module cannot safely ask for itself, so this stands here.
package enum Processor {
  /// Throws where the CPU backend cannot run on this machine; call it before anything of the backend.
  package static func check() throws(UnsupportedProcessor) {
    if let reason = unsupportedReason { throw UnsupportedProcessor(reason: reason) }
  }

  /// Why the CPU backend cannot run on this machine, as a sentence; `nil` where it can.
  package static var unsupportedReason: String? {
    sentence(hasAVX2: lora_processor_has_avx2() != 0, hasFMA: lora_processor_has_fma() != 0)
  }

  static func sentence(hasAVX2: Bool, hasFMA: Bool) -> String? {
    let missing = (hasAVX2 ? [] : ["AVX2"]) + (hasFMA ? [] : ["FMA"])
    if missing.isEmpty { return nil }
    return """
      this processor lacks \(missing.joined(separator: " and ")), which a model needs to run on the \
      CPU (Intel has both since 2013, AMD since 2015); use another machine, or a GPU
      """
  }
}

/// A processor that the CPU backend is not made for.
package struct UnsupportedProcessor: Error, Hashable, CustomStringConvertible {
  let reason: String

  package var description: String { reason }
}
