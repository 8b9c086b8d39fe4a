import Files

/// The caption beside a picture.
enum CaptionFile {
  /// A caption, and the extension of its file.
  struct Found: Hashable {
    let text: String
    let fileExtension: String
    let isEmptyFile: Bool
  }

  /// The caption of a picture; nil where it has none.
  ///
  /// The file has the picture's name, or that name without its last four pieces between `_`
  /// (which face cropping adds).
  ///
  /// - Parameters:
  ///   - fileExtension: With or without its dot; nil reads `.caption`, then `.txt`.
  ///   - keepsLines: Whether all lines that are not blank count (for wildcards), or the first.
  static func find(
    for picture: String, fileExtension: String?, keepsLines: Bool
  ) throws(DatasetError) -> Found? {
    let extensions = fileExtension.map { [$0.hasPrefix(".") ? $0 : "." + $0] }
    for fileExtension in extensions ?? [".caption", ".txt"] {
      for name in names(of: picture) {
        let path = name + fileExtension
        guard FileKind(path: path).isRegular else { continue }
        let text = try read(path)
        return Found(
          text: caption(in: text, keepsLines: keepsLines), fileExtension: fileExtension,
          isEmptyFile: text.isEmpty)
      }
    }
    return nil
  }

  private static func names(of picture: String) -> [String] {
    let path = Path(picture)
    let pieces = path.stem.split(separator: "_", omittingEmptySubsequences: false)
    guard pieces.count >= 5 else { return [path.withoutExtension] }
    return [path.withoutExtension, path.prefix + pieces.dropLast(4).joined(separator: "_")]
  }

  static func caption(in text: String, keepsLines: Bool) -> String {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map(trimmed)
    return keepsLines ? lines.filter { !$0.isEmpty }.joined(separator: "\n") : lines.first ?? ""
  }

  private static func read(_ path: String) throws(DatasetError) -> String {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try readFile(path, atMost: 1 << 20)
    } catch {
      throw .file(error)
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...]
    guard let text = String(validating: text, as: UTF8.self) else { throw .caption(file: path) }
    return text
  }
}

/// A text without the white space at its ends.
package func trimmed(_ text: some StringProtocol) -> String {
  let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
  let last = text.lastIndex { !$0.isWhitespace }
  return last.map { String(text[start...$0]) } ?? ""
}
