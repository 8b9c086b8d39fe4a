import Files
import Safetensors
import Tensors

/// Lists of float32 numbers by name, as a safetensors file.
enum NumbersFile {
  /// Writes a file that appears whole or not at all.
  static func write(
    _ lists: [(name: String, values: [Float])], metadata: Metadata, to output: OutputFile
  ) throws {
    let layout = Layout(
      lists.map { Layout.Tensor(name: $0.name, type: .float32, shape: [$0.values.count]) })
    let writer = SafetensorsWriter(layout, metadata: metadata, to: output)
    for (name, values) in lists {
      let bytes = unsafe values.withUnsafeBytes { unsafe Array($0) }
      try unsafe writer.write(bytes.span.bytes, to: name)
    }
    try writer.finish(metadata: metadata, isOfInputs: false)
  }
}
