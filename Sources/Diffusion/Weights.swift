import Compute
package import Names
import QuantizedWeights
import Safetensors
package import Tensors

/// Changes the numbers of a tensor of a model when it is read.
///
/// It is given the layer, whether the tensor is the layer's bias, and the numbers in the order of
/// files with their shape.
package typealias TensorChange = (
  _ layer: Target, _ isBias: Bool, _ values: inout [Float], _ shape: Shape
) throws -> Void

/// The tensors of one part of a model under diffusers' names, wherever and however they lie.
struct Weights {
  /// Named in messages: a folder or file.
  let path: String

  /// Named in messages: `U-Net`.
  let part: String
  private let files: [SafetensorsFile]

  /// The weights of each file that are stored as codes and scales.
  private let quantized: [QuantizedTensors]

  /// The locations in which a key's tensor may lie, the most likely first.
  private let locate: (String) -> [TensorLocation]

  /// The shape of a key, where it matters before it is read, in a model without files, whose numbers
  /// are made up; `nil` where there is no such tensor.
  private let madeUp: ((String) -> Shape?)?

  /// Changes the numbers of a key's tensor after they are read.
  var change: ((String, inout [Float], Shape) throws -> Void)?

  init(
    path: String, part: String, files: [SafetensorsFile] = [],
    locate: @escaping (String) -> [TensorLocation] = { _ in [] },
    madeUp: ((String) -> Shape?)? = nil
  ) {
    (self.path, self.part, self.files) = (path, part, files)
    (self.locate, self.madeUp) = (locate, madeUp)
    quantized = files.map(QuantizedTensors.init)
  }

  /// The shape of a tensor as the file has it; `nil` where there is none.
  func shape(_ key: String) -> Shape? {
    if let madeUp { return madeUp(key) }
    return find(key).map { $0.shape ?? $0.whole }
  }

  func has(_ key: String) -> Bool { shape(key) != nil }

  /// An extent of a tensor that must have `rank` of them.
  ///
  /// A header can claim any; this is what the widths of a network are read by.
  func extent(_ axis: Int, of key: String, rank: Int) throws(DiffusionError) -> Int {
    guard let shape = shape(key) else { throw failure(.missingTensor(key, part: part)) }
    guard shape.rank == rank, shape.extents.allSatisfy(Count.range.contains) else {
      throw failure(
        .wrongShape(
          key, found: shape, expected: "\(rank) extents from 1 to \(Count.range.upperBound)"))
    }
    return shape.extents[axis]
  }

  /// Throws where the channels of the levels are not those of the configuration, or no groups of
  /// them can be normalized.
  func check(
    _ channels: [Int], are configured: [Count]?, inGroupsOf groups: Int
  ) throws(DiffusionError) {
    if let configured, configured.map(\.value) != channels {
      throw failure(
        .badConfiguration(
          "'block_out_channels' is \(configured.map(\.value)), but the tensors have \(channels)"))
    }
    if let channels = channels.first(where: { $0 % groups != 0 }) {
      throw failure(.badConfiguration("\(channels) channels in \(groups) groups"))
    }
  }

  /// How many of `prefix.0`, `prefix.1` … have this tensor.
  func count(_ prefix: String, _ suffix: String) -> Int {
    var count = 0
    while has("\(prefix)\(count)\(suffix)") { count += 1 }
    return count
  }

  /// Reads a tensor of the given shape; extents of 1 may be more or fewer.
  func values(_ key: String, _ shape: Shape) throws -> [Float] {
    var values = try madeUp == nil ? stored(key, shape) : madeUpValues(key, shape)
    try change?(key, &values, shape)
    return values
  }

  /// The same tensors, changed when they are read.
  func changed(in network: Target.Network, by change: TensorChange?) -> Weights {
    guard let change else { return self }
    var weights = self
    weights.change = { key, values, shape in
      guard let dot = key.lastIndex(of: ".") else { return }
      let path = String(key[..<dot])
      let layer = Target(network: network, key: path.replacing(".", with: "_"), path: path)
      try change(layer, key[dot...] == ".bias", &values, shape)
    }
    return weights
  }

  private func stored(_ key: String, _ shape: Shape) throws -> [Float] {
    guard let found = find(key) else { throw failure(.missingTensor(key, part: part)) }
    guard let piece = found.shape, piece.withoutOnes == shape.withoutOnes else {
      let expected = found.location.expectation(shape)
      throw failure(.wrongShape(key, found: found.whole, expected: expected))
    }
    let values = found.location.take(try numbers(of: found, key), shape: found.whole)
    found.file.release(found.entry)
    guard values.reduce(0, { $0 + abs($1) }).isFinite || values.allSatisfy(\.isFinite) else {
      throw failure(.notFinite(key))
    }
    return values
  }

  /// The numbers that a tensor holds, or that its codes stand for.
  private func numbers(of found: Found, _ key: String) throws -> [Float] {
    if let weight = found.weight { return weight.floats(rows: 0..<weight.rowCount) }
    if let fault = found.fault {
      throw failure(.unsupported("\(fault.weight) \(fault.detail)"))
    }
    if [.int8, .uint8, .int32].contains(found.entry.type) {
      let type = found.entry.type.rawValue
      throw failure(
        .unsupported("'\(key)' is stored as \(type), codes of a scheme that lora does not read"))
    }
    return try found.file.floats(found.entry)
  }

  func failure(_ reason: DiffusionError.Reason) -> DiffusionError {
    DiffusionError(file: path, reason: reason)
  }

  private struct Found {
    let file: SafetensorsFile
    let entry: Header.Entry
    let location: TensorLocation
    let weight: (any StoredWeight)?
    let fault: QuantizedWeightError?

    /// The shape of all numbers; the location may take some of them.
    var whole: Shape { weight?.shape ?? entry.shape }

    var shape: Shape? { location.shape(of: whole) }
  }

  private func find(_ key: String) -> Found? {
    for location in locate(key) {
      for (file, quantized) in zip(files, quantized) {
        guard let entry = file.header[location.name] else { continue }
        return Found(
          file: file, entry: entry, location: location, weight: quantized.weights[entry.name],
          fault: quantized.faults[entry.name])
      }
    }
    return nil
  }
}

extension Shape {
  /// The extents but those of 1, which files may have more or fewer of.
  var withoutOnes: [Int] { extents.filter { $0 != 1 } }
}

extension TensorLocation {
  /// The shape of the piece; `nil` where a tensor of this shape has no such piece.
  func shape(of stored: Shape) -> Shape? {
    switch piece {
    case .whole: return stored
    case .transposed: return stored.rank == 2 ? Shape(stored.extents.reversed()) : nil
    case .third:
      guard let rows = stored.extents.first, rows % 3 == 0 else { return nil }
      return Shape([rows / 3] + stored.extents.dropFirst())
    }
  }

  /// The shape, in words, that the whole tensor must have for its piece to have this shape.
  func expectation(_ shape: Shape) -> String {
    switch piece {
    case .whole: shape.description
    case .transposed: "\(Shape(shape.extents.reversed())), which is read transposed"
    case .third: "three times \(shape)"
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

/// Reads the tensors of a part to a device.
struct Reader {
  let weights: Weights
  let backend: any Backend

  /// Sends values to the device, in the type of its weights.
  func tensor(_ values: [Float], _ shape: Shape) -> Tensor {
    let tensor = Tensor(shape: shape, elementType: backend.activationType, on: backend)
    tensor.write(values)
    return tensor
  }

  /// Norms are float32 on every device.
  func vector(_ key: String, _ count: Int) throws -> Tensor {
    Tensor(try weights.values(key, [count]), shape: [count], on: backend)
  }
}
