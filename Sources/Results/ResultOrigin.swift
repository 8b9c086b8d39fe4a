import Adapters
import CommandSupport
import Files
import Pages
import Safetensors

/// The inputs of a result and the command that made it.
struct ResultOrigin {
  let inputs: [Combination.Input]

  /// A few words about the operation, such as `merge (concat): b * 1.0 + a * -1.0`.
  let comment: String

  /// The command line, quoted so that it can be typed again.
  private var commandLine: String {
    let words =
      [name(of: CommandLine.arguments.first ?? "lora")] + CommandLine.arguments.dropFirst()
    return words.map(quoted).joined(separator: " ")
  }

  /// A word quoted for a shell.
  private func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+@%".contains($0) }
    return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }

  var page: HTML {
    let rows = inputs.map { input -> HTML in
      let (adapter, ranks) = (input.adapter, input.adapter.modules.map(\.rank))
      return """
        <tr><th scope="row">\(printable(name(of: adapter.file.path)))</th>\
        <td>\(significant(input.weight))</td><td class="text">\(adapter.naming.name)</td>\
        <td>\(adapter.modules.count)</td><td>\(WriteReport.RankRange(ranks).text)</td></tr>

        """
    }
    let table: HTML =
      inputs.isEmpty
      ? ""
      : """
      <div class="scroll"><table class="numbers"><thead><tr><th class="text">file</th>\
      <th>weight</th><th class="text">format</th><th>modules</th><th>rank</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
    return """
      <h2>Made of</h2>
      \(table)
      <p>\(printable(comment))</p>
      <p><code>\(printable(commandLine))</code></p>
      """
  }
}
