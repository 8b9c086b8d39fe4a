import Foundation
import Safetensors

/// A file that goes away with the object.
final class TemporaryFile {
  let path: String

  init() { path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A safetensors file of 16-bit zeros of some names and shapes; the zeros take no room on disk.
  convenience init(zeros shapes: [String: [Int]], metadata: [String: String] = [:]) throws {
    self.init()
    var end = 0
    var header: [String: Any] = [:]
    for name in shapes.keys.sorted() {
      let shape = shapes[name] ?? []
      let count = shape.contains(0) ? 0 : 2 * shape.reduce(1, *)
      header[name] = ["dtype": "F16", "shape": shape, "data_offsets": [end, end + count]]
      end += count
    }
    if !metadata.isEmpty { header["__metadata__"] = metadata }
    let json = try JSONSerialization.data(withJSONObject: header)
    try write(header: json, byteCount: end)
  }

  private func write(header: Data, byteCount: Int) throws {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try (Data(length) + header).write(to: URL(filePath: path))
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.truncate(atOffset: UInt64(8 + header.count + byteCount))
    try file.close()
  }

  var file: SafetensorsFile { get throws { try SafetensorsFile(path: path) } }
}
