import CCUDA
import Files
import Synchronization

/// Which algorithm was the fastest for a product, kept from run to run beside the kernels.
///
/// One line a product or convolution: its shape, a tab, the algorithm's 64 bytes in hexadecimal. A file that
/// cannot be read or written costs time at the next start, and is no reason to stop.
final class AlgorithmChoices: Sendable {
  private struct State {
    var known: [String: [UInt64]] = [:]
    var isSaved = true
  }

  private let path: String?
  private let state = Mutex(State())

  /// - Parameter path: `nil` keeps them in memory.
  init(path: String?) {
    self.path = path
    guard let path, let file = try? MappedFile(path: path) else { return }
    let text = file.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
    state.withLock { state in
      for line in text.split(separator: "\n") {
        let fields = line.split(separator: "\t")
        guard fields.count == 2, let words = Self.words(fields[1]) else { continue }
        state.known[String(fields[0])] = words
      }
    }
  }

  /// The algorithm that was chosen for a product before.
  func algorithm(of product: String) -> cublasLtMatmulAlgo_t? {
    guard let words = words(of: product) else { return nil }
    var algorithm = cublasLtMatmulAlgo_t()
    unsafe withUnsafeMutableBytes(of: &algorithm) { bytes in
      unsafe words.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
    }
    return algorithm
  }

  func keep(_ algorithm: cublasLtMatmulAlgo_t, of product: String) {
    let words = unsafe withUnsafeBytes(of: algorithm) {
      unsafe Array($0.bindMemory(to: UInt64.self))
    }
    keep(words, of: product)
  }

  /// Eight words that mean something to who kept them.
  func words(of key: String) -> [UInt64]? { state.withLock { $0.known[key] } }

  /// - Parameter words: At most eight; zeros follow.
  func keep(_ words: [UInt64], of key: String) {
    precondition(words.count <= Self.wordCount)
    let zeros = [UInt64](repeating: 0, count: Self.wordCount - words.count)
    state.withLock { state in
      state.known[key] = words + zeros
      state.isSaved = false
    }
  }

  /// Writes the file, where there is something new.
  func save() {
    guard let path else { return }
    let lines = state.withLock { state -> [String]? in
      if state.isSaved { return nil }
      state.isSaved = true
      return state.known.sorted { $0.key < $1.key }.map { key, words in
        "\(key)\t" + words.map(Self.hex).joined()
      }
    }
    guard let lines else { return }
    try? makeFolder(Path(path).folder)
    try? OutputFile(path: path).commit(lines.joined(separator: "\n") + "\n")
  }

  private static let wordCount = 8

  private static func hex(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func words(_ text: Substring) -> [UInt64]? {
    guard text.utf8.count == 16 * wordCount else { return nil }
    var (rest, words) = (text, [UInt64]())
    while !rest.isEmpty {
      guard let word = UInt64(rest.prefix(16), radix: 16) else { return nil }
      words.append(word)
      rest = rest.dropFirst(16)
    }
    return words
  }
}
