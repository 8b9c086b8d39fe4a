/// The text of a help page, with each paragraph in one line, so that only the terminal breaks it.
///
/// Indented lines, which are examples, stay as they are.
package func paragraphs(_ text: String) -> String {
  var lines: [Substring] = []
  for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
    if let last = lines.last, !last.isEmpty, !line.isEmpty, !last.hasPrefix(" "),
      !line.hasPrefix(" ")
    {
      lines[lines.count - 1] = last + " " + line
    } else {
      lines.append(line)
    }
  }
  return lines.joined(separator: "\n")
}
