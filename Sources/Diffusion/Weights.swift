import Compute
import Safetensors
import Tensors

/// The tensors of one part of a model under diffusers' names, wherever and however they lie.
struct Weights {
  /// Named in messages: a folder or file.
  let path: String

  /// Named in messages: `U-Net`.
  let part: String
  private let files: [SafetensorsFile]

  /// Where a key's tensor may lie, most likely place first.
  private let locate: (String) -> [TensorLocation]

  /// The shapes of a model without files, whose numbers are made up.
  private let madeUp: ((String) -> Shape?)?

  init(
    path: String, part: String, files: [SafetensorsFile],
    locate: @escaping (String) -> [TensorLocation]
  ) {
    self.path = path
    self.part = part
    self.files = files
    self.locate = locate
    madeUp = nil
  }

  /// Made-up weights.
  ///
  /// - Parameter madeUp: The shape of a key, where it matters before it is read; `nil` where there
  ///   is no such tensor.
  init(path: String, part: String, madeUp: @escaping (String) -> Shape?) {
    self.path = path
    self.part = part
    self.madeUp = madeUp
    files = []
    locate = { _ in [] }
  }

  /// The shape of a tensor as the file has it; `nil` where there is none.
  func shape(_ key: String) -> Shape? { madeUp.map { $0(key) } ?? find(key)?.shape }

  func has(_ key: String) -> Bool { shape(key) != nil }

  /// How many of `prefix.0`, `prefix.1` … have this tensor.
  func count(_ prefix: String, _ suffix: String) -> Int {
    var count = 0
    while has("\(prefix)\(count)\(suffix)") { count += 1 }
    return count
  }

  /// Reads a tensor of the given shape; extents of 1 may be more or fewer.
  func values(_ key: String, _ shape: Shape) throws -> [Float] {
    if madeUp != nil { return madeUpValues(key, shape) }
    guard let found = find(key) else { throw failure(.missingTensor(key, part: part)) }
    let isSame = found.shape.withoutOnes == shape.withoutOnes
    guard isSame else {
      throw failure(.wrongShape(key, found: found.shape, expected: shape.description))
    }
    let values = found.location.take(try found.file.floats(found.entry), shape: found.entry.shape)
    found.file.release(found.entry)
    guard values.reduce(0, { $0 + abs($1) }).isFinite || values.allSatisfy(\.isFinite) else {
      throw failure(.notFinite(key))
    }
    return values
  }

  func failure(_ reason: DiffusionError.Reason) -> DiffusionError {
    DiffusionError(file: path, reason: reason)
  }

  private struct Found {
    let file: SafetensorsFile
    let entry: Header.Entry
    let location: TensorLocation

    var shape: Shape { location.shape(of: entry.shape) }
  }

  private func find(_ key: String) -> Found? {
    for location in locate(key) {
      for file in files {
        if let entry = file.header[location.name] {
          return Found(file: file, entry: entry, location: location)
        }
      }
    }
    return nil
  }
}

extension Shape {
  fileprivate var withoutOnes: [Int] { extents.filter { $0 != 1 } }
}

/// Where in a file a tensor lies: a whole tensor, a third of its rows, or its transpose.
struct TensorLocation: Hashable {
  enum Piece: Hashable {
    case whole
    case transposed

    /// The first, second or third third of the rows: joined queries, keys and values.
    case third(Int)
  }

  let name: String
  let piece: Piece

  init(_ name: String, _ piece: Piece = .whole) {
    self.name = name
    self.piece = piece
  }

  func shape(of stored: Shape) -> Shape {
    switch piece {
    case .whole: stored
    case .transposed: Shape(stored.extents.reversed())
    case .third: Shape([stored.extents[0] / 3] + stored.extents.dropFirst())
    }
  }

  func take(_ values: [Float], shape: Shape) -> [Float] {
    switch piece {
    case .whole: return values
    case .third(let index):
      let count = values.count / 3
      return Array(values[index * count..<(index + 1) * count])
    case .transposed:
      let (rows, columns) = (shape.extents[0], shape.extents[1])
      return (0..<values.count).map { values[$0 % rows * columns + $0 / rows] }
    }
  }
}
