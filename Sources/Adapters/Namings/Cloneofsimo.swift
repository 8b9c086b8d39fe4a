extension Naming {
  /// cloneofsimo/lora: `unet:7:up`, which numbers the layers instead of naming them.
  package static let cloneofsimo = Naming(
    name: "cloneofsimo",
    spellings: [.cloneofsimo, .common],
    isShownBySuffixes: { $0.spellings.contains(.cloneofsimo) },
    isWritten: false)
}

extension Spelling {
  static let cloneofsimo = Spelling("cloneofsimo", [Suffix(":up", .up), Suffix(":down", .down)])
}
