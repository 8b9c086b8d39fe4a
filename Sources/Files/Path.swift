/// A path taken apart as text; the file system is not asked.
package struct Path {
  private let text: String

  package init(_ text: String) { self.text = text }

  /// The last component: `b.st` of `folder/b.st`; the whole path where it is slashes alone.
  package var name: String {
    text.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? text
  }

  /// What stands before the last component: `folder/` of `folder/b.st`, empty for a name alone.
  package var prefix: String {
    text.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(text[...$0]) } ?? ""
  }

  /// The folder that holds what the path names: `folder` of `folder/b.st`, `.` for a name alone.
  package var folder: String {
    let prefix = prefix
    if prefix.isEmpty { return "." }
    return prefix == "/" ? "/" : String(prefix.dropLast())
  }

  /// The end of the name from its last dot on, with zstd's: `.st` of `b.st`, `.st.zst` of
  /// `b.st.zst`.
  ///
  /// A dot at the beginning of a name begins no extension.
  package var fileExtension: String {
    let name = name
    let plain = name.hasSuffix(".zst") ? name.dropLast(4) : name[...]
    let dot = plain.dropFirst().lastIndex(of: ".") ?? plain.endIndex
    return String(name[dot...])
  }

  /// The name without its extension: `b` of `folder/b.st.zst`.
  package var stem: String { String(name.dropLast(fileExtension.count)) }

  /// The path without its extension: `folder/b` of `folder/b.st`.
  package var withoutExtension: String { String(text.dropLast(fileExtension.count)) }
}
