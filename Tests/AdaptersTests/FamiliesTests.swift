import Foundation
import Names
import TestSupport
import Testing

@testable import Adapters

/// A list of an adapter's keys, and what it is: `fixtures/adapters/families.json`.
struct Family: Decodable, CustomTestStringConvertible {
  let name: String
  let format: String
  let baseModel: String
  let modules: Int
  let keys: [String: [Int]]

  private enum CodingKeys: String, CodingKey {
    case name
    case format
    case baseModel = "base_model"
    case modules
    case keys
  }

  var testDescription: String { name }

  /// Our own lists.
  static let all: [Family] = {
    let url = URL(filePath: Fixtures.path("adapters/families.json"))
    return (try? JSONDecoder().decode([Family].self, from: Data(contentsOf: url))) ?? []
  }()
}

/// Names and shapes of adapters that others made, which lie beside the repository for developers.
enum SharedKeys {
  static let folder = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/keys")

  static let families: [Family] = {
    let table = try? String(contentsOf: folder.appending(path: "expected.tsv"), encoding: .utf8)
    return (table ?? "").split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: "\t").map(String.init)
      let url = folder.appending(path: fields[0] + ".json")
      guard fields.count == 4, let modules = Int(fields[3]),
        let keys = try? JSONDecoder().decode([String: [Int]].self, from: Data(contentsOf: url))
      else { return nil }
      return Family(
        name: fields[0], format: fields[1], baseModel: fields[2], modules: modules, keys: keys)
    }
  }()
}

@Suite struct FamiliesTests {
  @Test func listsAreThere() { #expect(Family.all.count > 70) }

  @Test(arguments: Family.all) func familyIsRecognisedWhole(family: Family) throws {
    try expectRecognised(family)
  }

  @Test(
    .enabled(if: !SharedKeys.families.isEmpty, "no ../shared/keys"),
    arguments: SharedKeys.families)
  func realFileIsRecognisedWhole(family: Family) throws {
    try expectRecognised(family)
  }

  private func expectRecognised(_ family: Family) throws {
    let file = try TemporaryFile(zeros: family.keys)
    let adapter = try Adapter(file.file)
    #expect(adapter.naming.name == family.format)
    #expect(adapter.baseModel.rawValue == family.baseModel)
    #expect(adapter.modules.count == family.modules)
    #expect(adapter.others.isEmpty && adapter.orphans.isEmpty)
    let targets = Set(adapter.modules.map(\.target))
    #expect(targets.count == adapter.modules.count, "two modules on one layer")
  }
}
