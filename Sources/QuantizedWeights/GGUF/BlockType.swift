import Tensors

/// A type of ggml's whose numbers lie in blocks.
struct BlockType: Hashable, Sendable {
  let name: String

  /// The numbers of a block, and its bytes.
  let count: Int
  let byteCount: Int

  /// By the numbers that files hold.
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

  /// Types whose tensors can be told apart but not read.
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

  /// What reads the blocks; `nil` for a type that is not read.
  var code: (any BlockCode.Type)? { blockCodes.first { "\($0)" == name } }
}

/// The numbers of a block of one of ggml's types, under the type's name.
protocol BlockCode: SendableMetatype {
  /// The type's number in files.
  static var number: UInt32 { get }

  /// The numbers of a block, and its bytes.
  static var count: Int { get }
  static var byteCount: Int { get }

  /// Appends the numbers of a block.
  static func decode(_ block: Block, to numbers: inout [Double])
}

/// All types that are read.
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

  /// A 16-bit float.
  func half(_ index: Int) -> Double {
    Double(float(half: UInt16(self[index]) | UInt16(self[index + 1]) << 8))
  }
}
