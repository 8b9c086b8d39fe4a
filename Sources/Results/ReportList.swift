import Adapters
import CommandSupport
import Safetensors

/// Collects the reports of a command with several results and prints them as one JSON array.
package final class ReportList {
  let areSeveral: Bool
  private(set) var entries: [Entry] = []

  /// The current input, as the user named it.
  var file = ""

  init(areSeveral: Bool) { self.areSeveral = areSeveral }

  /// - Parameter file: The input of the only result.
  package init(file: String) {
    areSeveral = false
    self.file = file
  }

  /// A report with its file's name, or the error instead.
  struct Entry: Encodable {
    let file: String
    let path: String?
    let report: (any Encodable)?
    let error: String?

    private enum CodingKeys: String, CodingKey {
      case file
      case path
      case error
    }

    /// Encodes the report's own keys together with the names.
    func encode(to encoder: any Encoder) throws {
      try report?.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(file, forKey: .file)
      try container.encodeIfPresent(path, forKey: .path)
      try container.encodeIfPresent(error, forKey: .error)
    }
  }

  func add(_ report: any Encodable, at path: String) {
    entries.append(Entry(file: file, path: path, report: report, error: nil))
  }

  func add(failure: String) {
    entries.append(Entry(file: file, path: nil, report: nil, error: failure))
  }
}

/// A preview of a result: its ranks and size, without writing it.
package struct WritePreview: Encodable {
  private struct Output: Encodable {
    let bytes: Int
  }

  private let modules: Int
  private let rank: WriteReport.RankRange
  private let leftOut: LeftOut
  private let recipe: String?
  private let merging: MergeNotes?
  private let output: Output

  private enum CodingKeys: String, CodingKey {
    case modules
    case rank
    case leftOut = "left_out"
    case recipe
    case merging
    case output
  }

  /// - Parameter byteCount: The size of the file before any compression.
  init(
    _ plan: ResultPlan, leftOut: LeftOut, recipe: String?, merging: MergeNotes?, byteCount: Int
  ) {
    self.merging = merging
    modules = plan.modules.count
    rank = WriteReport.RankRange(plan.modules.map(\.rank))
    self.leftOut = leftOut
    self.recipe = recipe
    output = Output(bytes: byteCount)
  }

  func text(file: String, path: String) -> String {
    let target = path == "-" ? "standard output" : printable(path)
    let facts =
      "\(counted(modules, "module")), rank \(rank.text), \(bytes(output.bytes)); nothing is written"
    return
      ([leftOut.text].compactMap(\.self) + (merging?.lines ?? []) + [
        "\(printable(file)) → \(target): \(facts)"
      ])
      .joined(separator: "\n")
  }
}
