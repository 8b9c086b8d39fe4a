import Foundation
import TestSupport
import Testing

/// What README and the files of `docs/` say, as far as it can be checked without running it.
@Suite struct DocumentTests {
  static let documents: [Document] = {
    let root = Fixtures.directory.deletingLastPathComponent()
    let docs = (try? FileManager.default.contentsOfDirectory(atPath: root.path + "/docs")) ?? []
    return ["README.md", "README.ja.md", "CONTRIBUTING.md"].map { Document(root, $0) }
      + docs.filter { $0.hasSuffix(".md") }.sorted().map { Document(root, "docs/\($0)") }
  }()

  @Test func documentsAreFound() {
    #expect(Self.documents.count > 5)
    #expect(Self.documents.allSatisfy { !$0.text.isEmpty })
    #expect(Self.documents.flatMap(\.examples).count > 50)
  }

  @Test(arguments: documents) func commandsAndOptionsOfExamplesExist(_ document: Document) throws {
    let commands = try CommandTable.commands()
    for example in document.examples {
      guard let command = commands.first(where: { $0.commandName == example.command }) else {
        Issue.record("\(document.name): lora \(example.command) is no command")
        continue
      }
      let names = (command.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name)
      let known = Set(names + ["help", "help-hidden", "version"])
      for option in example.options where !known.contains(option) {
        Issue.record("\(document.name): lora \(example.command) has no option '\(option)'")
      }
    }
  }

  /// A1111 and ComfyUI do not list `.st`, and other names promise a pickle.
  @Test(arguments: documents) func adaptersOfExamplesAreNamedSafetensors(_ document: Document) {
    for word in document.examples.flatMap(\.words) {
      #expect(!["st", "sft", "pt", "ckpt"].contains(URL(filePath: word).pathExtension), "\(word)")
    }
  }

  @Test(arguments: documents) func linksLeadToFilesAndHeadings(_ document: Document) {
    for link in document.links {
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      let target = parts[0].isEmpty ? document.name : document.folder + parts[0]
      let path = document.root.appending(path: target).standardizedFileURL.path
      #expect(FileManager.default.fileExists(atPath: path), "\(document.name): \(link)")
      guard parts.count > 1, path.hasSuffix(".md") else { continue }
      let anchors = Document(document.root, target).anchors
      #expect(anchors.contains(String(parts[1])), "\(document.name): \(link)")
    }
  }
}

/// A document in Markdown: its examples, its links, and what can be linked in it.
struct Document: CustomTestStringConvertible {
  let root: URL
  let name: String
  let text: String

  init(_ root: URL, _ name: String) {
    (self.root, self.name) = (root, name)
    text = (try? String(contentsOf: root.appending(path: name), encoding: .utf8)) ?? ""
  }

  var testDescription: String { name }

  /// `docs/` of `docs/sliders.md`.
  var folder: String { name.contains("/") ? name.prefix { $0 != "/" } + "/" : "" }

  /// One call of the program.
  struct Example {
    let command: String
    let words: [String]

    /// Without dashes, as they are spelled with dashes in between.
    var options: [String] {
      words.filter { $0.hasPrefix("-") && $0.contains(where: \.isLetter) }.map { word in
        String(word.prefix { $0 != "=" }.drop { $0 == "-" }).replacing("_", with: "-")
      }
    }
  }

  /// The calls in indented blocks, and those in a line of text between backticks.
  var examples: [Example] {
    let joined = text.replacing(#/\\\n\s*/#, with: "")
    let blocks = joined.split(separator: "\n").filter { $0.hasPrefix("    ") }
      .flatMap { $0.replacing(#/\s#.*/#, with: "").split(separator: "|") }
    let spans = joined.matches(of: #/`([^`\n]+)`/#).map(\.1)
    return (blocks.map(Substring.init) + spans).compactMap { call in
      let words = call.replacing("$ ", with: "").split(separator: " ").map(String.init)
      // Words in capitals stand for any command.
      guard words.first == "lora", words.count > 1, words[1].first?.isLowercase == true else {
        return nil
      }
      return Example(command: words[1], words: Array(words.dropFirst(2)))
    }
  }

  /// The links to other documents and to headings.
  var links: [String] {
    text.matches(of: #/\]\(([^)\s]+)\)/#).map { String($0.1) }
      .filter { !$0.hasPrefix("http") }
  }

  /// The headings as GitHub turns them into anchors.
  var anchors: Set<String> {
    Set(
      text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
        let title = line.drop { $0 == "#" || $0 == " " }.lowercased()
        return title.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
          .replacing(" ", with: "-")
      })
  }
}
