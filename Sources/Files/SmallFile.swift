/// All bytes of a small file, decompressed: settings, a vocabulary, a picture.
package func readFile(
  _ path: String, atMost limit: Int = MappedFile.usualLimit
) throws(FileError) -> [UInt8] {
  try MappedFile(path: path, atMost: limit).withBytes { bytes in
    unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }
}

extension OutputFile {
  /// Writes all bytes of a small file and finishes it.
  package func commit(_ bytes: [UInt8]) throws(FileError) {
    try unsafe write(bytes.span.bytes, at: 0)
    try commit()
  }

  /// Writes a text as the whole file and finishes it.
  package func commit(_ text: String) throws(FileError) { try commit(Array(text.utf8)) }
}
