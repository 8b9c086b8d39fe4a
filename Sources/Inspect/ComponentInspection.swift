import Adapters
import CommandSupport
import Safetensors
import Tensors

/// The report of `lora inspect` about one network of a checkpoint.
struct ComponentInspection: Encodable {
  struct Tensor: Encodable {
    let name: String
    let shape: [Int]
    let dtype: String
    let bytes: Int
  }

  let name: String
  let tensors: Int
  let parameters: Int
  let bytes: Int
  let dtypes: [String: Int]

  /// The three largest tensors, largest first.
  let largest: [Tensor]

  /// - Parameter counts: The numbers of elements of tensors that hold codes.
  init(
    _ component: Checkpoint.Component, _ entries: [Header.Entry], counts: [TensorName: Int] = [:]
  ) {
    name = component.label
    tensors = entries.count
    parameters = entries.reduce(0) { $0 + (counts[$1.name] ?? $1.elementCount) }
    bytes = entries.reduce(0) { $0 + $1.range.count }
    dtypes = Dictionary(entries.map { ($0.type.rawValue, 1) }, uniquingKeysWith: +)
    largest = entries.sorted { $0.range.count > $1.range.count }.prefix(3).map {
      Tensor(
        name: $0.name.string, shape: $0.shape.extents, dtype: $0.type.rawValue,
        bytes: $0.range.count)
    }
  }
}

extension Inspection {
  /// One line per network, and a line about networks that a full Stable Diffusion would also have.
  func componentTable(width: Int?) -> String {
    var table = Table([
      ("network", .left), ("tensors", .right), ("parameters", .right), ("size", .right),
      ("stored as", .left),
    ])
    for component in components {
      let types = component.dtypes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      table.add([
        printable(component.name), grouped(component.tensors), grouped(component.parameters),
        CommandSupport.bytes(component.bytes),
        types.map { types.count == 1 ? $0.key : "\($0.key) × \($0.value)" }.joined(separator: ", "),
      ])
    }
    return ([table.text(width: width)] + missingComponents).joined(separator: "\n")
  }

  private var missingComponents: [String] {
    let names = components.map(\.name)
    guard names.contains("denoiser") else { return [] }
    let missing = ["text encoder", "VAE"].filter { !names.contains($0) }
    return missing.isEmpty ? [] : ["without a \(missing.joined(separator: " and a "))"]
  }

  func largestTensors(width: Int?) -> String {
    var table = Table([
      ("largest tensors", .left), ("shape", .left), ("", .left), ("size", .right),
    ])
    for tensor in components.flatMap(\.largest).sorted(by: { $0.bytes > $1.bytes }).prefix(5) {
      table.add([
        printable(tensor.name), tensor.shape.map(String.init).joined(separator: "×"), tensor.dtype,
        CommandSupport.bytes(tensor.bytes),
      ])
    }
    return table.text(width: width)
  }
}
