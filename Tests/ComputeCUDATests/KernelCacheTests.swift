import Foundation
import TestSupport
import Testing

@testable import ComputeCUDA

@Suite(.enabled(if: TestLibraries.canCompile, TestLibraries.reason))
struct KernelCacheTests {
  let folder: TemporaryFolder
  let cache: KernelCache
  let variant = KernelVariant(
    source: KernelSource(name: "small.cu", text: "extern \"C\" __global__ void f() {}"),
    definitions: ["ELEMENT=float"])

  init() throws {
    folder = try TemporaryFolder()
    cache = try Self.cache(folder["a/kernels"])
  }

  private static func cache(_ folder: String, minor: Int = 6) throws -> KernelCache {
    KernelCache(
      folder: folder, compiler: try TestLibraries.compiler.get(),
      architecture: Architecture(major: 8, minor: minor))
  }

  @Test func whatIsThereIsNotCompiled() throws {
    let path = try path(of: variant)
    let compiled = try cache.code(of: variant)
    let written = try attributes(path)
    #expect(try cache.code(of: variant) == compiled)
    #expect(try attributes(path) == written)
  }

  /// Cut short, with a bit changed, empty, or not a file of ours.
  @Test(arguments: ["short", "changed", "empty", "other"])
  func whatIsDamagedIsCompiledAnew(_ damage: String) throws {
    let path = try path(of: variant)
    let compiled = try cache.code(of: variant)
    let whole = try Data(contentsOf: URL(filePath: path))
    var bytes = whole
    switch damage {
    case "short": bytes.removeLast(10)
    case "changed": bytes[100] ^= 1
    case "empty": bytes = Data()
    default: bytes = Data("a page that says 404".utf8)
    }
    try bytes.write(to: URL(filePath: path))
    #expect(try cache.code(of: variant) == compiled)
    #expect(try Data(contentsOf: URL(filePath: path)) == whole)
  }

  @Test func manyAtOnceGetTheSame() throws {
    let running = (0..<6).map { _ in
      OtherThread { [cache, variant] in
        try cache.code(of: variant)
      }
    }
    let results = try running.map { try $0.result() }
    #expect(Set(results).count == 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: try #require(cache.folder))
    #expect(names.count == 1)
  }

  @Test func aFolderThatCannotBeIsNoReasonToStop() throws {
    let file = try folder.write([1], to: "file")
    let cache = try Self.cache("\(file)/kernels")
    #expect(try !cache.code(of: variant).isEmpty)
  }

  @Test func theNameDependsOnAllThatTheCodeDoes() throws {
    let source = KernelSource(name: variant.source.name, text: variant.source.text + "\n")
    let names = [
      try cache.name(of: variant),
      try cache.name(of: KernelVariant(source: source, definitions: variant.definitions)),
      try cache.name(of: KernelVariant(source: variant.source, definitions: ["ELEMENT=bf16"])),
      try Self.cache(folder["b"], minor: 9).name(of: variant),
    ]
    #expect(Set(names).count == 4)
  }

  private func path(of variant: KernelVariant) throws -> String {
    folder["a/kernels/\(try cache.name(of: variant))"]
  }

  private func attributes(_ path: String) throws -> [Int] {
    let all = try FileManager.default.attributesOfItem(atPath: path)
    return [all[.systemFileNumber] as? Int ?? -1, all[.size] as? Int ?? -1]
  }
}

@Suite struct CacheFolderTests {
  @Test(arguments: [
    (["XDG_CACHE_HOME": "/c", "HOME": "/h"], "/c/lora/kernels"),
    (["XDG_CACHE_HOME": "c", "HOME": "/h"], "/h/.cache/lora/kernels"),
    (["HOME": "/h"], "/h/.cache/lora/kernels"),
    ([:], nil),
  ])
  func followsTheSpecification(_ environment: [String: String], _ folder: String?) {
    #expect(KernelCache.folder { environment[$0] } == folder)
  }
}
