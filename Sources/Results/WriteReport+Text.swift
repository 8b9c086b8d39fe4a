import Adapters
import CommandSupport
import Safetensors

extension WriteReport {
  /// The report in a few lines.
  func text(path: String) -> String {
    let target = path == "-" ? "standard output" : printable(path)
    var lines: [String] = []
    if let perModule { lines += [moduleTable(perModule), ""] }
    for list in onlyLists { lines += only(list.names, in: list.file) }
    if let text = leftOut.text { lines.append(text) }
    if let merging { lines += merging.lines }
    if let capped { lines.append(text(capped)) }
    if let readers { lines.append("read by \(readers.joined(separator: ", "))") }
    lines.append(
      "\(target): \(counted(modules, "module")), rank \(change), \(bytes(output.bytes))")
    lines.append(verdict)
    if let errorOfBase {
      lines.append("error relative to the base model's weights: \(percent(errorOfBase))")
    }
    if let recipe {
      let from = threshold.map { ": scores from \(significant($0)) on" } ?? ": all is kept"
      lines.append("recipe \(recipe)\(from)")
    }
    return lines.joined(separator: "\n")
  }
}

extension WriteReport {
  /// The rank `5`, or `8 → 4` if it changed.
  var change: String {
    let (before, after) = (rankBefore.text, rank.text)
    return before == after ? after : "\(before) → \(after)"
  }

  private func text(_ capped: [String: Int]) -> String {
    let layers = capped.sorted { $0.key < $1.key }.map { "\($0.key) at rank \($0.value)" }
    return "rank limited by the layer's shape: \(counted(layers.count, "layer")) (\(shown(layers)))"
  }

  private func moduleTable(_ modules: [Module]) -> String {
    let hasBase = modules.contains { $0.errorOfBase != nil }
    var table = Table(
      [("module", .left), ("rank", .right), ("kept", .right), ("relative error", .right)]
        + (hasBase ? [("error of base", .right)] : []))
    for module in modules {
      let before = module.rankBefore.map { $0 == module.rank ? "" : "\($0) → " } ?? ""
      table.add(
        [
          printable(module.target), "\(before)\(module.rank)", percent(module.energyKept),
          significant(module.relativeError, digits: 2),
        ] + (hasBase ? [module.errorOfBase.map { significant($0, digits: 2) } ?? "–"] : []))
    }
    return table.text(width: Terminal.errorWidth)
  }
}

/// A line about modules that only one file has; empty if there are none.
package func only(_ names: [String], in file: String) -> [String] {
  guard !names.isEmpty else { return [] }
  let shown = names.prefix(4).map(printable).joined(separator: ", ")
  let more = names.count > 4 ? " and \(names.count - 4) more" : ""
  return ["only in \(file): \(counted(names.count, "module")) (\(shown)\(more))"]
}
