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
      Finding(library: .driver, outcome: driver.map(\.found)),
      Finding(library: .nvrtc, outcome: compiler.map(\.found)),
      Finding(library: .cublasLt, outcome: cublasLt.map(\.found)),
      Finding(library: .cudnn, outcome: cudnn.map(\.found)),
    ]
  }

  /// The devices, or why there is none to use.
  package func devices() throws(CUDAError) -> [Device] { try driver.get().devices() }
}
