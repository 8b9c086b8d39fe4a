import Adapters
package import ArgumentParser
import CommandSupport
import Safetensors

package struct HashCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "hash",
    abstract: "Print the checksums that this field knows files by.",
    discussion: """
      Without --kind, every kind on a line of its own: HASH  KIND  FILE. With one, HASH  FILE,
      as sha256sum prints it.

        lora hash slider.st
        lora hash --kind autov2 *.safetensors
      """)

  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case sha256
    case autov1
    case autov2
    case autov3
    case model = "sshs_model_hash"
    case legacy = "sshs_legacy_hash"
  }

  @Argument(help: "Safetensors files; - is standard input.")
  var files: [String]

  @Option(help: "Which hash: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
  var kind: Kind?

  @Flag(help: "Print the hashes as JSON.")
  var json = false

  package init() {}

  package func run() throws {
    let hashes = try files.map { ($0, Hashes(of: try SafetensorsFile(path: $0))) }
    if json {
      print(try CommandSupport.json(Dictionary(hashes, uniquingKeysWith: { first, _ in first })))
      return
    }
    for (file, hashes) in hashes {
      for (name, value) in hashes.listed where kind == nil || kind?.rawValue == name {
        print(kind == nil ? "\(value)  \(name)  \(file)" : "\(value)  \(file)")
      }
    }
  }
}
