import ArgumentParser
import Glibc

/// Options that every command has.
package struct CommonOptions: ParsableArguments {
  @Flag(name: .long, help: "Print the report as JSON.")
  package var json = false

  @Flag(name: .shortAndLong, help: "Print no progress and no warnings.")
  package var quiet = false

  @Option(
    .threads,
    help: ArgumentHelp("How many threads to use (default: one for each core).", valueName: "n"))
  var threads: Int?

  package init() {}

  /// How many threads to use.
  package var threadCount: Int { threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
