import Adapters
import Files
import LinearAlgebra
import Safetensors
import Synchronization
import Tensors

/// One file of a checkpoint, written with its changes.
struct BakedFile {
  let layers: BakedLayers

  /// Which of the checkpoint's parts.
  let part: Int
  let threads: Int

  private var file: SafetensorsFile { layers.layers.checkpoint.parts[part].file }

  /// A stretch of the data copied as it is, or one tensor that changes.
  private enum Piece {
    case copy(Range<Int>)
    case change(Header.Entry, [BakedLayers.Change])

    var byteCount: Int {
      switch self {
      case .copy(let range): range.count
      case .change(let entry, _): entry.range.count
      }
    }
  }

  /// Copies are split at this size, so that several threads share them.
  private static let copyByteCount = 32 << 20

  /// After so many bytes the disk is told to take them.
  private static let syncByteCount = 256 << 20

  /// A file of which all is written but its place in the folder.
  struct Draft {
    let verification: Verification

    /// Puts the file in its place.
    let finish: () throws -> Void
  }

  func write(to output: OutputFile, onTensor: @Sendable () -> Void) throws -> Draft {
    let layout = Layout(keeping: file.header)
    let metadata = file.header.metadata.filter { $0 != "modelspec.hash_sha256" }
    let writer = SafetensorsWriter(layout, metadata: metadata, to: output)
    let pieces = pieces
    let written = Atomic(0)
    let verifications = try parallelMap(count: pieces.count, threads: threads) { index in
      defer { beginSync(of: output, written, pieces[index].byteCount) }
      switch pieces[index] {
      case .copy(let range):
        try file.withData { data throws(FileError) in
          try writer.write(data.extracting(range), atDataOffset: range.lowerBound)
        }
        file.releaseData(range)
        return Verification()
      case .change(let entry, let changes):
        defer {
          file.release(entry)
          onTensor()
        }
        return try BakedTensor(file: file, entry: entry, changes: changes, layers: layers)
          .write(to: writer)
      }
    }
    return Draft(verification: verifications.reduce(Verification(), +)) {
      try writer.finish(metadata: metadata)
    }
  }

  /// Lets the disk work while later tensors are computed.
  private func beginSync(of output: OutputFile, _ written: borrowing Atomic<Int>, _ count: Int) {
    let (before, after) = written.add(count, ordering: .relaxed)
    if before / Self.syncByteCount < after / Self.syncByteCount { output.beginSync() }
  }

  private var pieces: [Piece] {
    var pieces: [Piece] = []
    var start = 0
    func copy(until end: Int) {
      while start < end {
        let next = min(end, start + Self.copyByteCount)
        pieces.append(.copy(start..<next))
        start = next
      }
    }
    for entry in file.header.entries {
      guard let changes = layers.changes[.init(part: part, name: entry.name)] else { continue }
      copy(until: entry.range.lowerBound)
      pieces.append(.change(entry, changes))
      start = entry.range.upperBound
    }
    copy(until: file.header.entries.last?.range.upperBound ?? 0)
    return pieces
  }
}
