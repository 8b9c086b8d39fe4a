import Safetensors
import Tensors

/// Reads bytes as the JSON of a header; writes what was accepted anew, and reads that.
func readHeader(_ bytes: [UInt8]) throws {
  let header = try unsafe Header.parse(bytes.span.bytes, file: "input")
  var end = 0
  for entry in header.entries {
    precondition(entry.range.lowerBound == end, "a hole before \(entry.name)")
    precondition(header[entry.name.string] == entry, "\(entry.name) is not found")
    precondition(entry.shape.byteCount(of: entry.type) == entry.range.count, "\(entry.shape)")
    end = entry.range.upperBound
  }
  let written = Layout(keeping: header).header(metadata: header.metadata)
  precondition(written.count % 8 == 0, "the data are not aligned")
  do {
    let json = Array(written.dropFirst(8))
    let again = try unsafe Header.parse(json.span.bytes, file: "written")
    precondition(again.entries == header.entries && again.metadata == header.metadata, "changed")
  } catch {
    preconditionFailure("\(error)")
  }
}
