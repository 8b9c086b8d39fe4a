import CCUDA

/// What of CUDA this machine has.
package struct CUDALibraries: Sendable {
  package let driver: Result<Driver, CUDAError>
  package let compiler: Result<Compiler, CUDAError>
  package let cublasLt: Result<CublasLt, CUDAError>
  package let cudnn: Result<Cudnn, CUDAError>

  /// What was found, each in the order of `Library`.
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
    let driver = Result { () throws(CUDAError) in
      try Driver(search.open(.driver, cuda: nil))
    }
    let cuda = (try? driver.get())?.version.major
    let compiler = Result { () throws(CUDAError) in
      try Compiler(search.open(.nvrtc, cuda: cuda))
    }
    let cublasLt = Result { () throws(CUDAError) in
      try CublasLt(search.open(.cublasLt, cuda: cuda))
    }
    let cudnn = Result { () throws(CUDAError) in
      try Cudnn(search.open(.cudnn, cuda: cuda))
    }
    (self.driver, self.compiler, self.cublasLt, self.cudnn) = (driver, compiler, cublasLt, cudnn)
    findings = [
      Finding(
        library: .driver, outcome: driver.map { FoundLibrary(path: $0.path, version: $0.version) }),
      Finding(
        library: .nvrtc, outcome: compiler.map { FoundLibrary(path: $0.path, version: $0.version) }),
      Finding(
        library: .cublasLt,
        outcome: cublasLt.map { FoundLibrary(path: $0.path, version: $0.version) }),
      Finding(
        library: .cudnn, outcome: cudnn.map { FoundLibrary(path: $0.path, version: $0.version) }),
    ]
  }

  /// The devices, or why there is none to use.
  package func devices() throws(CUDAError) -> [Device] { try driver.get().devices() }
}

/// A library that has all functions that are called.
package struct FoundLibrary: Hashable, Sendable {
  package let path: String
  package let version: LibraryVersion
}

/// cuBLASLt, loaded.
@safe package struct CublasLt: Sendable {
  nonisolated(unsafe) let functions: UnsafePointer<lora_cublaslt>
  package let path: String
  package let version: LibraryVersion

  init(_ library: OpenLibrary) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(lora_cublaslt(), fill: lora_cublaslt_fill)
    if let missing { throw library.lacks(missing) }
    unsafe self.functions = functions
    path = library.path
    version = LibraryVersion(library: Int(unsafe functions.pointee.cublasLtGetVersion()))
  }

  /// A library whose functions are at hand: the tests' own.
  init(functions: UnsafePointer<lora_cublaslt>) {
    unsafe self.functions = functions
    path = "emulated"
    version = LibraryVersion(major: 13, minor: 0)
  }
}

/// cuDNN, loaded.
@safe package struct Cudnn: Sendable {
  nonisolated(unsafe) let functions: UnsafePointer<lora_cudnn>
  package let path: String
  package let version: LibraryVersion

  init(_ library: OpenLibrary) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(lora_cudnn(), fill: lora_cudnn_fill)
    if let missing { throw library.lacks(missing) }
    unsafe self.functions = functions
    path = library.path
    version = LibraryVersion(library: Int(unsafe functions.pointee.cudnnGetVersion()))
  }

  /// A library whose functions are at hand: the tests' own.
  init(functions: UnsafePointer<lora_cudnn>) {
    unsafe self.functions = functions
    path = "emulated"
    version = LibraryVersion(major: 9, minor: 0)
  }
}
