/// Whether a name holds some bytes.
///
/// `String.contains` goes by characters and prepares a table for every search: for the dozens of
/// questions that thousands of names are asked, that took longer than all else together.
func contains(_ part: String, in name: String) -> Bool {
  let (part, name) = (part.utf8.span, name.utf8.span)
  guard part.count <= name.count else { return false }
  return (0...name.count - part.count).contains { start in
    part.indices.allSatisfy { name[start + $0] == part[$0] }
  }
}
