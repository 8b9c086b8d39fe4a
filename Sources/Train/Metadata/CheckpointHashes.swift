import Adapters
import Files

/// The checksums that sd-scripts records of a checkpoint: of 64 KiB from 1 MiB on, and of all.
///
/// - Returns: nil for a folder.
func checkpointHashes(_ path: String) -> (legacy: String, whole: String)? {
  guard FileKind(path: path).isRegular, let file = try? MappedFile(path: path, atMost: .max) else {
    return nil
  }
  return file.withBytes { (legacyHash(header: [], data: $0), SHA256.hex(of: $0)) }
}
