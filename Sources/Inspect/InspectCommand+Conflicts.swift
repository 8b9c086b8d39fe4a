import Adapters
import ArgumentParser
import CommandSupport
import Pages
import Results
import Safetensors

extension InspectCommand {
  /// Compares adapters with each other.
  func showConflicts(of paths: [String]) throws {
    guard paths.count > 1 else {
      throw ValidationError("--conflicts compares two adapters or more.")
    }
    let filter = try layers.filter()
    let adapters = try paths.map {
      try filter.applied(to: AdapterSource(path: $0, adapter: adapter).adapter()).adapter
    }
    let combination = try Combination(
      adapters.map { .init($0, weight: 1) },
      base: base.map { CheckpointLayers(try Checkpoint(path: $0), for: adapters) })
    let progress = Progress("comparing", total: combination.layers.count, quiet: common.quiet)
    defer { progress.finish() }
    let conflicts = try Conflicts(
      combination, files: paths, threads: common.threadCount, onLayer: { progress.advance() })
    for adapter in adapters { try adapter.file.checkUnchanged() }
    progress.finish()
    if let html { try Pages.write(conflicts.page, to: html) }
    if common.json {
      try Terminal.show(json(conflicts))
    } else if html == nil {
      // File names are printable already: the text may hold colours.
      try Terminal.show(
        verbatim: conflicts.text(
          width: Terminal.outputWidth, isColoured: Terminal.outputHasColours))
    }
  }
}
