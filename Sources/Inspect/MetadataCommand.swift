import Adapters
package import ArgumentParser
import CommandSupport
import Files
import Safetensors

package struct MetadataCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "metadata",
    abstract: "Show or edit the strings in a file's header.",
    usage: """
      lora metadata FILE
      lora metadata FILE get KEY
      lora metadata FILE set KEY=VALUE… [-o OUT]
      lora metadata FILE remove KEY… [-o OUT]
      lora metadata FILE copy-from OTHER [-o OUT]
      """,
    discussion: paragraphs(
      """
      Without -o, the file is replaced by one with the new header, whole or not at
      all; of two edits at once the second waits for the first. Tensors are never
      changed. Without an action, all entries are printed, one per line; get prints
      one value unchanged. set replaces the value of a key; a value may contain =.
      A KEY of remove may end in *, which stands for any ending.

        lora metadata slider.safetensors
        lora metadata slider.safetensors get ss_training_comment
        lora metadata slider.safetensors set 'ss_training_comment=large head'
        lora metadata slider.safetensors remove 'ss_*' -o clean.safetensors
        lora metadata merged.safetensors copy-from slider.safetensors
        lora metadata slider.safetensors --json | jq .ss_tag_frequency -r | jq .
      """))

  @Argument(help: "The file, or an adapter's folder; - is standard input.", completion: .file())
  var file: String

  @Argument(help: "get, set, remove or copy-from; without one, all entries are printed.")
  var action: Action?

  @Argument(help: "Keys, KEY=VALUE pairs, or a file to copy from.", completion: .file())
  var operands: [String] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write to another file.", valueName: "file"),
    completion: .file())
  var output: String?

  @Flag(help: "Print the metadata as one JSON object.")
  var json = false

  enum Action: String, ExpressibleByArgument {
    case get
    case set
    case remove
    case copyFrom = "copy-from"
  }

  package init() {}

  package func validate() throws {
    switch action {
    case .get where operands.count != 1: throw ValidationError("get takes one KEY.")
    case .set where operands.isEmpty || !operands.allSatisfy(isPair):
      throw ValidationError("set takes pairs KEY=VALUE.")
    case .remove where operands.isEmpty: throw ValidationError("remove takes one KEY or more.")
    case .copyFrom where operands.count != 1: throw ValidationError("copy-from takes one file.")
    default: break
    }
    if (action == nil || action == .get) && output != nil {
      throw ValidationError("-o goes with set, remove and copy-from.")
    }
  }

  private func isPair(_ operand: String) -> Bool {
    operand.contains("=") && !operand.hasPrefix("=")
  }

  package func run() throws {
    // Kept until the end: the result replaces the file that is read here.
    let edited = try editedFile()
    let source = try edited.map { try SafetensorsFile(path: $0.path) } ?? safetensorsFile(at: file)
    if let note = output.flatMap(misleadingName) { Terminal.note(note) }
    var metadata = source.header.metadata
    switch action {
    case nil: return try printAll(metadata)
    case .get: return try printOne(metadata)
    case .set:
      for pair in operands {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        metadata[String(parts[0])] = String(parts[1])
      }
    case .remove: metadata = try removing(from: metadata)
    case .copyFrom:
      for entry in try safetensorsFile(at: operands[0]).header.metadata.entries {
        metadata[entry.key] = entry.value
      }
    }
    try rewrite(source, metadata: metadata, to: output ?? source.path, editing: edited)
  }

  /// The edited file, if the result replaces it.
  private func editedFile() throws -> EditedFile? {
    if action == nil || action == .get { return nil }
    let path = try path(ofSafetensorsFile: file)
    let isEdit = output.map { isSameFile($0, path) } ?? true
    return isEdit && FileKind(path: path).isRegular ? try EditedFile(path: path) : nil
  }

  private func printAll(_ metadata: Metadata) throws {
    let values = Dictionary(
      metadata.entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    if json {
      try Terminal.show(CommandSupport.json(values))
    } else {
      for entry in metadata.entries {
        let lines = entry.value.split(separator: "\n", omittingEmptySubsequences: false)
        try Terminal.show(
          "\(printable(entry.key)): \(lines.map { escaped(String($0)) }.joined(separator: "\n  "))"
        )
      }
    }
  }

  private func printOne(_ metadata: Metadata) throws {
    guard let value = metadata[operands[0]] else {
      Terminal.note("\(file): no metadata under '\(operands[0])'; lora metadata \(file) lists them")
      throw ExitCode.failure
    }
    if Terminal.outputIsTerminal {
      try Terminal.show(value)
    } else {
      try Terminal.show(verbatim: value)
    }
  }

  private func removing(from metadata: Metadata) throws -> Metadata {
    var rest = metadata
    for operand in operands {
      let isPattern = operand.hasSuffix("*")
      let matches = { (key: String) in
        isPattern ? key.hasPrefix(operand.dropLast()) : key == operand
      }
      guard isPattern || rest.entries.contains(where: { matches($0.key) }) else {
        Terminal.note("\(file): no metadata under '\(operand)'; nothing was changed")
        throw ExitCode.failure
      }
      rest = rest.filter { !matches($0) }
    }
    return rest
  }
}
