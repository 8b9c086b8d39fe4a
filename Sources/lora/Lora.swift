import ArgumentParser

/// The one program: `lora inspect …`, or `lora-inspect …` through a link of that name.
@main
struct Lora: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lora",
    abstract: "Inspect, compare, merge, resize and train LoRA adapters.",
    version: "0.1.0")
}
