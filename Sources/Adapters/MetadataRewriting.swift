import Files
package import Safetensors

/// Writes a file anew with other metadata; tensors keep their bytes, their order and their names.
///
/// In place, where the new header fits into the room of the old one, only that is written: the
/// tensors of a 7 GB checkpoint are not copied for a changed comment.
package func rewrite(
  _ source: SafetensorsFile, metadata: Metadata, to path: String
) throws {
  let layout = Layout(keeping: source.header)
  var metadata = metadata
  if metadata["sshs_legacy_hash"] != nil, metadata["sshs_model_hash"] != nil {
    let kept = metadata.filter { $0.hasPrefix("ss_") }
    let header = layout.header(metadata: kept)
    metadata["sshs_legacy_hash"] = source.withData { legacyHash(header: header, data: $0) }
  }
  let isInPlace = path == source.path && !source.file.isCompressed
  let header = layout.header(metadata: metadata)
  if isInPlace && header.count <= source.dataOffset {
    let filled = layout.header(metadata: metadata, byteCount: source.dataOffset)
    try unsafe overwriteBeginning(of: path, with: filled.span.bytes)
    return
  }
  let output = try OutputFile(path: path, compresses: source.file.isCompressed && isInPlace)
  let writer = SafetensorsWriter(layout, metadata: metadata, to: output)
  for entry in source.header.entries {
    try source.withBytes(of: entry) { bytes throws(FileError) in
      try writer.write(bytes, to: entry.name.string)
    }
    source.release(entry)
  }
  try writer.finish(metadata: metadata)
}
