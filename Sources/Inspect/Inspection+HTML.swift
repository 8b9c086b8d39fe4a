import CommandSupport
import Files

/// Writes the inspections as one page that needs nothing from the network.
func writePage(_ inspections: [Inspection], to path: String) throws {
  let page = Page(inspections).html
  let output = try OutputFile(path: path)
  try unsafe output.write(Array(page.utf8).span.bytes, at: 0)
  try output.commit()
}
