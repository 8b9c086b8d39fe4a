import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Safetensors

private let folder = Fixtures.directory.appending(path: "safetensors")

private func open(_ name: String) throws -> SafetensorsFile {
  try SafetensorsFile(path: folder.appending(path: "\(name).safetensors").path)
}

@Suite struct SafetensorsFileTests {
  typealias Reason = SafetensorsError.Reason

  /// The files of `refused/` and why; `make.py` says how they were made.
  static let refused: [(name: String, reason: Reason)] = [
    ("no-length", .noLength(fileBytes: 3)),
    ("header-too-large", .headerTooLarge(bytes: 100_000_001)),
    ("shorter-than-header", .shorterThanHeader(fileBytes: 10, headerBytes: 3)),
    ("not-utf8", .invalidUTF8(offset: 2)),
    ("not-json", .invalidJSON(detail: "expected '\"' in a string", offset: 1)),
    ("two-objects", .invalidJSON(detail: "something follows the closing brace", offset: 2)),
    ("duplicate-tensor", .duplicateTensor("w")),
    ("missing-shape", .invalidEntry("w", detail: "no shape")),
    (
      "negative-extent",
      .invalidEntry("w", detail: "a shape that is no list of plain integers")
    ),
    (
      "metadata-number",
      .invalidMetadata(detail: "has a value that is no string under 'step'")
    ),
    ("unknown-type", .unknownElementType("w", spelling: "F128")),
    ("size-overflow", .sizeOverflow("w", shape: "[4611686018427387904, 4611686018427387904]")),
    ("partial-byte", .partialByte("w", shape: "[3]", type: .float6e2m3)),
    ("size-mismatch", .sizeMismatch("w", shape: "[3]", type: .float32, bytes: 8)),
    ("hole", .invalidOffset("w", expected: 0, begin: 8, end: 16)),
    ("backwards", .invalidOffset("w", expected: 0, begin: 8, end: 0)),
    ("data-too-short", .dataSize(bytes: 7, needed: 8)),
    ("data-too-long", .dataSize(bytes: 10, needed: 8)),
  ]

  @Test(arguments: refused) func isRefused(_ example: (name: String, reason: Reason)) {
    let error = #expect(throws: SafetensorsError.self) { try open("refused/\(example.name)") }
    #expect(error?.reason == example.reason)
  }

  /// Downloads that went wrong, and files of other programs.
  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    ("PK\u{3}\u{4}\u{14}\0\u{8}\u{8}", "zip"),
    ("<!DOCTYPE html>", "web page"), (#"{"error": "not found"}"#, "JSON"),
    ("GGUF\u{3}\0\0\0\u{1}", "GGUF"),
  ])
  func otherFilesAreCalledByTheirName(beginning: String, name: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(beginning.utf8, to: "a.safetensors")
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    guard case .foreign(let what)? = error?.reason else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(what.contains(name))
  }

  @Test func everyRefusedFileIsListed() throws {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.appending(path: "refused").path)
    #expect(Set(names) == Set(Self.refused.map { "\($0.name).safetensors" }))
  }

  @Test(arguments: [
    ("no-tensors", 0), ("null-metadata", 1), ("unaligned", 1), ("normal-forms", 2),
    ("unknown-field", 1), ("any-order", 2),
  ])
  func isAccepted(name: String, count: Int) throws {
    let file = try open("accepted/\(name)")
    #expect(file.header.entries.count == count)
    for entry in file.header.entries {
      #expect(try file.floats(entry).count == entry.elementCount)
    }
  }

  @Test func missingTensorsAreNamed() throws {
    let file = try open("accepted/unaligned")
    let error = #expect(throws: SafetensorsError.self) { try file.entry("v") }
    #expect(error?.reason == .missingTensor("v"))
  }

  @Test func complexNumbersAreNotReal() throws {
    let file = try open("reference")
    let entry = try file.entry("a.complex64")
    let error = #expect(throws: SafetensorsError.self) { try file.doubles(entry) }
    #expect(error?.reason == .notNumeric("a.complex64", type: .complex64))
  }

  @Test func namesAreFitForATerminal() {
    #expect(printable("a\u{1B}[2J\u{202E}b") == #"a\u{1b}[2J\u{202e}b"#)
    let long = printable(String(repeating: "x", count: 3000))
    #expect(long.count == 181)
    #expect(printable(String(repeating: "e\u{301}", count: 1000)).unicodeScalars.count == 181)
  }
}

private struct Verdict: CustomTestStringConvertible, Sendable {
  let file: String
  let rule: String
  let isAccepted: Bool
  let mayBeRefused: Bool
  var testDescription: String { "\(file): \(rule)" }
}

/// Files that are not ours to copy; beside the repository, or nowhere.
private let shared = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "shared/bad")

/// The reference implementation's verdicts on them.
private let verdicts: [Verdict]? = {
  let manifest = shared.appending(path: "manifest.tsv")
  guard let text = try? String(contentsOf: manifest, encoding: .utf8) else { return nil }
  return text.split(separator: "\n").dropFirst().map { line in
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    return Verdict(
      file: fields[0], rule: fields[1], isAccepted: fields[2] == "accept",
      mayBeRefused: !fields[4].isEmpty)
  }
}()

@Suite(.enabled(if: verdicts != nil, "../shared/bad is not here"))
struct SharedFilesTests {
  @Test(arguments: verdicts ?? []) fileprivate func verdict(_ verdict: Verdict) throws {
    let path = shared.appending(path: verdict.file).path
    do {
      let file = try SafetensorsFile(path: path)
      #expect(verdict.isAccepted)
      #expect(try file.header.entries.count == tensorCount(of: verdict.file))
    } catch let error as SafetensorsError {
      #expect(!verdict.isAccepted || verdict.mayBeRefused, "\(error)")
      #expect("\(error)".hasPrefix("\(path): "))
      #expect(!"\(error)".contains("\n"))
    }
  }

  private func tensorCount(of name: String) throws -> Int? {
    let data = try Data(contentsOf: shared.appending(path: "accepted.json"))
    let all = try JSONSerialization.jsonObject(with: data) as? [String: [String: Any]]
    return (all?[name]?["tensors"] as? [Any])?.count
  }
}
