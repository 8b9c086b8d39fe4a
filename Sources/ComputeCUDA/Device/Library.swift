/// A library from NVIDIA.
package enum Library: String, CaseIterable, Sendable {
  case driver
  case nvrtc = "NVRTC"
  case cublasLt = "cuBLASLt"
  case cudnn = "cuDNN"

  /// The names that it may have, the wanted one first.
  ///
  /// - Parameter cuda: The newest version of CUDA that the driver runs; code and libraries of the
  ///   next one do not run on it. `nil` where there is no driver: then any will do, to compile.
  func sonames(cuda: Int?) -> [String] {
    switch self {
    case .driver: ["libcuda.so.1"]
    case .cudnn: ["libcudnn.so.9"]
    case .nvrtc, .cublasLt:
      [13, 12].filter { $0 <= cuda ?? .max }.map { "\(stem).so.\($0)" }
    }
  }

  private var stem: String { self == .nvrtc ? "libnvrtc" : "libcublasLt" }

  /// How to get it, as the end of a sentence.
  ///
  /// - Parameter cuda: The newest version of CUDA that the driver runs.
  package func remedy(cuda: Int?) -> String {
    let suffix = cuda == 12 ? "-cu12" : ""
    return switch self {
    case .driver: "install NVIDIA's driver, version 525 or later, from your distribution"
    case .nvrtc: "pip install nvidia-cuda-nvrtc\(suffix)"
    case .cublasLt: "pip install nvidia-cublas\(suffix)"
    case .cudnn: "pip install nvidia-cudnn-cu\(cuda == 12 ? 12 : 13)"
    }
  }
}

/// A version as NVIDIA counts them.
package struct LibraryVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let major: Int
  package let minor: Int

  package static func < (a: Self, b: Self) -> Bool { (a.major, a.minor) < (b.major, b.minor) }

  package var description: String { "\(major).\(minor)" }
}

extension LibraryVersion {
  /// The version of the driver, which reports 13010 for CUDA 13.1.
  init(driver number: Int) {
    self.init(major: number / 1000, minor: number % 1000 / 10)
  }

  /// The version of cuBLASLt or cuDNN 9, which report 130100 and 91400 for 13.1 and 9.14.
  init(library number: Int) {
    self.init(major: number / 10_000, minor: number % 10_000 / 100)
  }
}

/// The libraries of CUDA that this machine has.
package struct CUDALibraries: Sendable {
  let driver: Result<Driver, CUDAError>
  let compiler: Result<Compiler, CUDAError>
  let cublasLt: Result<CublasLt, CUDAError>
  let cudnn: Result<Cudnn, CUDAError>

  /// One finding per library, in the order of `Library`.
  package let findings: [Finding]

  /// One library, and where it is or what is wrong.
  package struct Finding: Sendable {
    package let library: Library
    package let outcome: Result<FoundLibrary, CUDAError>
  }

  /// Looks for all of them; those found stay open.
  ///
  /// - Complexity: Some milliseconds: a library is mapped, not read.
  package init(_ search: LibrarySearch) {
    driver = Result { () throws(CUDAError) in try Driver(search.open(.driver, cuda: nil)) }
    let cuda = (try? driver.get())?.version.major
    compiler = Result { () throws(CUDAError) in try Compiler(search.open(.nvrtc, cuda: cuda)) }
    cublasLt = Result { () throws(CUDAError) in try CublasLt(search.open(.cublasLt, cuda: cuda)) }
    cudnn = Result { () throws(CUDAError) in try Cudnn(search.open(.cudnn, cuda: cuda)) }
    findings = [
      Finding(library: .driver, outcome: driver.map(\.found)),
      Finding(library: .nvrtc, outcome: compiler.map(\.found)),
      Finding(library: .cublasLt, outcome: cublasLt.map(\.found)),
      Finding(library: .cudnn, outcome: cudnn.map(\.found)),
    ]
  }

  /// The devices, or why there is none to use.
  package func devices() throws(CUDAError) -> [Device] { try driver.get().devices() }
}
