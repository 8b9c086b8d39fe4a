package import ArgumentParser
import Glibc

/// The values that an option, a configuration file's key or a setting in a line takes: how a text is
/// read, and the words for the texts that can be read.
///
/// Every option that is no word or path declares its domain:
///
///     @Option(.whole(1...1000), help: "Steps of the sampler.") var steps = 30
package struct Domain<Value>: Sendable {
  /// The words after "takes": `a whole number from 1 to 1000`.
  package let wanted: String

  /// The value that a text stands for; nil outside the domain.
  package let read: @Sendable (String) -> Value?

  package init(_ wanted: String, read: @escaping @Sendable (String) -> Value?) {
    self.wanted = wanted
    self.read = read
  }

  package func value(_ text: String) throws(DomainError) -> Value {
    guard let value = read(text) else { throw DomainError(wanted: wanted, text) }
    return value
  }
}

/// A value that an option does not take.
package struct DomainError: Error, Hashable, CustomStringConvertible {
  package let wanted: String

  /// The value as sentences print it: a number plain, any other text quoted.
  package let found: String

  package init(wanted: String, _ text: String) {
    self.wanted = wanted
    found = Double(text) == nil ? "'\(text)'" : text
  }

  package var description: String { "takes \(wanted), not \(found)" }
}

extension Domain where Value: FixedWidthInteger & Sendable {
  /// Whole numbers, also written `8.0` or `1e3`.
  package static func whole(_ range: ClosedRange<Value>) -> Domain {
    Domain("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
      let value = Value(text) ?? Double(text).flatMap { Value(exactly: $0) }
      return value.flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

extension Domain where Value == Double {
  /// Numbers between two, both included; never NaN or an infinity.
  package static func number(_ range: ClosedRange<Double>) -> Domain {
    Domain("a number from \(short(range.lowerBound)) to \(short(range.upperBound))") { text in
      Double(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// Numbers between two, the lower left out.
  package static func number(above lower: Double, upTo upper: Double) -> Domain {
    Domain("a number above \(short(lower)) and up to \(short(upper))") { text in
      Double(text).flatMap { $0 > lower && $0 <= upper ? $0 : nil }
    }
  }

  /// Numbers between two, the upper left out.
  package static func number(_ range: Range<Double>) -> Domain {
    Domain("a number from \(short(range.lowerBound)) to below \(short(range.upperBound))") { text in
      Double(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

/// `1000` for 1000.0.
private func short(_ number: Double) -> String {
  Int(exactly: number).map(String.init) ?? "\(number)"
}

// MARK: - Of several commands

extension Domain where Value == Int {
  /// Ranks; what a layer holds is known only with the model.
  package static var rank: Domain { .whole(1...1_000_000) }

  /// No machine has more cores, and more threads only cost memory.
  package static var threads: Domain { .whole(1...1024) }

  /// Sizes as people write them, in bytes: `8MB`, `500kB`, `1.5GiB`, `4096`.
  package static var byteCount: Domain {
    Domain("a size such as 8MB or 500kB, from 1 byte to 1000000 GB") { argument in
      let units: [(String, Double)] = [
        ("kib", 0x1p10), ("mib", 0x1p20), ("gib", 0x1p30), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9),
        ("k", 1e3), ("m", 1e6), ("g", 1e9), ("b", 1), ("", 1),
      ]
      let text = argument.lowercased().filter { $0 != " " }
      guard let (suffix, factor) = units.first(where: { text.hasSuffix($0.0) }),
        let number = Double(text.dropLast(suffix.count)), (1...1e15).contains(number * factor)
      else { return nil }
      return Int(number * factor)
    }
  }
}

extension Domain where Value == Double {
  /// Weights of adapters, of either sign.
  package static var weight: Domain { .number(-1e6...1e6) }

  /// Shares of a whole above zero.
  package static var positiveShare: Domain { .number(above: 0, upTo: 1) }
}

// MARK: - Options

// The next word is the value whatever it looks like: `--rank -5` is a rank of −5, not a rank
// missing and an option -5.
extension Option {
  package init<Content>(
    name: NameSpecification = .long, _ domain: Domain<Content>, help: ArgumentHelp? = nil,
    completion: CompletionKind? = nil
  ) where Value == Content? {
    self.init(name: name, parsing: .unconditional, help: help, completion: completion) {
      try domain.value($0)
    }
  }

  package init(
    wrappedValue: Value, name: NameSpecification = .long, _ domain: Domain<Value>,
    help: ArgumentHelp? = nil, completion: CompletionKind? = nil
  ) {
    self.init(
      wrappedValue: wrappedValue, name: name, parsing: .unconditional, help: help,
      completion: completion
    ) {
      try domain.value($0)
    }
  }

  package init<Content>(
    wrappedValue: [Content], name: NameSpecification = .long, _ domain: Domain<Content>,
    help: ArgumentHelp? = nil, completion: CompletionKind? = nil
  ) where Value == [Content] {
    self.init(
      wrappedValue: wrappedValue, name: name, parsing: .unconditionalSingleValue, help: help,
      completion: completion
    ) { try domain.value($0) }
  }
}

/// Options that every command has.
package struct CommonOptions: ParsableArguments {
  @Flag(name: .long, help: "Print the report as JSON.")
  package var json = false

  @Flag(name: .shortAndLong, help: "Print no progress and no warnings.")
  package var quiet = false

  @Option(
    .threads,
    help: ArgumentHelp("How many threads to use (default: one per core).", valueName: "n"))
  var threads: Int?

  package init() {}

  package var threadCount: Int { threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
