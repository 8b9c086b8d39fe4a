import CCUDA

/// The file and the version of a library.
package struct FoundLibrary: Hashable, Sendable {
  package let path: String
  package let version: LibraryVersion
}

/// A library in this process that has all functions that are called.
@safe struct LoadedLibrary<Functions>: Sendable {
  nonisolated(unsafe) let functions: UnsafePointer<Functions>
  let found: FoundLibrary

  var version: LibraryVersion { found.version }

  /// - Parameter found: By default that of a test's own functions.
  init(
    functions: UnsafePointer<Functions>,
    _ found: FoundLibrary = FoundLibrary(
      path: "emulated", version: LibraryVersion(major: 13, minor: 0))
  ) {
    unsafe self.functions = functions
    self.found = found
  }

  /// - Parameter fill: A function of CCUDA that fills a table and returns the name of a missing
  ///   function.
  /// - Throws: Where a function is missing.
  fileprivate init(
    _ library: OpenLibrary, _ empty: Functions,
    fill: (UnsafeMutablePointer<Functions>?, UnsafeMutableRawPointer?) -> UnsafePointer<CChar>?,
    version: (UnsafePointer<Functions>) -> LibraryVersion
  ) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(empty, fill: fill)
    if let missing { throw library.lacks(missing) }
    unsafe self.init(
      functions: functions, FoundLibrary(path: library.path, version: version(functions)))
  }
}

typealias Driver = LoadedLibrary<lora_driver>
typealias Compiler = LoadedLibrary<lora_nvrtc>
typealias CublasLt = LoadedLibrary<lora_cublaslt>
typealias Cudnn = LoadedLibrary<lora_cudnn>

extension Driver {
  /// - Throws: Where the driver is too old, which explains functions that it lacks.
  init(_ library: OpenLibrary) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(lora_driver(), fill: lora_driver_fill)
    guard let ask = unsafe functions.pointee.cuDriverGetVersion else {
      throw library.lacks("cuDriverGetVersion")
    }
    var number: Int32 = 0
    _ = unsafe ask(&number)
    let version = LibraryVersion(driver: Int(number))
    if version < LibraryVersion(major: 12, minor: 0) { throw .driverTooOld(version) }
    if let missing { throw library.lacks(missing) }
    unsafe self.init(functions: functions, FoundLibrary(path: library.path, version: version))
  }
}

extension Compiler {
  init(_ library: OpenLibrary) throws(CUDAError) {
    try unsafe self.init(library, lora_nvrtc(), fill: lora_nvrtc_fill) { functions in
      var (major, minor): (Int32, Int32) = (0, 0)
      _ = unsafe functions.pointee.nvrtcVersion(&major, &minor)
      return LibraryVersion(major: Int(major), minor: Int(minor))
    }
  }
}

extension CublasLt {
  init(_ library: OpenLibrary) throws(CUDAError) {
    try unsafe self.init(library, lora_cublaslt(), fill: lora_cublaslt_fill) {
      LibraryVersion(library: Int(unsafe $0.pointee.cublasLtGetVersion()))
    }
  }
}

extension Cudnn {
  init(_ library: OpenLibrary) throws(CUDAError) {
    try unsafe self.init(library, lora_cudnn(), fill: lora_cudnn_fill) {
      LibraryVersion(library: Int(unsafe $0.pointee.cudnnGetVersion()))
    }
  }
}
