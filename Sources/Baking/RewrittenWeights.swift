import Adapters
import QuantizedWeights
import Safetensors
import Tensors

/// The weights of one file that get new codes and scales.
struct RewrittenWeights {
  /// The writer of each weight, by the name of its codes.
  private(set) var writers: [TensorName: any WeightWriter] = [:]

  /// Tensors that are not copied.
  private(set) var replaced: Set<TensorName> = []

  /// The metadata entries of layers that leave their scheme.
  private(set) var declarations: [String: JSONText?] = [:]

  private let part: Checkpoint.Part

  /// - Parameter weights: The weights that change, including floats that are rounded
  ///   stochastically.
  init(
    _ weights: [any StoredWeight], of part: Checkpoint.Part, as requantization: Requantization
  ) {
    self.part = part
    for weight in weights {
      let isPlain = weight is PlainWeight
      let chosen =
        isPlain ? weight.ownWriter() : requantization.writer(for: weight, in: part.quantized)
      guard let writer = chosen else {
        preconditionFailure("\(weight.codes.name) of a scheme that is only read")
      }
      writers[weight.codes.name] = writer
      let written = Set(writer.tensors.map(\.name))
      // In its own scheme a weight keeps its markers and its input scales.
      let stays = isPlain || requantization.declaration(of: weight) == nil
      replaced.formUnion(stays ? written : written.union(weight.tensors.map(\.name)))
      if !isPlain, let declaration = requantization.declaration(of: weight),
        weight.codes.name.string.hasSuffix(".weight")
      {
        declarations[String(weight.codes.name.string.dropLast(7))] = declaration
      }
    }
  }

  /// The file's layout; the old one if no tensor gets another type or shape.
  var layout: Layout {
    let header = part.file.header
    let written = writers.values.flatMap(\.tensors)
    let isKept =
      written.count == replaced.count
      && written.allSatisfy { tensor in
        header[tensor.name.string].map { $0.type == tensor.type && $0.shape == tensor.shape }
          ?? false
      }
    if isKept { return Layout(keeping: header) }
    let kept = header.entries.filter { !replaced.contains($0.name) }
      .map { Layout.Tensor(name: $0.name.string, type: $0.type, shape: $0.shape) }
    return Layout(kept + written)
  }

  /// The file's metadata, updated to what is written.
  var metadata: Metadata {
    let metadata = part.file.header.metadata.filter { $0 != "modelspec.hash_sha256" }
    return QuantizationMetadata.changing(metadata, layers: declarations)
  }
}
