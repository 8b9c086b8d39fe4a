import Compute
import Synchronization

/// A function of a `.cu` file that the device runs; in a launch its name stands for it.
///
/// The names and types of its parameters, and how many threads a block has, are read from the
/// file's text: they stand nowhere else, and every launch is checked against them.
struct Kernel: ExpressibleByStringLiteral {
  /// What is known of a function, once for all launches.
  private final class Declaration: Sendable {
    let source: KernelSource
    let signature: KernelSignature
    let number: Int

    init(_ source: KernelSource, _ signature: KernelSignature, number: Int) {
      (self.source, self.signature, self.number) = (source, signature, number)
    }
  }

  private let declaration: Declaration

  var source: KernelSource { declaration.source }
  var signature: KernelSignature { declaration.signature }

  /// Its place among all kernels.
  var number: Int { declaration.number }

  private static let all: [String: Declaration] = {
    let declared = KernelSource.all.flatMap { source in source.signatures.map { (source, $0) } }
    return Dictionary(
      uniqueKeysWithValues: declared.enumerated().map { number, pair in
        (pair.1.entry, Declaration(pair.0, pair.1, number: number))
      })
  }()

  /// Names that were looked up before, by where the program keeps them: no launch compares strings.
  private static let known = Mutex<[UInt: Declaration]>([:])

  /// - Parameter entry: The function's name; traps where no file has a function of this name.
  init(stringLiteral entry: StaticString) {
    let place = UInt(bitPattern: unsafe entry.utf8Start)
    declaration = Self.known.withLock { known in
      if let found = known[place] { return found }
      guard let found = Self.all[entry.description] else {
        preconditionFailure("there is no kernel \(entry)")
      }
      known[place] = found
      return found
    }
  }
}

/// The beginning of a kernel: `KERNEL void __launch_bounds__(256) fill(Element *x, u64 count)`.
struct KernelSignature: Hashable, Sendable {
  let entry: String

  /// Threads per block: the first number of the launch bounds.
  let threads: Int
  let parameters: [Parameter]

  struct Parameter: Hashable, Sendable {
    let name: String
    let type: ParameterType
  }

  enum ParameterType: String, Sendable {
    case address = "*"
    case u64
    case u32
    case int
    case float
    case extent = "Extent"
  }

  /// - Parameter text: Begins after `__launch_bounds__(`.
  fileprivate init(_ text: Substring) {
    threads = Int(text.prefix { $0.isNumber }) ?? 0
    let declaration = text.drop { $0 != ")" }.dropFirst().drop { $0.isWhitespace }
    entry = String(declaration.prefix { $0 != "(" })
    parameters = declaration.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }
      .split(separator: ",").map(Parameter.init)
  }
}

extension KernelSignature.Parameter {
  /// - Parameter text: `const float *__restrict__ g`.
  fileprivate init(_ text: Substring) {
    let words = text.split { $0.isWhitespace || $0 == "*" }
    name = words.last.map(String.init) ?? ""
    let word = text.contains("*") ? "*" : words.first.map(String.init) ?? ""
    guard let type = KernelSignature.ParameterType(rawValue: word) else {
      preconditionFailure("a kernel's parameter cannot be \(text)")
    }
    self.type = type
  }
}

extension KernelSource {
  /// The kernels that the file declares, in its order.
  var signatures: [KernelSignature] {
    text.split(separator: "KERNEL void __launch_bounds__(").dropFirst().map(KernelSignature.init)
  }
}

extension KernelSignature {
  /// The arguments as the driver copies them: each in the low bytes of a word.
  ///
  /// Traps where they are not exactly the parameters: in order and of the right type, and by name in
  /// a debug build, as a launch costs the host more by comparing names.
  func words(_ arguments: KeyValuePairs<String, any KernelArgument>) -> [UInt64] {
    precondition(
      arguments.count == parameters.count,
      "\(entry) takes \(parameters.map(\.name)), not \(arguments.map(\.key))")
    assert(
      arguments.elementsEqual(parameters) { $0.key == $1.name },
      "\(entry) takes \(parameters.map(\.name)), not \(arguments.map(\.key))")
    return zip(parameters, arguments).map { parameter, argument in
      guard let word = argument.value.word(as: parameter.type) else {
        preconditionFailure("\(entry): \(parameter) is not \(type(of: argument.value))")
      }
      return word
    }
  }
}

/// A value that a kernel takes.
protocol KernelArgument {
  /// Its bytes in the low end of a word; `nil` where a parameter of this type does not take it.
  func word(as type: KernelSignature.ParameterType) -> UInt64?
}

extension Tensor: KernelArgument {
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    type == .address ? deviceAddress : nil
  }
}

/// `nil` is a null address.
extension Optional: KernelArgument where Wrapped: KernelArgument {
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    if let value = self { return value.word(as: type) }
    return type == .address ? 0 : nil
  }
}

/// An address, or a number of 64 bits.
extension UInt64: KernelArgument {
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    type == .address || type == .u64 ? self : nil
  }
}

/// A count or an index; traps where it is too large for the parameter.
extension Int: KernelArgument {
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    switch type {
    case .u64: UInt64(self)
    case .u32: UInt64(UInt32(self))
    case .int: UInt64(UInt32(bitPattern: Int32(self)))
    case .address, .float, .extent: nil
    }
  }
}

extension Bool: KernelArgument {
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    type == .int ? (self ? 1 : 0) : nil
  }
}

extension Float: KernelArgument {
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    type == .float ? UInt64(bitPattern) : nil
  }
}

/// A height and a width.
extension SIMD2<UInt32>: KernelArgument {
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    type == .extent ? UInt64(x) | UInt64(y) << 32 : nil
  }
}
