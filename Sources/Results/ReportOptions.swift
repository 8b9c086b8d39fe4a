package import ArgumentParser
package import Files

/// What merge and resize report, beside the short text.
package struct ReportOptions: ParsableArguments {
  @Flag(help: "Report every module: ranks, energy kept, error.")
  package var modules = false

  @Option(
    help: ArgumentHelp(
      "Write the report as a page too: energy kept by block, every module.", valueName: "file"),
    completion: .file())
  package var html: String?

  package init() {}
}

/// Whose mistakes are to be reproduced.
package enum Compatibility: String, CaseIterable, ExpressibleByArgument, Sendable {
  case sdScripts = "sd-scripts"
}

extension ReportOptions {
  /// Makes the folder of the page; throws where it cannot be written, before any work.
  package func prepare() throws(FileError) {
    var outputs = PlannedOutputs()
    outputs.addFile(html)
    try outputs.prepare()
  }
}
