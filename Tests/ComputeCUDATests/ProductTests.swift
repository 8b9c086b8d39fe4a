import CUDAEmulation
import Compute
import EmulatedDevice
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Products of all layouts against loops in float64, by cuBLASLt and without it.
@Suite struct ProductTests {
  static let sizes = [[1, 1, 1], [33, 31, 65], [5, 70, 3], [64, 4, 40]]

  /// How cuBLASLt answers: well, with what it does not support, with a failure of its own before a
  /// product or in it.
  static let answers: [(heuristics: Int32, products: Int32)] = [(0, 0), (15, 0), (14, 0), (0, 13)]

  @Test(arguments: sizes, answers)
  func product(_ size: [Int], _ answer: (heuristics: Int32, products: Int32)) throws {
    lora_emulation_refuse_products(answer.heuristics, answer.products)
    defer { lora_emulation_refuse_products(0, 0) }
    let device = emulatedBackend()
    let (rows, columns, inner) = (size[0], size[1], size[2])
    for layout in 0..<8 {
      let (ta, tb, isAdding) = (layout & 1 != 0, layout & 2 != 0, layout & 4 != 0)
      // Each lies within a wider matrix.
      let extents = [
        ta ? [inner, rows] : [rows, inner], tb ? [columns, inner] : [inner, columns],
      ]
      let values = extents.enumerated().map { index, extent in
        Philox(seed: UInt64(index), stream: 1).normals(count: extent[0] * (extent[1] + 3))
      }
      let views = zip(values, extents).map { values, extent in
        let tensor = Tensor(values, shape: [values.count], on: device)
        let wide = MatrixView(tensor, rows: extent[0], columns: extent[1] + 3)
        return (tensor, wide.columns(0..<extent[1]))
      }
      let given = Philox(seed: 5, stream: 1).normals(count: rows * columns)
      let result = Tensor(given, shape: [rows, columns], on: device)
      let target = MatrixView(result, rows: rows, columns: columns)
      let bias = Tensor(
        Philox(seed: 6, stream: 1).normals(count: columns), shape: [columns], on: device)
      device.products.multiply(
        Factor(matrix: views[0].1, isTransposed: ta), Factor(matrix: views[1].1, isTransposed: tb),
        into: target, alpha: 0.5, adding: isAdding ? target : nil, bias: bias.deviceAddress)
      func element(_ factor: Int, _ row: Int, _ column: Int, _ isTransposed: Bool) -> Double {
        let (i, j) = isTransposed ? (column, row) : (row, column)
        return Double(values[factor][i * (extents[factor][1] + 3) + j])
      }
      let addends = bias.values()
      let expected = (0..<rows * columns).map { index -> Double in
        let (row, column) = index.quotientAndRemainder(dividingBy: columns)
        let sum = (0..<inner).reduce(0.0) {
          $0 + element(0, row, $1, ta) * element(1, $1, column, tb)
        }
        return 0.5 * sum + Double(addends[column]) + (isAdding ? Double(given[index]) : 0)
      }
      expect(result.values().map(Double.init), approximates: expected, within: 1e-5)
    }
    try device.check()
    let isFault = [13, 14].contains(max(answer.heuristics, answer.products))
    let notes = device.takeNotes()
    #expect(notes.isEmpty != isFault, "\(notes)")
    if isFault { #expect(notes[0].hasPrefix("our own kernel computes some products")) }
  }

  /// The faster of two algorithms is kept in the file, and taken in the next run.
  @Test func choicesAreKept() throws {
    let folder = try TemporaryFolder()
    let path = folder["choices.txt"]
    for _ in 0..<2 {
      let choices = AlgorithmChoices(path: path)
      let known = choices.algorithm(of: "a product")
      if var algorithm = known {
        #expect(algorithm.data.0 == 7 && algorithm.data.7 == .max)
        algorithm.data.0 = 8
      } else {
        var algorithm = cublasLtMatmulAlgo_t()
        (algorithm.data.0, algorithm.data.7) = (7, .max)
        choices.keep(algorithm, of: "a product")
        choices.save()
      }
    }
    #expect(AlgorithmChoices(path: path).algorithm(of: "a product") != nil)
    #expect(AlgorithmChoices(path: path).algorithm(of: "another") == nil)
  }
}
