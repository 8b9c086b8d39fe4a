package import Safetensors

extension Metadata {
  /// The same with zeros where sd-scripts' hashes will stand.
  package var withRoomForHashes: Metadata {
    var result = self
    result["sshs_model_hash"] = String(repeating: "0", count: 64)
    result["sshs_legacy_hash"] = String(repeating: "0", count: 8)
    return result
  }
}

extension SafetensorsWriter {
  /// Finishes a file whose metadata hold sd-scripts' hashes of the data that were written.
  ///
  /// - Parameters:
  ///   - metadata: What the writer was begun with, with room for the hashes.
  ///   - modelHash: The SHA-256 of the data.
  ///   - isOfInputs: Whether the file is made of the files that are open.
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
