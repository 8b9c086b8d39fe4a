import CommandSupport
import Safetensors

extension Conflicts {
  /// The three measures: the title of each, and its matrix.
  static let measures: [(title: String, values: @Sendable (Similarity) -> [[Double?]])] = [
    ("cosine of the updates", { $0.cosine }),
    ("shared outputs", { $0.outputs }),
    ("shared inputs", { $0.inputs }),
  ]

  /// - Parameters:
  ///   - width: The columns of the terminal; `nil` if the text goes elsewhere.
  ///   - isColoured: Whether the background of a cell shows the size of its number.
  func text(width: Int?, isColoured: Bool) -> String {
    let matrices = Self.measures.map { title, values in
      ConflictGrid(title: title, values: values(whole), isColoured: isColoured)
        .text(width: width ?? .max)
    }
    return ([fileTable(width: width)] + matrices + [chance, blockTable(width: width)])
      .compactMap(\.self).joined(separator: "\n\n")
  }

  private func fileTable(width: Int?) -> String {
    var table = Table([("file", .left), ("", .right), ("layers", .right), ("norm", .right)])
    for (index, file) in files.enumerated() {
      table.add([
        printable(file), "\(index + 1)", "\(whole.sharedLayers[index][index])",
        significant(whole.norms[index]),
      ])
    }
    return table.text(width: width)
  }

  /// One sentence on how much is shared by chance; `nil` if no two files share a layer.
  var chance: String? {
    guard let outputs = whole.outputChance, let inputs = whole.inputChance else { return nil }
    return
      "Spaces that have nothing to do with each other share \(significant(outputs, digits: 2)) of"
      + " their outputs and \(significant(inputs, digits: 2)) of their inputs by chance."
  }

  /// The extremes of each block, and the two files that have them.
  private func blockTable(width: Int?) -> String {
    var table = Table([
      ("block", .left), ("layers", .right), ("least cosine", .right), ("greatest", .right),
      ("most shared outputs", .right), ("inputs", .right),
    ])
    for part in blocks {
      let similarity = part.similarity
      table.add([
        printable(part.block), "\(part.layers)",
        extreme(similarity.cosine, similarity.sharedLayers, by: <),
        extreme(similarity.cosine, similarity.sharedLayers, by: >),
        extreme(similarity.outputs, similarity.sharedLayers, by: >),
        extreme(similarity.inputs, similarity.sharedLayers, by: >),
      ])
    }
    return table.text(width: width)
  }

  /// Formats the value of two files that share a layer and their numbers: `-0.123 (1, 3)`.
  private func extreme(
    _ values: [[Double?]], _ layers: [[Int]], by precedes: (Double, Double) -> Bool
  ) -> String {
    var best: (value: Double, row: Int, column: Int)?
    for row in files.indices {
      for column in files.indices.dropFirst(row + 1) where layers[row][column] > 0 {
        guard let value = values[row][column] else { continue }
        if best.map({ precedes(value, $0.value) }) ?? true { best = (value, row, column) }
      }
    }
    guard let best else { return "–" }
    return "\(decimal(best.value, places: 3)) (\(best.row + 1), \(best.column + 1))"
  }
}

/// A square of numbers under a title, with the numbers of the files beside it.
struct ConflictGrid {
  let title: String
  let values: [[Double?]]
  let isColoured: Bool

  private static let cellWidth = 7

  /// Renders the grid; columns that do not fit go into further squares.
  func text(width: Int) -> String {
    let room = max(1, (width - 4) / Self.cellWidth)
    return stride(from: 0, to: values.count, by: room).map { start in
      let columns = start..<min(start + room, values.count)
      let head = columns.map { padded("\($0 + 1)", to: Self.cellWidth) }.joined()
      let lines = values.indices.map { row in
        padded("\(row + 1)", to: 4) + columns.map { cell(values[row][$0]) }.joined()
      }
      return ([title, "    " + head] + lines).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  private func cell(_ value: Double?) -> String {
    let text = padded(value.map { decimal($0, places: 3) } ?? "–", to: Self.cellWidth)
    guard isColoured, let value, let colour = Self.colour(of: value) else { return text }
    return "\u{1B}[48;5;\(colour.background);38;5;\(colour.text)m\(text)\u{1B}[0m"
  }

  /// A colour of the terminal's 256: red below zero, blue above, none near zero.
  private static func colour(of value: Double) -> (background: Int, text: Int)? {
    let reds = [224, 217, 210, 203, 160]
    let blues = [195, 153, 111, 69, 26]
    let step = Int((min(1, abs(value)) * 5).rounded())
    if step == 0 { return nil }
    return ((value < 0 ? reds : blues)[step - 1], step < 4 ? 16 : 231)
  }

  private func padded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
