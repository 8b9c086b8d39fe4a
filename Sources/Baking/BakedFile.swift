import Adapters
import Files
import LinearAlgebra
import QuantizedWeights
import Safetensors
import Tensors

/// One file of a checkpoint, written with its changes.
struct BakedFile {
  let layers: BakedLayers

  /// The index of the checkpoint's part.
  let part: Int
  let threads: Int

  /// The seed of rounding to few bits; `nil` rounds to the nearest.
  let seed: UInt64?
  private let rewritten: RewrittenWeights
  private let weights: [TensorName: any StoredWeight]

  /// The tensors of the result.
  let layout: Layout

  init(layers: BakedLayers, part: Int, threads: Int, seed: UInt64? = nil) {
    (self.layers, self.part, self.threads, self.seed) = (layers, part, threads, seed)
    let weights = layers.rewrittenWeights(ofPart: part, roundsByChance: seed != nil)
    self.weights = Dictionary(uniqueKeysWithValues: weights.map { ($0.codes.name, $0) })
    rewritten = RewrittenWeights(
      weights, of: layers.layers.checkpoint.parts[part], as: layers.requantization)
    layout = rewritten.layout
  }

  /// Whether the names of the file's tensors change.
  var changesTensors: Bool {
    Set(layout.tensors.map(\.name)) != Set(file.header.entries.map(\.name))
  }

  private var file: SafetensorsFile { layers.layers.checkpoint.parts[part].file }

  /// A range of the data that is copied, or one tensor that changes.
  private enum Piece {
    case copy(Range<Int>, to: Int)
    case change(Header.Entry, [BakedLayers.Change])
    case rewrite(any StoredWeight, [BakedLayers.Change], any WeightWriter)
  }

  /// The maximum size of a copy; larger ones are split, so that several threads share them.
  private static let copyByteCount = 32 << 20

  /// A file that is complete but not yet moved to its place in the folder.
  struct Draft {
    let outcome: Outcome

    /// Moves the file to its place.
    let finish: () throws -> Void
  }

  /// How much was added, and how much of it the file holds.
  struct Outcome {
    var verification = Verification()
    var survival = Survival()

    static func + (a: Outcome, b: Outcome) -> Outcome {
      Outcome(
        verification: a.verification + b.verification, survival: a.survival + b.survival)
    }
  }

  func write(to output: OutputFile, onTensor: @Sendable () -> Void) throws -> Draft {
    let metadata = rewritten.metadata
    let writer = SafetensorsWriter(layout, metadata: metadata, to: output)
    let pieces = pieces
    let outcomes = try parallelMap(count: pieces.count, threads: threads) { index in
      switch pieces[index] {
      case .copy(let range, let target):
        try file.withData { data throws(FileError) in
          try writer.write(data.extracting(range), atDataOffset: target)
        }
        file.releaseData(range)
        return Outcome()
      case .rewrite(let weight, let changes, let weightWriter):
        defer {
          weight.release()
          if !changes.isEmpty { onTensor() }
        }
        return Outcome(
          survival: try RequantizedTensor(
            weight: weight, changes: changes,
            staysInScheme: weight is PlainWeight
              || layers.requantization.declaration(of: weight) == nil,
            seed: seed
          ).write(with: weightWriter, to: writer))
      case .change(let entry, let changes):
        defer {
          file.release(entry)
          onTensor()
        }
        return Outcome(
          verification: try BakedTensor(file: file, entry: entry, changes: changes, layers: layers)
            .write(to: writer))
      }
    }
    return Draft(outcome: outcomes.reduce(Outcome(), +)) {
      try writer.finish(metadata: metadata)
    }
  }

  /// The pieces in file order, so that the file is read sequentially.
  private var pieces: [Piece] {
    var pieces: [Piece] = []
    var copied: (source: Range<Int>, target: Int)?
    func flush() {
      guard let (source, target) = copied else { return }
      for start in stride(from: source.lowerBound, to: source.upperBound, by: Self.copyByteCount) {
        let end = min(start + Self.copyByteCount, source.upperBound)
        pieces.append(.copy(start..<end, to: target + start - source.lowerBound))
      }
      copied = nil
    }
    for entry in file.header.entries {
      let changes = layers.changes[.init(part: part, name: entry.name)] ?? []
      if let writer = rewritten.writers[entry.name], let weight = weights[entry.name] {
        flush()
        pieces.append(.rewrite(weight, changes, writer))
      } else if rewritten.replaced.contains(entry.name) {
        flush()
      } else if !changes.isEmpty {
        flush()
        pieces.append(.change(entry, changes))
      } else {
        let target = layout.offset(of: entry.name.string)
        if let (source, start) = copied, source.upperBound == entry.range.lowerBound,
          start + source.count == target
        {
          copied = (source.lowerBound..<entry.range.upperBound, start)
        } else {
          flush()
          copied = (entry.range, target)
        }
      }
    }
    flush()
    return pieces
  }
}
