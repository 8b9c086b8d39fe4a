import CommandSupport
import Files
import FoundationEssentials
import JSON
import Safetensors
import Tensors

/// A folder that a run can be resumed from: `state.json`, and weights and moments as safetensors.
struct StateFolder {
  let path: String

  private static let weights = "weights"
  private static let memory = "optimizer."
  private static let stepKey = "step"
  private static let digestKey = "state_sha256"

  /// Writes the folder, which appears whole; each of its two files carries the other's hash, so
  /// that a pair that does not belong together is recognised.
  ///
  /// - Parameter tensors: The optimiser's, by name.
  func write(
    _ state: TrainingState, weights: [Float], tensors: [(name: String, values: [Float])]
  ) throws {
    let folder = try OutputFolder(path: path)
    let all =
      [(name: Self.weights, values: weights)]
      + tensors.map { (name: Self.memory + $0.name, values: $0.values) }
    let numbers = try folder.file(TrainingState.tensors)
    try NumbersFile.write(
      all,
      metadata: Metadata([
        Self.stepKey: "\(state.step)", Self.digestKey: try Self.digest(of: state),
      ]),
      to: numbers)
    var state = state
    state.tensorsDigest = try numbers.sha256(from: 0)
    try folder.file(TrainingState.json).commit(json(state) + "\n")
    try folder.publish()
  }

  /// Removes the two files, and the folder unless it holds others.
  func remove() throws(FileError) {
    try removeFolder(at: path, files: [TrainingState.tensors, TrainingState.json])
  }

  /// The SHA-256 of what a state says, apart from the other file's.
  private static func digest(of state: TrainingState) throws -> String {
    var state = state
    state.tensorsDigest = nil
    let bytes = Array(try jsonText(state, .compact).utf8)
    return unsafe SHA256.hex(of: bytes.span.bytes)
  }

  /// Throws where the two files were not written together; nothing is known of those that carry no
  /// hashes, as earlier programs wrote them.
  private func check(_ state: TrainingState, _ file: SafetensorsFile) throws {
    let stored = file.header.metadata[Self.digestKey]
    guard stored != nil || state.tensorsDigest != nil else { return }
    guard try stored == Self.digest(of: state), state.tensorsDigest == file.file.sha256(from: 0)
    else {
      throw TrainingError.state(
        folder: path,
        "its two files do not belong together, or one was altered; use another state")
    }
  }

  /// The JSON part.
  func state() throws -> TrainingState {
    guard FileKind(path: path) == .folder else {
      throw TrainingError.state(folder: path, "is no folder; --resume takes one like a-state")
    }
    let bytes = try readFile("\(path)/\(TrainingState.json)", atMost: settingsLimit)
    do {
      return try JSONDecoder().decode(TrainingState.self, from: Data(bytes))
    } catch {
      throw TrainingError.state(folder: path, "its \(TrainingState.json) is no state of a run")
    }
  }

  /// The flat weights and the optimiser's tensors.
  ///
  /// - Parameter counts: How many numbers each of the optimiser's must have, by name.
  func tensors(
    of state: TrainingState, weightCount: Int, counts: [(name: String, count: Int)]
  ) throws -> (weights: [Float], memory: [[Float]]) {
    let file = try SafetensorsFile(path: "\(path)/\(TrainingState.tensors)")
    guard file.header.metadata[Self.stepKey] == "\(state.step)" else {
      throw TrainingError.state(
        folder: path, "its two files are of different steps; use another state")
    }
    try check(state, file)
    func read(_ name: String, _ count: Int) throws -> [Float] {
      let values = try file.floats(file.entry(name))
      guard values.count == count else {
        throw TrainingError.state(
          folder: path, "has \(values.count) numbers of '\(name)' where this network has \(count)")
      }
      return values
    }
    return (
      try read(Self.weights, weightCount),
      try counts.map { try read(Self.memory + $0.name, $0.count) }
    )
  }
}

/// Lists of float32 numbers by name, as a safetensors file.
enum NumbersFile {
  /// Writes a file that appears whole or not at all.
  static func write(
    _ lists: [(name: String, values: [Float])], metadata: Metadata, to output: OutputFile
  ) throws {
    let layout = Layout(
      lists.map { Layout.Tensor(name: $0.name, type: .float32, shape: [$0.values.count]) })
    let writer = SafetensorsWriter(layout, metadata: metadata, to: output)
    for (name, values) in lists {
      let bytes = unsafe values.withUnsafeBytes { unsafe Array($0) }
      try unsafe writer.write(bytes.span.bytes, to: name)
    }
    try writer.finish(metadata: metadata, isOfInputs: false)
  }
}

/// The saves that a run has written, or the run that it goes on from: what it may remove again.
///
/// Names are not enough: another run's files bear the same ones.
struct SaveRecord {
  /// Absolute.
  private(set) var paths: [String]
  private let folder: String

  /// - Parameters:
  ///   - folder: Where the saves go; it is there.
  ///   - earlier: Those of the run that this one goes on from.
  init(folder: String, earlier: [String]) {
    self.folder = folder
    paths = earlier
  }

  mutating func insert(_ name: String) throws {
    let path = try absolutePath(of: name, inFolder: folder)
    if !paths.contains(path) { paths.append(path) }
  }

  /// Takes a save out of the record.
  ///
  /// - Returns: Whether it was there, and may be removed.
  mutating func remove(_ name: String) throws -> Bool {
    let path = try absolutePath(of: name, inFolder: folder)
    guard let place = paths.firstIndex(of: path) else { return false }
    paths.remove(at: place)
    return true
  }
}
