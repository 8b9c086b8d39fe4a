import Foundation
import TestSupport
import Testing

@testable import ComputeCUDA

@Suite(.enabled(if: TestLibraries.canCompile, TestLibraries.reason))
struct KernelCacheTests {
  let folder: TemporaryFolder
  let cache: KernelCache
  let source = KernelSource(name: "small.cu", text: "extern \"C\" __global__ void f() {}")
  let architecture = Architecture(major: 8, minor: 6)

  init() throws {
    folder = try TemporaryFolder()
    cache = KernelCache(folder: folder["a/kernels"], compiler: try TestLibraries.compiler.get())
  }

  @Test func whatIsThereIsNotCompiled() throws {
    let path = cache.path(of: source, for: architecture)
    let compiled = try cache.cubin(of: source, for: architecture)
    let written = try attributes(path)
    #expect(try cache.cubin(of: source, for: architecture) == compiled)
    #expect(try attributes(path) == written)
  }

  /// Cut short, with a bit changed, empty, or not a file of ours.
  @Test(arguments: ["short", "changed", "empty", "other"])
  func whatIsDamagedIsCompiledAnew(_ damage: String) throws {
    let path = cache.path(of: source, for: architecture)
    let compiled = try cache.cubin(of: source, for: architecture)
    let whole = try Data(contentsOf: URL(filePath: path))
    var bytes = whole
    switch damage {
    case "short": bytes.removeLast(10)
    case "changed": bytes[100] ^= 1
    case "empty": bytes = Data()
    default: bytes = Data("a page that says 404".utf8)
    }
    try bytes.write(to: URL(filePath: path))
    #expect(try cache.cubin(of: source, for: architecture) == compiled)
    #expect(try Data(contentsOf: URL(filePath: path)) == whole)
  }

  @Test func manyAtOnceGetTheSame() throws {
    let running = (0..<6).map { _ in
      OtherThread { [cache, source, architecture] in
        try cache.cubin(of: source, for: architecture)
      }
    }
    let results = try running.map { try $0.result() }
    #expect(Set(results).count == 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: cache.folder)
    #expect(names.count == 1)
  }

  @Test func aFolderThatCannotBeIsNoReasonToStop() throws {
    let file = try folder.write([1], to: "file")
    let cache = KernelCache(folder: "\(file)/kernels", compiler: try TestLibraries.compiler.get())
    #expect(try !cache.cubin(of: source, for: architecture).isEmpty)
  }

  @Test func theNameDependsOnAllThatTheCodeDoes() {
    let other = KernelSource(name: source.name, text: source.text + "\n")
    let paths = [
      cache.path(of: source, for: architecture), cache.path(of: other, for: architecture),
      cache.path(of: source, for: Architecture(major: 9, minor: 0)),
    ]
    #expect(Set(paths).count == 3)
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
