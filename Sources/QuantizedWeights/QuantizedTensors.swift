package import Safetensors
import Tensors

/// The quantised weights of a file.
package struct QuantizedTensors: Sendable {
  /// By the names of the tensors that hold their codes.
  package let weights: [TensorName: any StoredWeight]

  /// Weights of known schemes whose numbers cannot be told, by their names.
  package let faults: [TensorName: QuantizedWeightError]

  /// The tensors beside the codes: scales, markers.
  private let companions: Set<TensorName>

  /// How the file spells the scales of 8-bit floats.
  let spelling: ScaleSpelling

  /// Whether the file is GGUF, whose blocks no other container holds.
  package let isGGUF: Bool

  /// Lists of a GGUF file's header that no other container gets: their keys, and how long they are.
  package let longLists: [(key: String, count: Int)]

  /// - Complexity: O(tensors) look-ups; no scale is read.
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

  /// Whether a tensor is read with the weight that it belongs to.
  package func reads(_ name: TensorName) -> Bool {
    weights[name] != nil || companions.contains(name)
  }

  /// Whether a tensor is a scale or the like of a weight that is read.
  package func isCompanion(_ name: TensorName) -> Bool { companions.contains(name) }
}
