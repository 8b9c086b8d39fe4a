import CommandSupport
import Files
import FoundationEssentials
import Safetensors

/// A folder that a run can be resumed from: `state.json`, and weights and moments as safetensors.
struct StateFolder {
  let path: String

  private static let weights = "weights"
  private static let memory = "optimizer."
  private static let stepKey = "step"

  /// Writes the two files; each appears whole, and both name the step, so that a pair that does
  /// not belong together is recognised.
  ///
  /// - Parameter tensors: The optimiser's, by name.
  func write(
    _ state: TrainingState, weights: [Float], tensors: [(name: String, values: [Float])]
  ) throws {
    try makeFolder(path)
    let all =
      [(name: Self.weights, values: weights)]
      + tensors.map { (name: Self.memory + $0.name, values: $0.values) }
    try NumbersFile.write(
      all, metadata: Metadata([Self.stepKey: "\(state.step)"]),
      to: "\(path)/\(TrainingState.tensors)")
    let text = try OutputFile(path: "\(path)/\(TrainingState.json)")
    let bytes = Array((try json(state) + "\n").utf8)
    try unsafe text.write(bytes.span.bytes, at: 0)
    try text.commit()
  }

  /// Removes the two files, and the folder unless something else lies in it.
  func remove() throws {
    for name in [TrainingState.tensors, TrainingState.json] {
      try removeFile(at: "\(path)/\(name)")
    }
    try removeEmptyFolder(at: path)
  }

  /// The JSON part.
  func state() throws -> TrainingState {
    guard FileKind(path: path) == .folder else {
      throw TrainingError.state(folder: path, "is no folder; --resume takes one like a-state")
    }
    let bytes = try readBytes("\(path)/\(TrainingState.json)")
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
