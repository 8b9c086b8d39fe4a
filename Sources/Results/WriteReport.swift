package import Adapters
package import CommandSupport
import Safetensors

/// What a command says of the adapter that it wrote; encodes as the contract's JSON.
package struct WriteReport: Encodable {
  struct RankRange: Encodable {
    let min: Int
    let max: Int
  }

  struct Output: Encodable {
    let bytes: Int
    let sshsModelHash: String

    private enum CodingKeys: String, CodingKey {
      case bytes
      case sshsModelHash = "sshs_model_hash"
    }
  }

  let relativeError: Double
  let modules: Int
  let rank: RankRange

  /// The share of the squared norm of what was asked for that was written.
  let energyKept: Double
  let onlyInA: [String]
  let onlyInB: [String]
  let output: Output

  private enum CodingKeys: String, CodingKey {
    case relativeError = "relative_error"
    case modules
    case rank
    case energyKept = "energy_kept"
    case onlyInA = "only_in_a"
    case onlyInB = "only_in_b"
    case output
  }

  package init(_ written: Written, onlyInA: [String] = [], onlyInB: [String] = []) {
    relativeError = written.relativeError
    modules = written.modules.count
    let ranks = written.modules.map(\.rank)
    rank = RankRange(min: ranks.min() ?? 0, max: ranks.max() ?? 0)
    energyKept = max(0, 1 - relativeError * relativeError)
    self.onlyInA = onlyInA
    self.onlyInB = onlyInB
    output = Output(bytes: written.byteCount, sshsModelHash: written.sshsModelHash)
  }

  /// Prints the report: JSON on standard output, unless the result went there, else text on
  /// standard error.
  package func print(to path: String, notes: [String], _ options: CommonOptions) throws {
    if options.json {
      let text = try json(self)
      if path == "-" { Terminal.report(text) } else { Swift.print(text) }
    } else if !options.quiet {
      Terminal.report((notes + [text(path: path)]).joined(separator: "\n"))
    }
  }

  private func text(path: String) -> String {
    let ranks = rank.min == rank.max ? "\(rank.max)" : "\(rank.min) to \(rank.max)"
    let target = path == "-" ? "standard output" : printable(path)
    var lines: [String] = []
    lines += only(onlyInB, in: "B") + only(onlyInA, in: "A")
    lines.append(
      "\(target): \(counted(modules, "module")), rank \(ranks), \(bytes(output.bytes)),"
        + " energy kept \(percent(energyKept))")
    lines.append(
      "verified: relative error \(significant(relativeError, digits: 2)) of what was asked")
    return lines.joined(separator: "\n")
  }
}

/// A line on modules that are in one file only; none where there are none.
package func only(_ names: [String], in file: String) -> [String] {
  guard !names.isEmpty else { return [] }
  let shown = names.prefix(4).map(printable).joined(separator: ", ")
  let more = names.count > 4 ? " and \(names.count - 4) more" : ""
  return ["only in \(file): \(counted(names.count, "module")) (\(shown)\(more))"]
}
