import Adapters
import QuantizedWeights
import Safetensors
import Tensors

/// A weight of codes and scales with the adapters' update, written with new codes and scales.
struct RequantizedTensor {
  let weight: any StoredWeight
  let changes: [BakedLayers.Change]

  /// Whether the weight keeps its scheme, so that its codes have the same layout as before.
  let staysInScheme: Bool

  /// The seed of stochastic rounding; `nil` rounds to the nearest.
  let seed: UInt64?

  /// Computes the weight in blocks of rows, and twice if its scale depends on all rows.
  func write(with writer: any WeightWriter, to output: SafetensorsWriter) throws -> Survival {
    var writer = writer
    let additions = try Additions(changes, to: weight, inOrder: seed != nil)
    if writer.measuresFirst {
      for rows in blocks(of: writer.rowStep) {
        let before = weight.floats(rows: rows)
        writer.measure(sum(before, additions.change(of: rows)), rows: rows)
      }
    }
    let name = weight.codes.name.string
    let rounding = seed.map { Rounding.stochastic(seed: $0, tensor: name) } ?? .nearest
    var survival = Survival()
    for rows in blocks(of: writer.rowStep) {
      let before = weight.floats(rows: rows)
      let change = additions.change(of: rows)
      var numbers = sum(before, change)
      let codes = writer.encode(&numbers, rows: rows, rounding: rounding)
      let place = writer.byteCount(ofRows: rows.lowerBound, columns: weight.columnCount)
      try unsafe output.write(codes.span.bytes, to: name, at: place)
      survival.add(before: before, added: change, stored: numbers)
      if staysInScheme {
        survival.add(
          codes: codes, before: oldCodes(place..<place + codes.count),
          bitCount: writer.codeBitCount)
      }
    }
    for (tensor, bytes) in zip(writer.tensors.dropFirst(), writer.others()) {
      try unsafe output.write(bytes.span.bytes, to: tensor.name.string)
    }
    survival.weightCount = 1
    survival.schemes = [weight.scheme]
    return survival
  }

  private func blocks(of step: Int) -> [Range<Int>] {
    let rows = weight.rowCount
    let asked = BakedTensor.blockElementCount / max(weight.columnCount, 1)
    let height = max(1, asked / step) * step
    return stride(from: 0, to: rows, by: height).map { $0..<min($0 + height, rows) }
  }

  private func oldCodes(_ range: Range<Int>) -> [UInt8] {
    weight.file.withBytes(of: weight.codes) { bytes in
      unsafe bytes.extracting(range).withUnsafeBytes { unsafe Array($0) }
    }
  }
}

extension WeightWriter {
  fileprivate func byteCount(ofRows count: Int, columns: Int) -> Int {
    count * columns * codeBitCount / 8
  }
}
