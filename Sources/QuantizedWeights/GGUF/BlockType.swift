import Tensors

/// A type of ggml that stores numbers in blocks.
struct BlockType: Hashable, Sendable {
  let name: String

  /// The number of elements per block, and its size in bytes.
  let count: Int
  let byteCount: Int

  /// All types, by their number in files.
  static let all: [UInt32: BlockType] = {
    var types = unread
    for block in blockCodes {
      types[block.number] = BlockType(
        name: "\(block)", count: block.count, byteCount: block.byteCount)
    }
    return types
  }()

  /// Types of plain numbers.
  static let plain: [UInt32: ElementType] = [
    0: .float32, 1: .float16, 24: .int8, 25: .int16, 26: .int32, 27: .int64, 28: .float64,
    30: .bfloat16,
  ]

  /// Types whose tensors are recognised but cannot be decoded.
  private static let unread: [UInt32: BlockType] = [
    9: BlockType(name: "Q8_1", count: 32, byteCount: 40),
    15: BlockType(name: "Q8_K", count: 256, byteCount: 292),
    16: BlockType(name: "IQ2_XXS", count: 256, byteCount: 66),
    17: BlockType(name: "IQ2_XS", count: 256, byteCount: 74),
    18: BlockType(name: "IQ3_XXS", count: 256, byteCount: 98),
    19: BlockType(name: "IQ1_S", count: 256, byteCount: 50),
    20: BlockType(name: "IQ4_NL", count: 32, byteCount: 18),
    21: BlockType(name: "IQ3_S", count: 256, byteCount: 110),
    22: BlockType(name: "IQ2_S", count: 256, byteCount: 82),
    23: BlockType(name: "IQ4_XS", count: 256, byteCount: 136),
    29: BlockType(name: "IQ1_M", count: 256, byteCount: 56),
    34: BlockType(name: "TQ1_0", count: 256, byteCount: 54),
    35: BlockType(name: "TQ2_0", count: 256, byteCount: 66),
    39: BlockType(name: "MXFP4", count: 32, byteCount: 17),
    40: BlockType(name: "NVFP4", count: 64, byteCount: 36),
    41: BlockType(name: "Q1_0", count: 128, byteCount: 18),
  ]

  /// The decoder of the blocks; `nil` if the type cannot be decoded.
  var code: (any BlockCode.Type)? { blockCodes.first { "\($0)" == name } }
}

/// The decoder of a ggml block type; its name is the type's.
protocol BlockCode: SendableMetatype {
  /// The type's number in files.
  static var number: UInt32 { get }

  /// The number of elements per block, and its size in bytes.
  static var count: Int { get }
  static var byteCount: Int { get }

  /// Appends the decoded numbers of a block.
  static func decode(_ block: Block, to numbers: inout [Double])
}

/// All types that can be decoded.
let blockCodes: [any BlockCode.Type] = [
  Q4_0.self, Q4_1.self, Q5_0.self, Q5_1.self, Q8_0.self, Q2_K.self, Q3_K.self, Q4_K.self, Q5_K.self,
  Q6_K.self,
]

/// The bytes of one block.
struct Block {
  let bytes: [UInt8]
  let start: Int

  subscript(index: Int) -> UInt8 { bytes[start + index] }

  func signed(_ index: Int) -> Int { Int(Int8(bitPattern: self[index])) }

  /// Reads a 16-bit float.
  func half(_ index: Int) -> Double {
    Double(float(half: UInt16(self[index]) | UInt16(self[index + 1]) << 8))
  }
}
