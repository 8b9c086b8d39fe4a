import CCUDA
import Synchronization
import Tensors

/// The number of blocks of a launch along three axes.
struct Grid: Hashable {
  var x: Int
  var y = 1
  var z = 1

  init(_ x: Int, _ y: Int = 1, _ z: Int = 1) {
    (self.x, self.y, self.z) = (x, y, z)
  }
}

/// The kernels of a device: each is loaded when it is first launched.
@safe final class Kernels: Sendable {
  /// A kernel, and how its file is compiled.
  private struct Key: Hashable {
    let number: Int
    let elementType: Int32
    let headWidth: Int?
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
      context.makeCurrentAtEnd()
      for index in 0..<(unsafe libraries.count) {
        _ = unsafe context.driver.functions.pointee.cuLibraryUnload(libraries[index])
      }
    }
  }

  /// Returns a launch of a kernel, to be called with the kernel's arguments.
  ///
  /// - Parameters:
  ///   - elementType: The type of activations that its file is compiled for.
  ///   - headWidth: The columns per head that a file about attention is compiled for.
  func launch(
    _ kernel: Kernel, _ elementType: ElementType, headWidth: Int? = nil, grid: Grid
  ) -> Launch {
    Launch(
      kernels: self, kernel: kernel, elementType: elementType, headWidth: headWidth, grid: grid)
  }

  /// A launch with at least this many threads, in blocks along one axis.
  func launch(_ kernel: Kernel, _ elementType: ElementType, threads: Int) -> Launch {
    let perBlock = kernel.signature.threads
    return launch(kernel, elementType, grid: Grid((threads + perBlock - 1) / perBlock))
  }

  /// A kernel on a grid: `launch(arguments)`, where the arguments are named as in the `.cu` file.
  @dynamicCallable struct Launch: CustomStringConvertible {
    fileprivate let kernels: Kernels
    fileprivate let kernel: Kernel
    fileprivate let elementType: ElementType
    fileprivate let headWidth: Int?
    fileprivate let grid: Grid

    /// `attention 64 F16 on 32×16×1 blocks`.
    var description: String {
      "\(kernel.signature.entry) \(headWidth.map { "\($0) " } ?? "")\(elementType.rawValue) on "
        + "\(grid.x)×\(grid.y)×\(grid.z) blocks"
    }

    /// Starts the kernel after all earlier work.
    func dynamicallyCall(withKeywordArguments arguments: KeyValuePairs<String, any KernelArgument>)
    {
      kernels.run(self, kernel.signature.words(arguments))
    }
  }

  private func run(_ launch: Launch, _ words: [UInt64]) {
    let grid = launch.grid
    if grid.x == 0 || grid.y == 0 || grid.z == 0 { return }
    guard context.isSound, let function = unsafe function(launch) else { return }
    var words = words
    unsafe words.withUnsafeMutableBufferPointer { words in
      var addresses = unsafe words.indices.map { index in
        unsafe words.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + index) }
      }
      var configuration = unsafe CUlaunchConfig(
        gridDimX: UInt32(grid.x), gridDimY: UInt32(grid.y), gridDimZ: UInt32(grid.z),
        blockDimX: UInt32(launch.kernel.signature.threads), blockDimY: 1, blockDimZ: 1,
        sharedMemBytes: 0, hStream: context.stream, attrs: nil, numAttrs: 0)
      context.submit(launch.description) {
        context.perform(launch.description) {
          unsafe $0.functions.pointee.cuLaunchKernelEx(&configuration, function, &addresses, nil)
        }
      }
    }
  }

  private func function(_ launch: Launch) -> CUfunction? {
    let kernel = launch.kernel
    let key = Key(
      number: kernel.number, elementType: launch.elementType.cudaType,
      headWidth: launch.headWidth)
    return unsafe state.withLock { state in
      if let function = unsafe state.functions[key] { return unsafe function }
      let definitions =
        launch.elementType.definitions + (launch.headWidth.map { ["HEAD_WIDTH=\($0)"] } ?? [])
      let variant = KernelVariant(source: kernel.source, definitions: definitions)
      guard let library = unsafe library(variant, &state),
        let function = unsafe load(kernel.signature.entry, from: library)
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
