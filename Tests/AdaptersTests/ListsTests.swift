import Foundation
import Testing

@testable import Adapters

/// The lists of namings and algorithms hold what their folders define.
@Suite struct ListsTests {
  private static let room = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/Adapters")

  /// What stands in front of a pattern's only group, in all files of a room.
  private static func definitions(_ folder: String, _ pattern: Regex<(Substring, Substring)>) throws
    -> Set<String>
  {
    let folder = room.appending(path: folder)
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return Set(
      try files.flatMap { file in
        try String(contentsOf: file, encoding: .utf8).matches(of: pattern).map {
          "\(file.deletingPathExtension().lastPathComponent): \($0.output.1)"
        }
      })
  }

  @Test func everyNamingIsListed() throws {
    let defined = try Self.definitions("Namings", /= Naming\(\n\s+name: "([^"]+)"/)
    #expect(defined.count == Naming.all.count)
    #expect(
      Set(defined.map { $0.split(separator: " ")[1] }) == Set(Naming.all.map { $0.name[...] }))
  }

  @Test func everyAlgorithmIsListed() throws {
    let defined = try Self.definitions("Algorithms", /struct (\w+): Algorithm \{/)
    #expect(defined == Set(algorithms.map { "\(type(of: $0)): \(type(of: $0))" }))
    #expect(Set(algorithms.map(\.name)).count == algorithms.count)
  }

  /// Readers tell a part by its suffix, so no two spellings share one.
  @Test func suffixesTellTheirPart() {
    let spellings = Set(Naming.all.flatMap(\.spellings))
    let suffixes = spellings.flatMap(\.suffixes).filter { !$0.isShared }.map(\.text)
    #expect(Set(suffixes).count == suffixes.count)
  }

  /// What a naming writes, a reader finds again as the same part.
  @Test(arguments: Naming.all)
  func whatIsWrittenIsRead(naming: Naming) {
    let shared = Set(naming.spellings.flatMap(\.suffixes).filter(\.isShared).map(\.text))
    for part in Set(naming.spellings.flatMap(\.suffixes).map(\.part)) {
      guard let suffix = naming.suffix(part), !shared.contains(suffix) else { continue }
      // XLabs keeps a part of its suffix in the module's name.
      let name = naming == .xlabs && suffix.hasSuffix(".weight") ? "a_lora1" : "a"
      #expect(PartName(name + suffix)?.part == part)
    }
  }
}

extension Naming: CustomTestStringConvertible {
  package var testDescription: String { name }
}
