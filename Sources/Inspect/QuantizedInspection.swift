import Adapters
import CommandSupport
import LinearAlgebra
import QuantizedWeights
import Safetensors
import Tensors

/// The weights of a checkpoint that are stored in one scheme.
struct QuantizedInspection: Encodable {
  struct Weight: Encodable {
    let name: String
    let shape: [Int]

    /// The norm of the decoded numbers.
    let norm: Double
    let largest: Double
  }

  /// The scheme's usual name, such as `scaled FP8`.
  let scheme: String
  let weights: Int
  let parameters: Int

  /// The norm of all decoded numbers; `nil` if they are not read.
  let norm: Double?

  /// The weights sorted by name; `nil` if their numbers are not read.
  let members: [Weight]?
}

extension QuantizedInspection {
  /// The schemes of a checkpoint, each with its weights.
  ///
  /// - Parameter readsNumbers: Whether to compute norms, for which every weight is read.
  static func all(
    in checkpoint: Checkpoint, readsNumbers: Bool, threads: Int, onWeight: @Sendable () -> Void
  ) throws -> [QuantizedInspection] {
    let all = checkpoint.parts.flatMap { $0.quantized.weights.values }
      .sorted { $0.codes.name < $1.codes.name }
    let measured =
      try readsNumbers
      ? parallelMap(count: all.count, threads: threads) { index in
        defer {
          all[index].release()
          onWeight()
        }
        return Weight(all[index])
      } : nil
    return Dictionary(grouping: all.indices) { all[$0].scheme }.sorted { $0.key < $1.key }
      .map { scheme, places in
        let members = measured.map { measured in places.map { measured[$0] } }
        return QuantizedInspection(
          scheme: scheme, weights: places.count,
          parameters: places.reduce(0) { $0 + (all[$1].shape.elementCount ?? 0) },
          norm: members.map { $0.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot() },
          members: members)
      }
  }
}

extension QuantizedInspection.Weight {
  /// Reads a weight a few rows at a time.
  fileprivate init(_ weight: some StoredWeight) {
    name = weight.codes.name.string
    shape = weight.shape.extents
    var (squared, largest) = (0.0, 0.0)
    weight.forEachStretch { numbers in
      squared += numbers.reduce(0) { $0 + $1 * $1 }
      largest = numbers.reduce(largest) { max($0, $1.magnitude) }
    }
    norm = squared.squareRoot()
    self.largest = largest
  }
}

extension StoredWeight {
  /// Passes the numbers of a few rows at a time.
  func forEachStretch(_ body: ([Double]) -> Void) {
    let height = max(1, (1 << 18) / max(columnCount, 1))
    for start in stride(from: 0, to: rowCount, by: height) {
      body(doubles(rows: start..<min(start + height, rowCount)))
    }
  }
}

extension Checkpoint {
  /// The number of decoded elements of each tensor that holds codes.
  var numberCounts: [TensorName: Int] {
    let weights = parts.flatMap { $0.quantized.weights }
    return Dictionary(
      weights.map { ($0.key, $0.value.shape.elementCount ?? 0) },
      uniquingKeysWith: { first, _ in first })
  }
}

extension Inspection {
  /// One line per scheme, or one line per weight.
  func quantizedText(_ options: TextOptions) -> String {
    var table = Table([
      ("stored as", .left), ("weight", .left), ("shape", .left), ("norm", .right),
      ("largest", .right),
    ])
    for group in quantized {
      for weight in options.modules ? group.members ?? [] : [] {
        table.add([
          group.scheme, printable(weight.name),
          weight.shape.map(String.init).joined(separator: "×"), significant(weight.norm),
          significant(weight.largest),
        ])
      }
      table.add([
        group.scheme, counted(group.weights, "weight"),
        "\(grouped(group.parameters)) numbers", group.norm.map { significant($0) } ?? "–", "",
      ])
    }
    return table.text(width: options.width)
  }
}
