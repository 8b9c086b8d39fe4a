import Files
import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import QuantizedWeights

/// Weights of every scheme, as `fixtures/quantized/make.py` computes their numbers.
@Suite struct StoredWeightTests {
  /// Checkpoints that have their numbers beside them.
  static let names: [String] = {
    let all = try? FileManager.default.contentsOfDirectory(atPath: Fixtures.path("quantized"))
    return (all ?? []).filter { $0.hasSuffix(".numbers") }.map { String($0.dropLast(8)) }.sorted()
  }()

  static func tensors(_ name: String) throws -> QuantizedTensors {
    let path = Fixtures.path("quantized/\(name)")
    return name.hasPrefix("gguf")
      ? QuantizedTensors(try GGUFFile(MappedFile(path: path)))
      : QuantizedTensors(try SafetensorsFile(path: path))
  }

  @Test(arguments: names) func numbersAreThoseOfThePublishedFormulas(name: String) throws {
    let expected = try SafetensorsFile(path: Fixtures.path("quantized/\(name).numbers"))
    let tensors = try Self.tensors(name)
    #expect(tensors.faults.isEmpty)
    #expect(Set(tensors.weights.keys) == Set(expected.header.entries.map(\.name)))
    for entry in expected.header.entries {
      let weight = try #require(tensors.weights[entry.name])
      #expect(weight.shape == entry.shape)
      let numbers = try expected.doubles(entry)
      let rows = 0..<weight.rowCount
      let tolerance = entry.type == .float64 ? 1e-14 : 1e-7
      #expect(relativeError(weight.doubles(rows: rows), numbers) < tolerance)
      #expect(relativeError(weight.floats(rows: rows).map(Double.init), numbers) < 1e-6)
      // Any rows are the same rows.
      let some = rows.upperBound / 3..<rows.upperBound - rows.upperBound / 4
      let part = Array(numbers[some.times(weight.columnCount)])
      #expect(relativeError(weight.doubles(rows: some), part) < tolerance)
      #expect(relativeError(weight.floats(rows: some).map(Double.init), part) < 1e-6)
    }
  }

  @Test func everySchemeIsListed() throws {
    let folder = Fixtures.directory.appending(path: "../Sources/QuantizedWeights/Schemes")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(
      Set(files.map { $0.replacingOccurrences(of: ".swift", with: "") })
        == Set(quantizationSchemes.map { "\($0)" }))
  }

  @Test func everyTypeOfBlockIsListed() throws {
    let folder = Fixtures.directory.appending(path: "../Sources/QuantizedWeights/GGUF/Blocks")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let listed = blockCodes.map { "\($0)" }
    #expect(Set(files.map { $0.replacingOccurrences(of: ".swift", with: "") }) == Set(listed))
    let read = try Self.names.filter { $0.hasPrefix("gguf") }.flatMap { name in
      try Self.tensors(name).weights.values.map(\.scheme)
    }
    #expect(Set(read) == Set(listed.map { "GGUF \($0)" }))
  }

  @Test func everySchemeHasAFixture() throws {
    let schemes = try Self.names.flatMap { name in
      try Self.tensors(name).weights.values.map { "\(type(of: $0))" }
    }
    #expect(Set(schemes) == Set(quantizationSchemes.map { "\($0)" }))
  }
}

/// The largest distance as a share of the largest number.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  let largest = b.reduce(0) { max($0, $1.magnitude) }
  let distance = zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
  return distance / max(largest, .leastNormalMagnitude)
}
