import CCUDA

/// What of CUDA this machine has.
package struct CUDALibraries: Sendable {
  package let driver: Result<Driver, CUDAError>
  package let compiler: Result<Compiler, CUDAError>

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
    self.driver = driver
    self.compiler = compiler
    findings = [
      Finding(
        library: .driver, outcome: driver.map { FoundLibrary(path: $0.path, version: $0.version) }),
      Finding(
        library: .nvrtc, outcome: compiler.map { FoundLibrary(path: $0.path, version: $0.version) }),
      Finding(
        library: .cublasLt,
        outcome: Result { () throws(CUDAError) in
          try FoundLibrary(cublasLt: search.open(.cublasLt, cuda: cuda))
        }),
      Finding(
        library: .cudnn,
        outcome: Result { () throws(CUDAError) in
          try FoundLibrary(cudnn: search.open(.cudnn, cuda: cuda))
        }),
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

extension FoundLibrary {
  init(cublasLt library: OpenLibrary) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(lora_cublaslt(), fill: lora_cublaslt_fill)
    if let missing { throw library.lacks(missing) }
    let number = unsafe functions.pointee.cublasLtGetVersion()
    self.init(path: library.path, version: LibraryVersion(library: Int(number)))
  }

  init(cudnn library: OpenLibrary) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(lora_cudnn(), fill: lora_cudnn_fill)
    if let missing { throw library.lacks(missing) }
    let number = unsafe functions.pointee.cudnnGetVersion()
    self.init(path: library.path, version: LibraryVersion(library: Int(number)))
  }
}
