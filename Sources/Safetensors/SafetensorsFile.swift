package import Files
import Tensors

/// An open safetensors file: a checked header, and tensors read when asked for.
package struct SafetensorsFile: Sendable {
  package let header: Header
  package var path: String { file.path }

  /// The offset of the data, in bytes from the start of the file.
  package let dataOffset: Int

  package let file: MappedFile

  package init(path: String) throws {
    try self.init(MappedFile(path: path, claiming: Self.wantedByteCount))
  }

  package init(_ file: MappedFile) throws(SafetensorsError) {
    let (header, dataOffset) = try file.withBytes { bytes throws(SafetensorsError) in
      let length = try Self.headerByteCount(of: bytes, file: file.path)
      let json = bytes.extracting(8..<8 + length)
      return (try Header.parse(json, file: file.path), 8 + length)
    }
    self.file = file
    self.header = header
    self.dataOffset = dataOffset

    let needed = header.entries.last?.range.upperBound ?? 0
    guard file.byteCount - dataOffset == needed else {
      let reason = SafetensorsError.Reason.dataSize(
        bytes: file.byteCount - dataOffset, needed: UInt64(needed))
      throw SafetensorsError(file: file.path, reason: reason)
    }
  }

  private static func headerByteCount(
    of bytes: RawSpan, file: String
  ) throws(SafetensorsError) -> Int {
    guard bytes.byteCount >= 8 else {
      throw SafetensorsError(file: file, reason: .noLength(fileBytes: bytes.byteCount))
    }
    let claimed = claimedHeaderByteCount(bytes)
    guard claimed <= UInt64(Header.byteLimit) else {
      let what = foreignFormat(bytes).map(SafetensorsError.Reason.foreign)
      throw SafetensorsError(file: file, reason: what ?? .headerTooLarge(bytes: claimed))
    }
    let length = Int(claimed)
    guard length <= bytes.byteCount - 8 else {
      let reason = SafetensorsError.Reason.shorterThanHeader(
        fileBytes: bytes.byteCount, headerBytes: length)
      throw SafetensorsError(file: file, reason: reason)
    }
    return length
  }

  private static func claimedHeaderByteCount(_ bytes: RawSpan) -> UInt64 {
    UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(as: UInt64.self))
  }

  /// The number of bytes to read of a stream, given those read so far.
  ///
  /// First the bytes that tell the format, then the header, then the data and one byte more, which
  /// should not be there. Nothing further of a stream that is no safetensors file.
  package static func wantedByteCount(_ bytes: RawSpan) -> Int {
    if bytes.byteCount < 8 { return 8 }
    let claimed = claimedHeaderByteCount(bytes)
    if claimed > UInt64(Header.byteLimit) { return foreignBeginningByteCount }
    let length = Int(claimed)
    if bytes.byteCount < 8 + length { return 8 + length }
    let json = bytes.extracting(8..<8 + length)
    guard let header = try? Header.parse(json, file: "") else { return 0 }
    let end = header.entries.last?.range.upperBound ?? 0
    let (needed, overflows) = end.addingReportingOverflow(8 + length + 1)
    return overflows ? .max : needed
  }

  package func entry(_ name: String) throws(SafetensorsError) -> Header.Entry {
    guard let entry = header[name] else {
      throw SafetensorsError(file: path, reason: .missingTensor(TensorName(name)))
    }
    return entry
  }

  /// Throws where somebody has written the file since it was opened.
  package func checkUnchanged() throws(FileError) { try file.checkUnchanged() }

  /// Lends a tensor's bytes as they are stored, at any alignment.
  package func withBytes<Result, Failure: Error>(
    of entry: Header.Entry, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try file.withBytes { bytes throws(Failure) in
      try body(
        bytes.extracting(dataOffset + entry.range.lowerBound..<dataOffset + entry.range.upperBound))
    }
  }

  /// Lends everything after the header.
  package func withData<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try file.withBytes { bytes throws(Failure) in
      try body(bytes.extracting(dataOffset..<bytes.byteCount))
    }
  }

  /// Reads a tensor's elements, whatever they are stored as.
  ///
  /// - Returns: The elements in row-major order, `entry.shape` of them, exactly.
  /// - Throws: `.notNumeric` for complex numbers.
  package func doubles(_ entry: Header.Entry) throws(SafetensorsError) -> [Double] {
    try checkNumeric(entry)
    return withBytes(of: entry) { Tensors.doubles(from: $0, as: entry.type) }
  }

  /// Reads a tensor's elements as 32-bit floats, rounding those that are wider.
  package func floats(_ entry: Header.Entry) throws(SafetensorsError) -> [Float] {
    try checkNumeric(entry)
    return withBytes(of: entry) { Tensors.floats(from: $0, as: entry.type) }
  }

  private func checkNumeric(_ entry: Header.Entry) throws(SafetensorsError) {
    if entry.type == .complex64 {
      throw SafetensorsError(file: path, reason: .notNumeric(entry.name, type: entry.type))
    }
  }

  /// Tells the system that a tensor's bytes are no longer needed in memory.
  package func release(_ entry: Header.Entry) {
    file.release(dataOffset + entry.range.lowerBound..<dataOffset + entry.range.upperBound)
  }

  /// Tells the system that some of the data, counted from the end of the header, are no longer
  /// needed in memory.
  package func releaseData(_ range: Range<Int>) {
    file.release(dataOffset + range.lowerBound..<dataOffset + range.upperBound)
  }
}
