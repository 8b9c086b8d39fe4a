import CCUDA
import Synchronization

/// How many blocks of threads a launch has, along three axes.
struct Grid: Hashable {
  var x: Int
  var y = 1
  var z = 1

  init(_ x: Int, _ y: Int = 1, _ z: Int = 1) {
    (self.x, self.y, self.z) = (x, y, z)
  }
}

/// The kernels of a device: loaded when they are first asked for, then launched by name.
@safe final class Kernels: Sendable {
  private struct Key: Hashable {
    let file: String
    let definitions: [String]
    let entry: String
  }

  @safe private struct State: ~Copyable {
    nonisolated(unsafe) var libraries: [KernelVariant: CUlibrary] = unsafe [:]
    nonisolated(unsafe) var functions: [Key: CUfunction] = unsafe [:]
  }

  private let context: Context
  private let code: any KernelCode
  private let state = Mutex(State())

  init(_ context: Context, code: any KernelCode) {
    self.context = context
    self.code = code
  }

  deinit {
    state.withLock { state in
      let libraries = unsafe Array(state.libraries.values)
      for index in 0..<(unsafe libraries.count) {
        _ = unsafe context.driver.functions.pointee.cuLibraryUnload(libraries[index])
      }
    }
  }

  /// Starts a kernel after the work that was asked for before.
  ///
  /// - Parameters:
  ///   - file: `add.cu`.
  ///   - definitions: How the file is compiled: `ELEMENT=bf16`.
  ///   - threads: Of a block, at most what the kernel's launch bounds say.
  ///   - arguments: In the kernel's order and of its very types: addresses and `u64` as `UInt64`,
  ///     `u32` as `UInt32`, `int` as `Int32`, `float` as `Float`.
  func launch<each Argument: BitwiseCopyable>(
    _ file: String, _ entry: String, _ definitions: [String], grid: Grid, threads: Int = 256,
    _ arguments: repeat each Argument
  ) {
    if grid.x == 0 || grid.y == 0 || grid.z == 0 { return }
    let key = Key(file: file, definitions: definitions, entry: entry)
    guard context.isSound, let function = unsafe function(key) else {
      return
    }
    var words: [UInt64] = []
    var kinds: [UInt8] = []
    for argument in repeat each arguments {
      words.append(Self.word(argument))
      kinds.append(Self.kind(argument))
    }
    unsafe words.withUnsafeMutableBufferPointer { words in
      var addresses: [UnsafeMutableRawPointer?] = unsafe []
      for index in 0..<words.count {
        let address = unsafe words.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + index) }
        unsafe addresses.append(address)
      }
      // The emulation compares their number and kinds with the kernel's; a device does not look so
      // far.
      unsafe addresses.append(nil)
      let letters = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: kinds.count + 1)
      defer { unsafe letters.deallocate() }
      _ = unsafe letters.initialize(from: kinds + [0])
      unsafe addresses.append(UnsafeMutableRawPointer(letters.baseAddress))
      var configuration = unsafe CUlaunchConfig(
        gridDimX: UInt32(grid.x), gridDimY: UInt32(grid.y), gridDimZ: UInt32(grid.z),
        blockDimX: UInt32(threads), blockDimY: 1, blockDimZ: 1,
        sharedMemBytes: 0, hStream: context.stream, attrs: nil, numAttrs: 0)
      context.perform("cuLaunchKernelEx") {
        unsafe $0.functions.pointee.cuLaunchKernelEx(&configuration, function, &addresses, nil)
      }
    }
  }

  /// An argument in the first bytes of a word, where the device looks for it.
  private static func word<Argument: BitwiseCopyable>(_ argument: Argument) -> UInt64 {
    precondition(MemoryLayout<Argument>.size <= 8, "arguments of kernels have at most 8 bytes")
    var word: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &word) {
      unsafe $0.storeBytes(of: argument, as: Argument.self)
    }
    return word
  }

  /// The letter of an argument's kind, as `kind_of` of the emulation has it.
  private static func kind<Argument: BitwiseCopyable>(_ argument: Argument) -> UInt8 {
    switch argument {
    case is UInt64: UInt8(ascii: "l")
    case is UInt32: UInt8(ascii: "u")
    case is Int32: UInt8(ascii: "i")
    case is Float: UInt8(ascii: "f")
    // `Extent` of columns.cu; an `Int` by mistake is no letter's either.
    default: UInt8(ascii: "s")
    }
  }

  private func function(_ key: Key) -> CUfunction? {
    unsafe state.withLock { state in
      if let function = unsafe state.functions[key] { return unsafe function }
      let variant = KernelVariant(KernelSource.named(key.file), key.definitions)
      guard let library = unsafe library(variant, &state),
        let function = unsafe load(key.entry, from: library)
      else { return nil }
      unsafe state.functions[key] = function
      return unsafe function
    }
  }

  private func library(_ variant: KernelVariant, _ state: inout State) -> CUlibrary? {
    if let library = unsafe state.libraries[variant] { return unsafe library }
    do throws(CUDAError) {
      let code = try self.code.code(of: variant)
      var library: CUlibrary?
      context.perform("cuLibraryLoadData") { driver in
        unsafe code.withUnsafeBytes {
          unsafe driver.functions.pointee.cuLibraryLoadData(
            &library, $0.baseAddress, nil, nil, 0, nil, nil, 0)
        }
      }
      unsafe state.libraries[variant] = library
      return unsafe library
    } catch {
      context.fail(error)
      return nil
    }
  }

  private func load(_ entry: String, from library: CUlibrary) -> CUfunction? {
    var kernel: CUkernel?
    var function: CUfunction?
    context.perform("cuLibraryGetKernel(\(entry))") {
      unsafe $0.functions.pointee.cuLibraryGetKernel(&kernel, library, entry)
    }
    context.perform("cuKernelGetFunction") {
      unsafe $0.functions.pointee.cuKernelGetFunction(&function, kernel)
    }
    return context.isSound ? unsafe function : nil
  }
}
