import Files
import QuantizedWeights
import Safetensors
import Tensors

/// Reads bytes as a GGUF file, and the numbers of every weight of blocks.
func readGGUF(_ bytes: [UInt8]) throws {
  let gguf = try withMemoryFile(bytes) { try GGUFFile(MappedFile(path: $0)) }
  var end = 0
  for entry in gguf.file.header.entries {
    precondition(entry.range.lowerBound >= end, "\(entry.name) over another")
    precondition(entry.shape.byteCount(of: entry.type) == entry.range.count, "\(entry.shape)")
    end = entry.range.upperBound
  }
  precondition(end == 0 || gguf.file.dataOffset + end <= bytes.count, "beyond the end")
  useWeights(QuantizedTensors(gguf))
}

/// Reads lines of a tensor each, and of the metadata, as a file of quantised weights.
func readQuantized(_ bytes: [UInt8]) throws {
  let sections = Sections(bytes)
  let tensors = DescribedTensor.all(in: sections.text("tensors"))
  let text = sections.text("metadata").filter { !$0.isNewline }
  let metadata = Metadata(text.isEmpty ? [:] : ["_quantization_metadata": text])
  let file = try withMemoryFile(safetensors(tensors, metadata: metadata)) {
    try SafetensorsFile(path: $0)
  }
  let quantized = QuantizedTensors(file)
  if let fault = quantized.faults.values.min(by: { $0.weight < $1.weight }) { throw fault }
  useWeights(quantized)
}

/// Computes the numbers of weights that are not too large for a quick try, and writes them again.
private func useWeights(_ quantized: QuantizedTensors) {
  for weight in quantized.weights.values {
    guard let count = weight.shape.elementCount, count <= 1 << 16, weight.rowCount <= 1 << 16
    else { continue }
    let rows = 0..<weight.rowCount
    let numbers = weight.floats(rows: rows)
    precondition(numbers.count == count, "\(numbers.count) numbers of \(weight.shape)")
    precondition(weight.doubles(rows: rows).count == count, "of \(weight.shape)")
    guard var writer = weight.ownWriter() else { continue }
    var stored = numbers
    if writer.measuresFirst { writer.measure(stored, rows: rows) }
    let codes = writer.encode(&stored, rows: rows, rounding: .nearest)
    precondition(codes.count == weight.codes.range.count, "\(codes.count) bytes")
    for (tensor, bytes) in zip(writer.tensors.dropFirst(), writer.others()) {
      precondition(bytes.count == tensor.byteCount, "\(tensor.name)")
    }
  }
}
