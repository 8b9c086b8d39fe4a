import Foundation
import Testing

@testable import ComputeCUDA

/// Every kernel, compiled for every kind of device that people own; no device is needed.
@Suite(.enabled(if: TestLibraries.canCompile, TestLibraries.reason))
struct KernelCompilationTests {
  /// RTX 20, RTX 30, RTX 40, H100, RTX 50.
  static let architectures = [(7, 5), (8, 6), (8, 9), (9, 0), (12, 0)].map {
    Architecture(major: $0.0, minor: $0.1)
  }

  static let elements = ["float", "bf16", "fp16"]

  @Test(arguments: KernelSource.all.map(\.name), architectures)
  func compiles(_ name: String, _ architecture: Architecture) throws {
    let source = try #require(KernelSource.all.first { $0.name == name })
    for definitions in Self.definitions(of: source, for: architecture) {
      let variant = KernelVariant(source: source, definitions: definitions)
      let cubin = Data(try TestLibraries.compiler.get().code(of: variant, for: architecture))
      #expect(cubin.prefix(4) == Data([0x7F, 0x45, 0x4C, 0x46]))
      for entry in source.signatures.map(\.entry) {
        #expect(cubin.range(of: Data(".text.\(entry)\0".utf8)) != nil, "\(entry), \(definitions)")
      }
    }
  }

  /// How a file is compiled for a device: for each type, or for pairs of a type and a width of heads.
  static func definitions(of source: KernelSource, for architecture: Architecture) -> [[String]] {
    guard source.text.contains("HEAD_WIDTH") else {
      let elements = source.text.contains("Element") ? elements : ["float"]
      return elements.filter { architecture.hasBFloat16 || $0 != "bf16" }.map { ["ELEMENT=\($0)"] }
    }
    let isPlain = source.name.hasPrefix("attention_plain")
    var widths = isPlain ? AttentionKernels.plainWidths : AttentionKernels.widths
    // One kind of device stands for the others: on those the least and the most of registers do.
    if architecture.description != "sm_86" { widths = isPlain ? [64] : [40, 160] }
    return widths.enumerated().map { index, width in
      let short = architecture.hasBFloat16 && index % 2 == 0 ? "bf16" : "fp16"
      return ["ELEMENT=\(isPlain ? "float" : short)", "HEAD_WIDTH=\(width)"]
    }
  }

  @Test func aFaultIsToldInOneLine() {
    let source = KernelSource(
      name: "wrong.cu", text: "__global__ void f() { x = 1; }\n__global__ void g() { y = 1; }")
    let architecture = Architecture(major: 8, minor: 6)
    #expect(
      throws: CUDAError.compilation(
        kernel: "wrong.cu", architecture,
        line: "wrong.cu(1): error: identifier \"x\" is undefined")
    ) {
      try TestLibraries.compiler.get().code(
        of: KernelVariant(source: source, definitions: []), for: architecture)
    }
  }

  /// A device that is newer than the compiler gets text, which its driver compiles.
  @Test func aNewerDeviceGetsText() throws {
    let compiler = try TestLibraries.compiler.get()
    let newest = try #require(compiler.architectures.max())
    for architecture in [Architecture(major: 99, minor: 0), Architecture(major: 8, minor: 5)] {
      let expected =
        architecture.major == 99 ? newest : Architecture(major: 8, minor: 0)
      let code = try compiler.code(
        of: KernelVariant(source: KernelSource.all[0], definitions: ["ELEMENT=fp16"]),
        for: architecture)
      let text = String(decoding: code, as: UTF8.self)
      #expect(text.contains(".target \(expected)") && text.contains(".entry activate("))
      #expect(code.last == 0)
    }
  }

  @Test func anUnknownDeviceIsRefused() throws {
    let compiler = try TestLibraries.compiler.get()
    let architecture = Architecture(major: 5, minor: 0)
    #expect(
      throws: CUDAError.unknownArchitecture(architecture, compiler: compiler.version)
    ) {
      try compiler.code(
        of: KernelVariant(source: KernelSource.all[0], definitions: []), for: architecture)
    }
  }
}
