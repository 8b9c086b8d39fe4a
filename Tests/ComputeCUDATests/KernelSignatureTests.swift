import CUDAEmulation
import Compute
import EmulatedDevice
import Foundation
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// The kernels as their text declares them, and the lists that name them.
@Suite struct KernelSignatureTests {
  /// The files of the folder are those that are embedded.
  @Test func everyFileIsEmbedded() throws {
    let folder = Fixtures.directory.deletingLastPathComponent()
      .appending(path: "Sources/CUDAKernels/kernels").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(KernelSource.all.map(\.name) == files.filter { $0.hasSuffix(".cu") })
    #expect(KernelSource.headers.map(\.name) == files.filter { $0.hasSuffix(".cuh") })
    for source in KernelSource.all {
      let count = source.text.split(separator: "KERNEL ").count - 1
      #expect(source.signatures.count == count && count > 0, "\(source.name)")
      #expect(source.signatures.allSatisfy { $0.threads.isMultiple(of: 32) && $0.threads > 0 })
    }
  }

  /// The parameters as `KernelSource` reads them are those that the emulation's C++ compiler sees.
  ///
  /// Where it sees none, the kernel is missing in a list of Tests/CUDAEmulation.
  @Test(arguments: KernelSource.all.map(\.name))
  func parametersAreThoseThatTheCompilerSees(_ name: String) throws {
    let source = try #require(KernelSource.all.first { $0.name == name })
    for definitions in Self.definitions(of: source) {
      for signature in source.signatures {
        let seen = unsafe lora_emulated_parameters(
          definitions.joined(separator: " "), signature.entry
        ).map { unsafe String(cString: $0) }
        #expect(
          seen == signature.parameters.map { Self.letter($0.type) }.joined(),
          "\(signature.entry) \(definitions)")
      }
    }
  }

  /// All ways in which launches compile a file.
  private static func definitions(of source: KernelSource) -> [[String]] {
    let types: [ElementType] = [.float32, .bfloat16, .float16]
    guard source.text.contains("HEAD_WIDTH") else { return types.map(\.definitions) }
    let isPlain = source.name.hasPrefix("attention_plain")
    let widths = isPlain ? AttentionKernels.plainWidths : AttentionKernels.widths
    return (isPlain ? types : Array(types.dropFirst())).flatMap { type in
      widths.map { type.definitions + ["HEAD_WIDTH=\($0)"] }
    }
  }

  /// `kind_of` of the emulation.
  private static func letter(_ type: KernelSignature.ParameterType) -> String {
    switch type {
    case .address: "p"
    case .u64: "l"
    case .u32: "u"
    case .int: "i"
    case .float: "f"
    case .extent: "s"
    }
  }

  private static let clip = ("clip" as Kernel).signature

  @Test func argumentsAreCopiedAsTheParametersAre() {
    #expect(Self.clip.threads == 256)
    #expect(
      Self.clip.words([
        "g": 256 as UInt64, "norm": nil as Tensor?, "limit": 1 as Float,
        "count": 7,
      ]) == [256, 0, 0x3F80_0000, 7])
    let arguments: [(any KernelArgument, KernelSignature.ParameterType, UInt64?)] = [
      (-1, .int, 0xFFFF_FFFF), (true, .int, 1), (false, .int, 0), (7, .u32, 7),
      (SIMD2<UInt32>(3, 5), .extent, 5 << 32 | 3), (1 as UInt64, .u64, 1),
      (1, .address, nil), (1, .float, nil), (1 as Float, .int, nil), (1 as UInt64, .u32, nil),
      (true, .u32, nil), (nil as Int?, .u32, nil),
    ]
    for (argument, type, word) in arguments { #expect(argument.word(as: type) == word) }
  }

  /// One that is missing, one too many, one of another name, one of another type, two swapped.
  @Test func otherArgumentsTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = Self.clip.words(["g": 256 as UInt64, "norm": 256 as UInt64, "limit": 1 as Float])
    }
    await #expect(processExitsWith: .failure) {
      _ = Self.clip.words([
        "g": 256 as UInt64, "norm": 256 as UInt64, "limit": 1 as Float, "count": 7, "size": 7,
      ])
    }
    await #expect(processExitsWith: .failure) {
      _ = Self.clip.words([
        "g": 256 as UInt64, "norm": 256 as UInt64, "limit": 1 as Float, "size": 7,
      ])
    }
    await #expect(processExitsWith: .failure) {
      _ = Self.clip.words(["g": 256 as UInt64, "norm": 256 as UInt64, "limit": 1, "count": 7])
    }
    await #expect(processExitsWith: .failure) {
      _ = Self.clip.words([
        "norm": 256 as UInt64, "g": 256 as UInt64, "limit": 1 as Float, "count": 7,
      ])
    }
    await #expect(processExitsWith: .failure) { _ = "clamp" as Kernel }
  }
}
