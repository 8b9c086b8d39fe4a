import Adapters
import Files
import JSON
import Names
import Safetensors

/// The index of a model's shards, updated to the files that were written.
enum ModelIndex {
  /// Rewrites an index for the new tensors of its files.
  ///
  /// - Parameter files: The layouts of the files, by their names in the index.
  /// - Throws: If the index is not a JSON object.
  static func rewritten(_ path: String, files: [String: Layout]) throws -> [UInt8] {
    let bytes = try readFile(path, atMost: 64 << 20)
    guard case .object(var index)? = JSONValue(parsing: bytes) else {
      throw AdapterError(file: path, reason: .refused("is no JSON; is the download complete?"))
    }
    var places: [String: JSONValue] = [:]
    for (name, layout) in files {
      for tensor in layout.tensors { places[tensor.name.string] = .string(name) }
    }
    index["weight_map"] = .object(places)
    if case .object(var metadata)? = index["metadata"] {
      metadata["total_size"] = .integer(files.values.reduce(0) { $0 + $1.dataByteCount })
      index["metadata"] = .object(metadata)
    }
    return Array(JSONValue.object(index).text(.pretty).utf8)
  }
}
