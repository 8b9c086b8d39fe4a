import CMemoryFile
import Glibc
import Safetensors
import Tensors

/// Lends the path of a file that lies in memory, of some bytes and zeros behind them.
func withMemoryFile<Result>(
  _ bytes: [UInt8], zeros: Int = 0, _ body: (String) throws -> Result
) rethrows -> Result {
  let descriptor = unsafe memfd_create("fuzz", 0)
  precondition(descriptor >= 0, "no memory for a file")
  defer { close(descriptor) }
  var written = 0
  while written < bytes.count {
    let rest = Array(bytes[written...])
    let count = unsafe write(descriptor, rest, rest.count)
    precondition(count > 0, "no memory for a file")
    written += count
  }
  ftruncate(descriptor, off_t(bytes.count + zeros))
  return try body("/proc/self/fd/\(descriptor)")
}

/// A tensor as inputs describe it: `name TYPE 8 4 = 1`; where inputs change a model, -1 takes it away.
struct DescribedTensor {
  let name: String
  let type: ElementType
  let extents: [Int]

  /// All its elements.
  let value: Double

  /// No tensor of an input has more elements.
  private static let elementLimit = 1 << 16

  /// - Returns: nil where a line is anything else, or the tensor is too large for a quick try.
  init?(_ line: Substring) {
    let words = line.split(separator: " ")
    guard words.count >= 2, let type = ElementType(rawValue: String(words[1])) else { return nil }
    let end = words.firstIndex(of: "=") ?? words.endIndex
    guard end >= 2 else { return nil }
    let extents = words[2..<end].map { Int($0) ?? -1 }
    guard extents.allSatisfy({ $0 >= 0 }), let count = Shape(extents).elementCount,
      count <= Self.elementLimit, Shape(extents).byteCount(of: type) != nil
    else { return nil }
    name = String(words[0])
    self.type = type
    self.extents = extents
    value = end + 1 < words.endIndex ? Double(words[end + 1]) ?? 0 : 0
  }

  init(_ entry: Header.Entry) {
    name = entry.name.string
    type = entry.type
    extents = entry.shape.extents
    value = 0
  }

  /// Its elements as they are stored; whole numbers are cut to their type.
  var bytes: [UInt8] {
    let count = Shape(extents).elementCount ?? 0
    switch type {
    case .float64, .float32, .float16, .bfloat16, .float8e4m3, .float8e5m2:
      return encoded([Double](repeating: value, count: count), as: type)
    default:
      let word = Int64(exactly: value.rounded()) ?? .max
      let element = (0..<max(1, type.bitCount / 8)).map {
        UInt8(truncatingIfNeeded: word >> (8 * $0))
      }
      let byteCount = Shape(extents).byteCount(of: type) ?? 0
      return Array([[UInt8]](repeating: element, count: count).joined().prefix(byteCount))
    }
  }

  /// Those of an input's lines that describe one, each name once.
  static func all(in text: String, limit: Int = 64) -> [DescribedTensor] {
    var names: Set<String> = ["__metadata__"]
    return text.split(whereSeparator: \.isNewline).compactMap(DescribedTensor.init).prefix(limit)
      .filter { names.insert($0.name).inserted }
  }
}

/// The bytes of a safetensors file of described tensors.
func safetensors(
  _ tensors: [DescribedTensor], metadata: Metadata = Metadata()
) throws -> [UInt8] {
  let layout = Layout(
    tensors.map { Layout.Tensor(name: $0.name, type: $0.type, shape: Shape($0.extents)) })
  var bytes = layout.header(metadata: metadata)
  let start = bytes.count
  bytes += [UInt8](repeating: 0, count: layout.dataByteCount)
  for tensor in tensors where tensor.value != 0 {
    let numbers = tensor.bytes
    let offset = start + layout.offset(of: tensor.name)
    bytes.replaceSubrange(offset..<offset + numbers.count, with: numbers)
  }
  return bytes
}

/// A safetensors file of described tensors, which stays mapped after its descriptor is closed.
func memoryFile(_ tensors: [DescribedTensor]) throws -> SafetensorsFile {
  try withMemoryFile(safetensors(tensors)) { try SafetensorsFile(path: $0) }
}

/// An input in parts: `== NAME` on a line of its own begins each.
struct Sections {
  private let parts: [String: [UInt8]]

  init(_ bytes: [UInt8]) {
    var parts: [String: [UInt8]] = [:]
    var name = ""
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if line.starts(with: "== ".utf8) {
        name = String(decoding: line.dropFirst(3), as: UTF8.self)
      } else {
        parts[name, default: []] += line + [UInt8(ascii: "\n")]
      }
    }
    self.parts = parts
  }

  subscript(name: String) -> [UInt8]? { parts[name] }

  func text(_ name: String) -> String { String(decoding: parts[name] ?? [], as: UTF8.self) }
}

/// Files of ours that inputs vary: the repository's `fixtures`.
func fixture(_ name: String) -> String {
  let parts = #filePath.split(separator: "/").dropLast(3)
  return "/" + parts.joined(separator: "/") + "/fixtures/" + name
}
