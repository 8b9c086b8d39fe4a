import ArgumentParser
import CommandSupport
import TestSupport
import Testing

@testable import lora

/// Every option of every command that takes no word and no path, found by reflection: a new one
/// without a domain fails here.
@Suite struct OptionDomainsTests {
  struct NumericOption: CustomTestStringConvertible, Sendable {
    /// The command, or the group of options of several commands.
    let owner: any ParsableArguments.Type
    let name: String
    let type: String

    var testDescription: String { "\(owner) --\(name)" }

    /// What the parser says about a value; nil if it takes it.
    func complaint(_ value: String) -> ValueComplaint? {
      do {
        _ = try owner.parse(["--\(name)=\(value)"])
        return nil
      } catch {
        return ValueComplaint(owner.message(for: error))
      }
    }
  }

  static let all: [NumericOption] = {
    var seen: Set<String> = []
    return Lora.configuration.subcommands.flatMap(options(of:))
      .filter { !isWord($0.type) && seen.insert("\($0.owner) \($0.name)").inserted }
      .map { NumericOption(owner: $0.owner, name: $0.name, type: "\($0.type)") }
  }()

  @Test func walkFindsThem() {
    let names = Set(Self.all.map(\.testDescription))
    #expect(names.count > 65)
    for name in [
      "CommonOptions --threads", "RankOptions --rank", "MethodOptions --density",
      "MergeCommand --te-weight", "ResizeCommand --bytes", "ConvertCommand --rank",
      "EssentialOptions --max-train-steps", "ScheduleOptions --lr-warmup-steps",
      "EssentialOptions --resolution", "OptimizerOptions --text-encoder-lr",
      "SliderOptions --strip-seeds", "SampleCommand --scale",
    ] { #expect(names.contains(name), "\(name)") }
  }

  /// The one list of what options take, for a reader of its changes.
  @Test func domainsAreAsListed() throws {
    let lines = Self.all.map { option in
      "\(option.testDescription) \(option.complaint("x")?.sentence ?? "takes anything")"
    }
    try expect(lines.joined(separator: "\n") + "\n", matchesFixture: "options/domains.txt")
  }

  @Test(arguments: all)
  func nonsenseIsRefused(_ option: NumericOption) {
    var values = ["nan", "inf", "1e308", "18446744073709551616", "-9223372036854775808"]
    // Only seeds of merges take any number of 64 bits.
    if !option.type.contains("UInt64") { values.append("9223372036854775807") }
    for value in values {
      let complaint = option.complaint(value)
      #expect(complaint?.subject == "--\(option.name)", "\(value)")
      #expect(complaint?.sentence.hasPrefix("takes ") == true, "\(value)")
      #expect(complaint?.sentence.contains("\n") == false, "\(value)")
    }
  }

  /// A number below zero is a value also where it stands alone, not an unknown option.
  @Test func negativeNumberIsAValue() {
    #expect(
      Self.complaint(["resize", "a.st", "--rank", "-5"])
        == "--rank takes a whole number from 1 to 1000000, not -5")
    #expect(
      Self.complaint(["merge", "a.st:inf", "b.st"])
        == "a.st:inf: takes a number from -1000000 to 1000000, not inf")
    #expect(
      Self.complaint(["merge", "a.st", "--method", "sdv"])
        == "--method takes concat, svd, linear, slerp, ties, dare, dare-ties, della, della-linear, magnitude-prune, knots, tsv-m or iso-c, not 'sdv'"
    )
    #expect(
      Self.complaint(["sample", "-o", "x.png", "--device", "gpu"])
        == "--device takes auto, cpu or cuda, not 'gpu'")
  }

  private static func complaint(_ arguments: [String]) -> String? {
    do {
      _ = try Lora.parseAsRoot(arguments)
      return nil
    } catch {
      return ValueComplaint(Lora.message(for: error)).map { "\($0)" }
    }
  }

  private static func options(
    of type: any ParsableArguments.Type
  ) -> [(owner: any ParsableArguments.Type, name: String, type: Any.Type)] {
    Mirror(reflecting: type.init()).children.flatMap {
      child -> [(owner: any ParsableArguments.Type, name: String, type: Any.Type)] in
      switch Swift.type(of: child.value) {
      case let option as any OptionType.Type: [(type, name(child.label ?? ""), option.value)]
      case let group as any GroupType.Type: options(of: group.content)
      default: []
      }
    }
  }

  /// `_networkDim`, as reflection spells it, to `network-dim`.
  private static func name(_ label: String) -> String {
    label.drop { $0 == "_" }.reduce(into: "") { name, character in
      name += character.isUppercase ? "-" + character.lowercased() : String(character)
    }
  }

  private static func isWord(_ type: Any.Type) -> Bool {
    switch type {
    case let wrapper as any Wrapper.Type: isWord(wrapper.wrapped)
    case is String.Type, is any RawRepresentable.Type, is any CaseIterable.Type: true
    default: ["Naming", "SettingOrigin"].contains("\(type)")
    }
  }
}

private protocol OptionType { static var value: Any.Type { get } }
extension Option: OptionType { fileprivate static var value: Any.Type { Value.self } }

private protocol GroupType { static var content: any ParsableArguments.Type { get } }
extension OptionGroup: GroupType {
  fileprivate static var content: any ParsableArguments.Type { Value.self }
}

private protocol Wrapper { static var wrapped: Any.Type { get } }
extension Optional: Wrapper { fileprivate static var wrapped: Any.Type { Wrapped.self } }
extension Array: Wrapper { fileprivate static var wrapped: Any.Type { Element.self } }
