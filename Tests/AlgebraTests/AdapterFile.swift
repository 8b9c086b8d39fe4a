import Foundation
import TestSupport

/// A small adapter made by a test, and the same read back: JSON and bytes by hand.
struct AdapterFile {
  struct Tensor: Equatable {
    let type: String
    let shape: [Int]
    let bytes: [UInt8]
  }

  var tensors: [String: Tensor] = [:]
  var metadata: [String: String] = [:]

  init() {}

  mutating func add(_ name: String, _ shape: [Int], _ values: [Double], type: String = "F32") {
    tensors[name] = Tensor(type: type, shape: shape, bytes: values.flatMap { encode($0, type) })
  }

  /// A module of a rank under sd-scripts' names; what is left out of the kernel is linear.
  mutating func addModule(
    _ name: String, _ outputs: Int, _ inputs: Int, kernel: [Int] = [], rank: Int,
    alpha: Double? = 1, type: String = "F32", seed: UInt64, decay: Double = 1
  ) {
    let columns = kernel.reduce(inputs, *)
    var up = uniform(outputs * rank, seed: seed)
    for index in up.indices { up[index] *= pow(decay, Double(index % rank)) }
    add(name + ".lora_up.weight", [outputs, rank] + kernel.map { _ in 1 }, up, type: type)
    add(
      name + ".lora_down.weight", [rank, inputs] + kernel,
      uniform(rank * columns, seed: seed &+ 1), type: type)
    if let alpha { add(name + ".alpha", [], [alpha]) }
  }

  var bytes: [UInt8] {
    var header: [String: Any] = [:]
    var data: [UInt8] = []
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      header[name] = [
        "dtype": tensor.type, "shape": tensor.shape,
        "data_offsets": [data.count, data.count + tensor.bytes.count],
      ]
      data += tensor.bytes
    }
    if !metadata.isEmpty { header["__metadata__"] = metadata }
    let json = (try? JSONSerialization.data(withJSONObject: header)) ?? Data()
    return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json + data
  }

  init(bytes: [UInt8]) throws {
    let length = bytes[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let json = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length]))
    let data = bytes[(8 + length)...]
    for (name, value) in json as? [String: Any] ?? [:] {
      let fields = value as? [String: Any] ?? [:]
      guard let offsets = fields["data_offsets"] as? [Int], let type = fields["dtype"] as? String
      else {
        metadata = value as? [String: String] ?? [:]
        continue
      }
      tensors[name] = Tensor(
        type: type, shape: fields["shape"] as? [Int] ?? [],
        bytes: Array(data[data.startIndex + offsets[0]..<data.startIndex + offsets[1]]))
    }
  }

  func values(_ name: String) -> [Double]? {
    guard let tensor = tensors[name] else { return nil }
    let width = ["F64": 8, "F32": 4, "F16": 2, "BF16": 2][tensor.type] ?? 1
    return stride(from: 0, to: tensor.bytes.count, by: width).map { start in
      let bits = (0..<width).reduce(UInt64(0)) { $0 | UInt64(tensor.bytes[start + $1]) << (8 * $1) }
      return decode(bits, tensor.type)
    }
  }

  func matrix(_ name: String) -> Dense? {
    guard let values = values(name), let rows = tensors[name]?.shape.first else { return nil }
    return Dense(rows, values.count / rows, values)
  }

  /// Ranks by module, under any of the namings of `updates`.
  var ranks: [String: Int] {
    Dictionary(
      uniqueKeysWithValues: pairs.map { ($0.module, tensors[$0.down]?.shape[0] ?? 0) })
  }

  private var pairs: [(module: String, up: String, down: String)] {
    let suffixes = [
      (".lora_up.weight", ".lora_down.weight"), (".lora_B.weight", ".lora_A.weight"),
    ]
    return tensors.keys.sorted().flatMap { name in
      suffixes.compactMap { up, down in
        name.hasSuffix(up)
          ? (String(name.dropLast(up.count)), name, name.dropLast(up.count) + down) : nil
      }
    }
  }

  /// Each module's update: alpha / rank · up · down.
  var updates: [String: Dense] {
    var updates: [String: Dense] = [:]
    for (module, up, down) in pairs {
      guard let up = matrix(up), let down = matrix(down) else { continue }
      let alpha = values(module + ".alpha")?.first ?? Double(down.rows)
      updates[module] = (up * down).scaled(by: alpha / Double(down.rows))
    }
    return updates
  }
}

private func encode(_ value: Double, _ type: String) -> [UInt8] {
  let (bits, width): (UInt64, Int) =
    switch type {
    case "F64": (value.bitPattern, 8)
    case "F16": (UInt64(Float16(value).bitPattern), 2)
    case "BF16": (UInt64(Float(value).bitPattern >> 16), 2)
    case "F8_E4M3", "F8_E5M2": (UInt64(smallFloatCode(value, type)), 1)
    default: (UInt64(Float(value).bitPattern), 4)
    }
  return (0..<width).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
}

private func decode(_ bits: UInt64, _ type: String) -> Double {
  switch type {
  case "F64": Double(bitPattern: bits)
  case "F16": Double(Float16(bitPattern: UInt16(bits)))
  case "BF16": Double(Float(bitPattern: UInt32(bits) << 16))
  case "F8_E4M3", "F8_E5M2": smallFloat(UInt8(bits), type)
  default: Double(Float(bitPattern: UInt32(bits)))
  }
}

/// A float of 8 bits that is a number: a sign, 4 or 5 bits of exponent, 3 or 2 of mantissa.
private func smallFloat(_ code: UInt8, _ type: String) -> Double {
  let (places, bias) = type == "F8_E4M3" ? (3, 7) : (2, 15)
  let (exponent, mantissa) = (Int(code & 0x7F) >> places, Int(code) & (1 << places - 1))
  let significand = Double(mantissa) / Double(1 << places) + (exponent > 0 ? 1 : 0)
  return (code < 128 ? 1 : -1) * significand * pow(2, Double(max(exponent, 1) - bias))
}

/// The code nearest to a number, of those below the last exponent.
private func smallFloatCode(_ value: Double, _ type: String) -> UInt8 {
  let codes = (0..<0x78).map { UInt8($0) }
  let nearest = codes.min {
    abs(smallFloat($0, type) - abs(value)) < abs(smallFloat($1, type) - abs(value))
  }
  return (nearest ?? 0) | (value < 0 ? 128 : 0)
}

/// ‖written − asked‖ and ‖asked‖ over all modules of `asked`.
func distance(_ written: [String: Dense], _ asked: [String: Dense]) -> (error: Double, norm: Double)
{
  var (error, norm) = (0.0, 0.0)
  for (name, wanted) in asked {
    let difference = written[name].map { ($0 - wanted).norm } ?? wanted.norm
    error += difference * difference
    norm += wanted.norm * wanted.norm
  }
  return (error.squareRoot(), norm.squareRoot())
}

/// A run that must succeed, and its report.
@discardableResult
func report(_ arguments: [String]) throws -> [String: Any] {
  let outcome = try Program.run(arguments + ["--json"])
  guard outcome.status == 0 else { throw RunError(text: outcome.errors) }
  return try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any] ?? [:]
}

struct RunError: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}
