import Files
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import QuantizedWeights

/// Weights written anew in their own scheme: read back, they are the nearest that the scheme holds,
/// by its formulas in 64 bits.
@Suite struct WeightWriterTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let written = StoredWeightTests.names.filter { name in
    let tensors = try? StoredWeightTests.tensors(name)
    return tensors?.weights.values.contains { $0.ownWriter() != nil } ?? false
  }

  private func weight(_ file: SafetensorsFile) throws -> any StoredWeight {
    try #require(QuantizedTensors(file).weights.values.first)
  }

  /// Writes numbers in place of a weight's, `height` rows at a time, into a file of its other tensors.
  ///
  /// - Returns: The weight as read again, and what the writer says that the codes stand for.
  private func rewrite(
    _ numbers: [Float], in weight: any StoredWeight, height: Int, rounding: Rounding = .nearest
  ) throws -> (weight: any StoredWeight, said: [Float]) {
    var writer = try #require(weight.ownWriter())
    let layout = Layout(keeping: weight.file.header)
    let output = try OutputFile(path: folder["w"])
    let metadata = weight.file.header.metadata
    let file = SafetensorsWriter(layout, metadata: metadata, to: output)
    try file.write(dataOf: weight.file)
    let step = (height + writer.rowStep - 1) / writer.rowStep * writer.rowStep
    let columns = weight.columnCount
    let blocks = stride(from: 0, to: weight.rowCount, by: step).map {
      $0..<min($0 + step, weight.rowCount)
    }
    if writer.measuresFirst {
      for rows in blocks { writer.measure(Array(numbers[rows.times(columns)]), rows: rows) }
    }
    var said: [Float] = []
    var codes: [UInt8] = []
    for rows in blocks {
      var part = Array(numbers[rows.times(columns)])
      codes += writer.encode(&part, rows: rows, rounding: rounding)
      said += part
    }
    try unsafe file.write(codes.span.bytes, to: writer.tensors[0].name.string)
    for (tensor, bytes) in zip(writer.tensors.dropFirst(), writer.others()) {
      #expect(bytes.count == tensor.byteCount)
      try unsafe file.write(bytes.span.bytes, to: tensor.name.string)
    }
    try file.finish(metadata: metadata)
    return (try self.weight(SafetensorsFile(path: folder["w"])), said)
  }

  private func numbers(of weight: any StoredWeight) -> [Double] {
    weight.doubles(rows: 0..<weight.rowCount)
  }

  /// The weight's numbers with something added to each.
  private func changed(_ weight: any StoredWeight, seed: UInt64) -> [Float] {
    let before = numbers(of: weight)
    let size = (before.reduce(0) { $0 + $1 * $1 } / Double(before.count)).squareRoot()
    let noise = Matrix.random(before.count, 1, seed: seed).elements
    return zip(before, noise).map { Float($0 + 0.3 * size * $1) }
  }

  @Test(arguments: written, [1, 7, 1000])
  func theNearestNumbersOfTheSchemeAreWritten(name: String, height: Int) throws {
    let before = try weight(SafetensorsFile(path: Fixtures.path("quantized/\(name)")))
    let wanted = changed(before, seed: 3)
    let (after, said) = try rewrite(wanted, in: before, height: height)
    #expect(after.scheme == before.scheme && after.shape == before.shape)
    let stored = numbers(of: after)
    #expect(relativeError(said.map(Double.init), stored) < 1e-6)
    let expected = try Oracle(after).rounded(wanted.map(Double.init))
    // Numbers between two codes to within 32 bits may go either way.
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    let other = zip(stored, expected).count { abs($0 - $1) > 1e-5 * max(abs($1), 1e-3 * largest) }
    #expect(other <= max(1, stored.count / 200), "\(other) of \(stored.count)")
  }

  @Test(arguments: written) func whatIsStoredIsStoredAgain(name: String) throws {
    let before = try weight(SafetensorsFile(path: Fixtures.path("quantized/\(name)")))
    let first = try rewrite(changed(before, seed: 4), in: before, height: 5).weight
    let once = numbers(of: first)
    let again = numbers(of: try rewrite(once.map { Float($0) }, in: first, height: 5).weight)
    let distance = zip(once, again).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let norm = once.reduce(0) { $0 + $1 * $1 }
    // A largest magnitude that the codes round away makes another scale.
    #expect(distance <= 0.01 * norm, "\(distance / norm)")
  }

  @Test(arguments: written) func zerosStayZeros(name: String) throws {
    let before = try weight(SafetensorsFile(path: Fixtures.path("quantized/\(name)")))
    let zeros = [Float](repeating: 0, count: before.rowCount * before.columnCount)
    let (after, said) = try rewrite(zeros, in: before, height: 9)
    #expect(!numbers(of: after).contains { $0 != 0 } && !said.contains { $0 != 0 })
  }

  @Test(arguments: written, [Float.nan, .infinity, 1e38, 1e-38])
  func extremesAreStoredOrSeen(name: String, extreme: Float) throws {
    let before = try weight(SafetensorsFile(path: Fixtures.path("quantized/\(name)")))
    var wanted = changed(before, seed: 5)
    wanted[2] = extreme
    let (after, said) = try rewrite(wanted, in: before, height: 100)
    let error = zip(said, wanted).map { Double($0 - $1) }
    if extreme.isFinite {
      #expect(!numbers(of: after).contains { !$0.isFinite })
      let most =
        Double(max(extreme, 1e-30)) * 0.3 + wanted.reduce(0) { max($0, Double($1.magnitude)) }
      let largest = error.reduce(0) { max($0, $1.magnitude) }
      #expect(largest <= most)
    } else {
      let isSeen = error.contains { !$0.isFinite }
      #expect(isSeen)
    }
  }

  @Test(arguments: written) func chanceIsFairAndRepeats(name: String) throws {
    let before = try weight(SafetensorsFile(path: Fixtures.path("quantized/\(name)")))
    let wanted = changed(before, seed: 6)
    var sum = [Double](repeating: 0, count: wanted.count)
    let tries = 24
    for seed in 0..<tries {
      let rounding = Rounding.stochastic(seed: UInt64(seed), tensor: name)
      let stored = numbers(
        of: try rewrite(wanted, in: before, height: 6, rounding: rounding).weight)
      for index in sum.indices { sum[index] += stored[index] / Double(tries) }
      if seed == 0 {
        let again = try rewrite(wanted, in: before, height: 3, rounding: rounding).weight
        #expect(numbers(of: again) == stored)
      }
    }
    func error(_ numbers: [Double]) -> Double {
      zip(numbers, wanted).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) }
    }
    let nearest = numbers(of: try rewrite(wanted, in: before, height: 6).weight)
    // The mean of n tries has an n-th of the variance, which is at most thrice the nearest's.
    #expect(error(sum) < 0.4 * error(nearest))
  }
}
