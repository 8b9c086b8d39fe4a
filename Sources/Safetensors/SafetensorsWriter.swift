package import Files
import Tensors

/// A safetensors file being written, tensor by tensor, in any order and from any thread.
///
/// Nothing is held: a result larger than memory can be written. The header comes last, since the
/// hashes in its metadata depend on the data; room for it is kept from the start.
package struct SafetensorsWriter: Sendable {
  package let layout: Layout
  private let output: OutputFile
  private let headerByteCount: Int

  /// - Parameters:
  ///   - metadata: As it will be, up to values of the same length.
  ///   - room: How many bytes the header takes at least.
  package init(_ layout: Layout, metadata: Metadata, to output: OutputFile, room: Int = 0) {
    self.layout = layout
    self.output = output
    headerByteCount = layout.header(metadata: metadata, byteCount: room).count
  }

  /// Writes a tensor, or the part of it that begins at a byte of its own.
  package func write(
    _ bytes: RawSpan, to name: String, at offset: Int = 0
  ) throws(FileError) {
    try output.write(bytes, at: headerByteCount + layout.offset(of: name) + offset)
  }

  /// Writes a stretch of the data, which may hold several tensors.
  package func write(_ bytes: RawSpan, atDataOffset offset: Int) throws(FileError) {
    try output.write(bytes, at: headerByteCount + offset)
  }

  /// Writes all the data of a file that has this layout.
  package func write(dataOf source: SafetensorsFile) throws(FileError) {
    let range = source.dataOffset..<source.dataOffset + layout.dataByteCount
    try output.write(range, of: source.file, at: headerByteCount)
  }

  /// The SHA-256 of the data: everything after the header.
  package func dataSHA256() throws(FileError) -> String {
    try output.extend(to: headerByteCount + layout.dataByteCount)
    output.beginSync()
    return try output.sha256(from: headerByteCount)
  }

  /// Reads back a part of the data; what was not written is zeros.
  package func data(in range: Range<Int>) throws(FileError) -> [UInt8] {
    try output.extend(to: headerByteCount + layout.dataByteCount)
    return try output.contents(
      in: headerByteCount + range.lowerBound..<headerByteCount + range.upperBound)
  }

  /// Writes the header and puts the file in its place.
  ///
  /// - Parameter isOfInputs: Whether it is made of the files that are open, which must still be what
  ///   they were.
  /// - Returns: The bytes of the whole file, before any compression.
  @discardableResult
  package func finish(metadata: Metadata, isOfInputs: Bool = true) throws(FileError) -> Int {
    if isOfInputs { try MappedFile.checkUnchanged() }
    let header = layout.header(metadata: metadata, byteCount: headerByteCount)
    precondition(
      header.count == headerByteCount,
      "the header grew from \(headerByteCount) to \(header.count) bytes while tensors were written")
    try output.extend(to: headerByteCount + layout.dataByteCount)
    try unsafe output.write(header.span.bytes, at: 0)
    try output.commit()
    return headerByteCount + layout.dataByteCount
  }
}
