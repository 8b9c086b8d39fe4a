import Adapters
package import ArgumentParser
import CommandSupport

package struct VerifyCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check files for NaN, zero modules, orphan keys and wrong hashes.",
    usage: "lora verify FILE ... [options]",
    discussion: paragraphs(
      """
      Prints one line per fault and exits with 1 if there is any; prints nothing if
      there is none. A file that cannot be read counts as a fault, and the others
      are still checked.

      Faults are: NaN or infinity in a tensor; a module whose update is all zero;
      a tensor whose counterpart is missing (a down without an up); a stored
      sshs_model_hash or sshs_legacy_hash that is not the file's.

        lora verify *.safetensors && echo fine
        lora verify --json slider.safetensors | jq -r '.["slider.safetensors"][]'
      """))

  @Argument(help: "Adapters, checkpoints or folders; - is standard input.", completion: .file())
  var files: [String]

  @OptionGroup var common: CommonOptions

  package init() {}

  package func run() throws {
    let depth = InspectionDepth(
      measure: .norms, computesHashes: true, threads: common.threadCount)
    let files = expandingFolders(files)
    var faults: [String: [String]] = [:]
    for file in files {
      do {
        let source = try AdapterSource(path: file)
        let found = try Inspection(path: file, source, depth: depth).faults(source)
        try source.checkUnchanged()
        if !found.isEmpty { faults[file] = found }
      } catch {
        faults[file] = ["\(error)"]
      }
    }
    if common.json {
      try Terminal.show(json(faults))
    } else {
      for file in files {
        for fault in faults[file] ?? [] {
          try Terminal.show(
            line: fault.hasPrefix(file + ": ") ? fault : "\(file): \(fault)")
        }
      }
    }
    if !faults.isEmpty { throw ExitCode.failure }
  }
}
