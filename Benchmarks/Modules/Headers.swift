import Safetensors
import Tensors

/// As many tensors as no checkpoint has, named as those of adapters are.
private func layout(_ count: Int) -> Layout {
  let parts = ["lora_down.weight", "lora_up.weight", "alpha"]
  return Layout(
    (0..<count).map { index in
      let (layer, part) = (index / 3, parts[index % 3])
      let block = "lora_unet_down_blocks_\(layer / 100)_attentions_\(layer % 100)"
      return Layout.Tensor(
        name: "\(block)_transformer_blocks_0_attn1_to_k.\(part)", type: .float16,
        shape: part == "alpha" ? [] : [4, 16])
    })
}

func headers() throws {
  let json = Array(layout(100_000).header(metadata: Metadata()).dropFirst(8))
  try measure("parse a header of 100,000 tensors", byteCount: json.count) {
    _ = try unsafe Header.parse(json.span.bytes, file: "benchmark")
  }
  let shuffled = Array(try reordered(json))
  try measure("parse it in another order than the data's", byteCount: json.count) {
    _ = try unsafe Header.parse(shuffled.span.bytes, file: "benchmark")
  }
}

/// The same entries in the order of their names' hashes, as some writers leave them.
private func reordered(_ json: [UInt8]) throws -> [UInt8] {
  let header = try unsafe Header.parse(json.span.bytes, file: "benchmark")
  var generator = Philox(seed: 1, stream: 0)
  let entries = header.entries.shuffled(using: &generator).map { entry in
    let shape = entry.shape.extents.map(String.init).joined(separator: ",")
    return #""\#(entry.name.string)":{"dtype":"\#(entry.type.rawValue)","shape":[\#(shape)],"#
      + #""data_offsets":[\#(entry.range.lowerBound),\#(entry.range.upperBound)]}"#
  }
  return Array("{\(entries.joined(separator: ","))}".utf8)
}

func layouts() throws {
  let sorted = layout(100_000)
  var generator = Philox(seed: 2, stream: 0)
  let tensors = sorted.tensors.shuffled(using: &generator)
  measure("lay out 100,000 tensors") { _ = Layout(tensors) }
  measure("write their header") { _ = sorted.header(metadata: Metadata()) }
}
