import Adapters
import Safetensors
import Tensors

/// Reads bytes as lines of a tensor each, a name and its extents, and that as an adapter.
func readNames(_ bytes: [UInt8]) throws {
  var shapes: [TensorName: [Int]] = [:]
  for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(64) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    shapes[TensorName(String(words[0]))] = words.dropFirst().prefix(6).compactMap { Int($0) }
      .map { Int($0.magnitude % 16) }
  }
  let tensors = shapes.filter { $0.key.string != "__metadata__" }
    .map { Layout.Tensor(name: $0.key.string, type: .float32, shape: Shape($0.value)) }
  let layout = Layout(tensors)
  let header = layout.header(metadata: Metadata())
  let file = try withMemoryFile(header, zeros: layout.dataByteCount) {
    try SafetensorsFile(path: $0)
  }
  try use(Adapter(file))
}

/// Computes what each module adds.
func use(_ adapter: Adapter) throws {
  for module in adapter.modules {
    _ = try? module.update()
  }
}

/// Reads bytes as an `adapter_config.json`, beside an adapter of each algorithm that it scales.
func readAdapterConfiguration(_ bytes: [UInt8]) throws {
  let configuration = try AdapterConfiguration(json: bytes, path: "adapter_config.json")
  for adapter in configured { try use(Adapter(adapter, configuration: configuration)) }
}

/// Adapters whose scale lies beside them.
private let configured: [SafetensorsFile] = {
  let prefix = "base_model.model.model.layers"
  func tensors(_ parts: [(String, [Int])]) -> [DescribedTensor] {
    (0..<3).flatMap { layer in
      parts.compactMap { part, extents in
        DescribedTensor(
          "\(prefix).\(layer).self_attn.q_proj.\(part) F32 \(extents.map(String.init).joined(separator: " ")) = 1"
        )
      }
    }
  }
  let all = [
    tensors([("lora_A.weight", [4, 8]), ("lora_B.weight", [8, 4])]),
    tensors([("lokr_w1", [2, 2]), ("lokr_w2", [4, 4])]),
    tensors([
      ("hada_w1_a", [8, 4]), ("hada_w1_b", [4, 8]), ("hada_w2_a", [8, 4]), ("hada_w2_b", [4, 8]),
    ]),
  ]
  return all.compactMap { try? memoryFile($0) }
}()
