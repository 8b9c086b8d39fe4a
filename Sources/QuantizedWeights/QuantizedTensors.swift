package import Safetensors
import Tensors

/// The quantised weights of a file.
package struct QuantizedTensors: Sendable {
  /// The weights, by the names of the tensors that hold their codes.
  package let weights: [TensorName: any StoredWeight]

  /// Weights of known schemes that cannot be decoded, with the reason.
  package let faults: [TensorName: QuantizedWeightError]

  /// The tensors that accompany codes: scales, markers.
  private let companions: Set<TensorName>

  /// The names that the file gives the scales of 8-bit floats.
  let spelling: ScaleSpelling

  /// Whether the file is GGUF; no other container can hold its blocks.
  package let isGGUF: Bool

  /// The keys and the lengths of the lists of a GGUF file's header that no other container gets.
  package let longLists: [(key: String, count: Int)]

  /// - Complexity: O(tensors) look-ups; scales are not read.
  package init(_ file: SafetensorsFile) { self.init(StoredTensors(file)) }

  package init(_ gguf: GGUFFile) {
    self.init(StoredTensors(gguf.file, blocks: gguf.blocks), of: gguf)
  }

  private init(_ tensors: StoredTensors, of gguf: GGUFFile? = nil) {
    let file = tensors.file
    isGGUF = gguf != nil
    longLists = gguf?.longLists ?? []
    var weights: [TensorName: any StoredWeight] = [:]
    var faults: [TensorName: QuantizedWeightError] = [:]
    for entry in file.header.entries {
      do throws(QuantizedWeightError) {
        weights[entry.name] = try Self.weight(entry, in: tensors)
      } catch {
        faults[entry.name] = error
      }
    }
    self.weights = weights
    spelling = ScaleSpelling(of: file)
    self.faults = faults
    companions = Set(weights.values.flatMap { $0.tensors.dropFirst().map(\.name) })
  }

  private static func weight(
    _ codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    for scheme in quantizationSchemes {
      if let weight = try scheme.weight(codes: codes, in: tensors) { return weight }
    }
    return nil
  }

  /// Whether a tensor is decoded together with its weight.
  package func reads(_ name: TensorName) -> Bool {
    weights[name] != nil || companions.contains(name)
  }

  /// Whether a tensor accompanies the codes of a weight that can be decoded.
  package func isCompanion(_ name: TensorName) -> Bool { companions.contains(name) }
}
