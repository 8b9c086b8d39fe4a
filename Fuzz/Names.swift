import Adapters
import CMemoryFile
import Files
import Glibc
import Safetensors
import Tensors

/// Reads bytes as lines of a tensor each, a name and its extents, and that as an adapter.
func readNames(_ data: UnsafePointer<UInt8>?, _ count: Int) {
  let text = unsafe String(
    decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
  var shapes: [TensorName: [Int]] = [:]
  for line in text.split(separator: "\n").prefix(64) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    shapes[TensorName(String(words[0]))] = words.dropFirst().prefix(4).compactMap { Int($0) }
      .map { Int($0.magnitude % 16) }
  }
  let tensors = shapes.filter { $0.key.string != "__metadata__" }
    .map { Layout.Tensor(name: $0.key.string, type: .float32, shape: Shape($0.value)) }
  do {
    _ = try Adapter(try fileOfZeros(Layout(tensors)))
  } catch {
    precondition(!"\(error)".contains("\n"), "an error of several lines")
  }
}

/// A file in memory that holds these tensors, all of them zero.
private func fileOfZeros(_ layout: Layout) throws -> SafetensorsFile {
  let descriptor = unsafe memfd_create("fuzz", 0)
  precondition(descriptor >= 0, "no memory for a file")
  defer { close(descriptor) }
  let header = layout.header(metadata: Metadata())
  ftruncate(descriptor, off_t(header.count + layout.dataByteCount))
  unsafe write(descriptor, header, header.count)
  return try SafetensorsFile(path: "/proc/self/fd/\(descriptor)")
}
