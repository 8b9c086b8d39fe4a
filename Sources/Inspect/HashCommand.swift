import Adapters
package import ArgumentParser
import CommandSupport
import Safetensors

package struct HashCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "hash",
    abstract: "Print the checksums by which web UIs and trainers identify files.",
    usage: "lora hash FILE ... [options]",
    discussion: paragraphs(
      """
      Without --kind, prints one line per kind: HASH  KIND  FILE. With --kind, prints
      HASH  FILE, as sha256sum does. The hash of a compressed file is that of its
      contents; folders are hashed file by file.

        sha256            the whole file
        autov1            64 KiB from 1 MiB on, 8 digits: early A1111
        autov2            sha256, 10 digits: A1111, Civitai
        autov3            sshs_model_hash, 12 digits: A1111 and Civitai, of LoRAs
        sshs_model_hash   the tensors without the header: sd-scripts, Civitai
        sshs_legacy_hash  autov1 of the file with ss_ metadata alone: sd-scripts

        lora hash slider.safetensors
        lora hash --kind autov2 *.safetensors
        lora hash --json slider.safetensors | jq -r '.[].sshs_model_hash'
      """))

  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case sha256
    case autov1
    case autov2
    case autov3
    case model = "sshs_model_hash"
    case legacy = "sshs_legacy_hash"
  }

  @Argument(help: "Safetensors files or folders; - is standard input.", completion: .file())
  var files: [String]

  @Option(help: "Which hash: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
  var kind: Kind?

  @Flag(help: "Print the hashes as JSON.")
  var json = false

  package init() {}

  package func run() throws {
    var reports: [String: Hashes] = [:]
    var hasFailed = false
    let files = expandingFolders(files)
    for file in files {
      do {
        for part in try safetensorsFiles(at: file) {
          let hashes = Hashes(of: part)
          try part.checkUnchanged()
          if json { reports[part.path] = hashes } else { try show(hashes, of: part.path) }
        }
      } catch  where files.count > 1 {
        Terminal.note("\(error)")
        hasFailed = true
      }
    }
    if json { try Terminal.show(CommandSupport.json(reports)) }
    if hasFailed { throw ExitCode.failure }
  }

  /// Prints lines in sha256sum's format; a line with an escaped name begins with a backslash.
  private func show(_ hashes: Hashes, of file: String) throws {
    let escapes: [Unicode.Scalar: String] = ["\\": "\\\\", "\n": "\\n", "\r": "\\r"]
    let isEscaped = file.unicodeScalars.contains { escapes[$0] != nil }
    let name = file.unicodeScalars.map { escapes[$0] ?? String($0) }.joined()
    for (hash, value) in hashes.listed where kind == nil || kind?.rawValue == hash {
      let words = [value] + (kind == nil ? [hash] : []) + [name]
      try Terminal.show(line: (isEscaped ? "\\" : "") + words.joined(separator: "  "))
    }
  }
}
