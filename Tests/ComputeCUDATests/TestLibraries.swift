import Foundation
import TestSupport
import Testing

@testable import ComputeCUDA

/// The libraries of this machine, and those of the Python environment that `make test` sets up.
enum TestLibraries {
  static let search = LibrarySearch { name in
    let given = ProcessInfo.processInfo.environment[name]
    if name != "LORA_CUDA_PATH" { return given }
    let own = Fixtures.directory.deletingLastPathComponent().appending(path: ".build/cuda").path
    return given ?? own
  }

  static let compiler = Result { () throws(CUDAError) in
    try Compiler(search.open(.nvrtc, cuda: nil))
  }

  static var canCompile: Bool { (try? compiler.get()) != nil }

  static let reason: Comment = "no NVRTC; make test gets it, where pip can"
}
