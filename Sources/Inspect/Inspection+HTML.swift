import Files
import Pages

/// Writes the inspections as one page that needs nothing from the network.
func writePage(_ inspections: [Inspection], to path: String) throws(FileError) {
  try write(Page(inspections).html, to: path)
}
