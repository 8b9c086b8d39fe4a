import FoundationEssentials
import Tensors

/// The files of a reader's corpus, and what is made of them.
struct Corpus {
  private let files: [[UInt8]]

  /// What a reader's dictionary holds.
  private let words: [[UInt8]]

  init(_ name: String) throws {
    let root = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let folder = "\(root)/corpus/\(name)"
    files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
      Array(try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
    }
    precondition(!files.isEmpty, "\(folder) is empty")
    let dictionary = try? String(
      contentsOfFile: "\(root)/dictionaries/\(name).dict", encoding: .utf8)
    words = (dictionary ?? "").split(separator: "\n").compactMap(Self.word)
  }

  /// The input of a number: the files as they are, then changed ones.
  func input(_ number: UInt64, seed: UInt64) -> [UInt8] {
    if number < files.count { return files[Int(number)] }
    var mutation = Mutation(generator: Philox(seed: seed, stream: number), words: words)
    return mutation.applied(to: files)
  }

  /// A line of a dictionary as libFuzzer reads it: `"…"` with `\\`, `\"` and `\x00`.
  private static func word(_ line: Substring) -> [UInt8]? {
    guard line.hasPrefix("\""), line.hasSuffix("\""), line.count > 2 else { return nil }
    var bytes: [UInt8] = []
    var rest = Array(line.utf8.dropFirst().dropLast())[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
        bytes.append(byte)
        continue
      }
      if next == UInt8(ascii: "x"), rest.count >= 2 {
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        rest = rest.dropFirst(2)
        bytes.append(UInt8(digits, radix: 16) ?? 0)
      } else {
        bytes.append(next)
      }
    }
    return bytes
  }
}
