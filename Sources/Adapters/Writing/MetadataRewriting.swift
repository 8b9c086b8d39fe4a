package import Files
package import Safetensors

/// Writes a file again with other metadata; tensors keep their bytes, their order and their names.
///
/// An edited file is replaced by a new one, since no write over its header is safe from a kill. The
/// header keeps the room that it had where the new one fits into that: then the tensors keep their
/// places, and file systems that can share their blocks copy none of them.
///
/// - Parameter edited: The file at `path`, where it is the source, changed.
package func rewrite(
  _ source: SafetensorsFile, metadata: Metadata, to path: String, editing edited: EditedFile? = nil
) throws {
  let layout = Layout(keeping: source.header)
  var metadata = metadata
  if metadata["sshs_legacy_hash"] != nil, metadata["sshs_model_hash"] != nil {
    let kept = metadata.filter { $0.hasPrefix("ss_") }
    let header = layout.header(metadata: kept)
    metadata["sshs_legacy_hash"] = source.withData { legacyHash(header: header, data: $0) }
  }
  if edited != nil && metadata == source.header.metadata { return }
  let output = try OutputFile(
    path: path, compresses: edited != nil && source.file.isCompressed, editing: edited)
  let writer = SafetensorsWriter(
    layout, metadata: metadata, to: output, room: edited == nil ? 0 : source.dataOffset)
  try writer.write(dataOf: source)
  try writer.finish(metadata: metadata)
}
