import Files
package import Safetensors

/// The checksums by which programs in this field identify a file.
///
/// Sources: kohya-ss/sd-scripts `precalculate_safetensors_hashes`; AUTOMATIC1111 `hashes.py` and
/// its Lora extension; Civitai's AutoV1, AutoV2, AutoV3.
package struct Hashes: Codable, Hashable, Sendable {
  /// SHA-256 of the whole file, decompressed.
  package let sha256: String

  /// The first 8 digits of the SHA-256 of 64 KiB from 1 MiB on: A1111's old hash of checkpoints.
  package let autov1: String

  /// The first 10 digits of `sha256`.
  package let autov2: String

  /// The first 12 digits of the hash that A1111 shows of a LoRA: `sshsModelHash`.
  package let autov3: String

  /// SHA-256 of everything after the header.
  package let sshsModelHash: String

  /// The `legacyHash` of the file as if it were saved with only its `ss_` metadata.
  package let sshsLegacyHash: String

  /// The same hash as writers before April 2023 computed it, without padding of the header.
  package let sshsLegacyHashUnpadded: String

  private enum CodingKeys: String, CodingKey {
    case sha256
    case autov1
    case autov2
    case autov3
    case sshsModelHash = "sshs_model_hash"
    case sshsLegacyHash = "sshs_legacy_hash"
    case sshsLegacyHashUnpadded = "sshs_legacy_hash_unpadded"
  }

  /// - Complexity: Each byte is read twice.
  package init(of file: SafetensorsFile) {
    let model = file.file.sha256(from: file.dataOffset)
    sha256 = file.file.sha256(from: 0)
    autov1 = file.file.withBytes { legacyHash(header: [], data: $0) }
    autov2 = String(sha256.prefix(10))
    autov3 = String(model.prefix(12))
    sshsModelHash = model
    let layout = Layout(keeping: file.header)
    let kept = file.header.metadata.filter { $0.hasPrefix("ss_") }
    let header = layout.header(metadata: kept)
    sshsLegacyHash = file.withData { legacyHash(header: header, data: $0) }
    let unpadded = withoutPadding(header)
    sshsLegacyHashUnpadded = file.withData { legacyHash(header: unpadded, data: $0) }
  }

  /// The hashes with their names, as `lora hash` prints them.
  package var listed: [(name: String, value: String)] {
    [
      ("sha256", sha256), ("autov1", autov1), ("autov2", autov2), ("autov3", autov3),
      ("sshs_model_hash", sshsModelHash), ("sshs_legacy_hash", sshsLegacyHash),
    ]
  }
}

/// The first 8 digits of the SHA-256 of bytes 0x100000 to 0x10FFFF of a header and its data.
///
/// - Returns: `e3b0c442`, the digest of nothing, for a shorter file.
package func legacyHash(header: [UInt8], data: RawSpan) -> String {
  legacyHash(
    header: header, data: { unsafe data.extracting($0).withUnsafeBytes { unsafe Array($0) } },
    count: data.byteCount)
}

/// The same hash of data that are read on demand.
func legacyHash<Failure: Error>(
  header: [UInt8], data: (Range<Int>) throws(Failure) -> [UInt8], count: Int
) throws(Failure) -> String {
  let window = 0x10_0000..<0x11_0000
  var bytes = Array(header[window.clamped(to: 0..<header.count)])
  let begin = max(window.lowerBound - header.count, 0)
  let end = min(window.upperBound - header.count, count)
  if begin < end { bytes += try data(begin..<end) }
  return String(unsafe SHA256.hex(of: bytes.span.bytes).prefix(8))
}

/// The header without the padding after its JSON.
private func withoutPadding(_ header: [UInt8]) -> [UInt8] {
  let end = (header.lastIndex(of: UInt8(ascii: "}")) ?? 7) + 1
  let length = unsafe withUnsafeBytes(of: UInt64(end - 8).littleEndian) { unsafe Array($0) }
  return length + header[8..<end]
}

extension Metadata {
  /// The metadata with zeros in place of sd-scripts' hashes.
  package var withRoomForHashes: Metadata {
    var result = self
    result["sshs_model_hash"] = String(repeating: "0", count: 64)
    result["sshs_legacy_hash"] = String(repeating: "0", count: 8)
    return result
  }
}

extension SafetensorsWriter {
  /// Finishes a file whose metadata hold sd-scripts' hashes of the written data.
  ///
  /// - Parameters:
  ///   - metadata: The metadata that the writer began with, with space reserved for the hashes.
  ///   - modelHash: The SHA-256 of the data.
  ///   - isOfInputs: Whether the file is made from the files that are open.
  /// - Returns: The bytes of the whole file.
  @discardableResult
  func finish(metadata: Metadata, modelHash: String, isOfInputs: Bool = true) throws -> Int {
    let ofTraining = metadata.filter { $0.hasPrefix("ss_") }
    var metadata = metadata
    metadata["sshs_model_hash"] = modelHash
    metadata["sshs_legacy_hash"] = try legacyHash(
      header: layout.header(metadata: ofTraining), data: data(in:), count: layout.dataByteCount)
    return try finish(metadata: metadata, isOfInputs: isOfInputs)
  }
}
