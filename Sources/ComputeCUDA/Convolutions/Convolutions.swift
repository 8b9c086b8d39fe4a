import CCUDA
import Compute
import Synchronization
import Tensors

/// Convolutions, by cuDNN where it is there, takes them, and is faster than a product of columns.
///
/// Which engine computes one is found by timing when a convolution of these extents is first asked
/// for, and kept for later runs.
@safe final class Convolutions: Sendable {
  private enum Choice {
    case engine(ConvolutionPlan)
    case columns
  }

  private let context: Context
  private let library: Cudnn
  private let memory: DeviceMemory
  private let choices: AlgorithmChoices
  private nonisolated(unsafe) let handle: cudnnHandle_t?
  private let state = Mutex<[ConvolutionShape: Choice]>([:])

  /// Bytes that an engine may use beside its operands.
  private static let maxWorkspace = 64 << 20

  /// - Throws: Where the library cannot be used on the device.
  init(
    _ context: Context, _ library: Cudnn, _ memory: DeviceMemory, _ choices: AlgorithmChoices
  ) throws(CUDAError) {
    self.context = context
    self.library = library
    self.memory = memory
    self.choices = choices
    var handle: cudnnHandle_t?
    try library.check("cudnnCreate", unsafe library.functions.pointee.cudnnCreate(&handle))
    unsafe self.handle = handle
    try library.check(
      "cudnnSetStream", unsafe library.functions.pointee.cudnnSetStream(handle, context.stream))
  }

  deinit {
    _ = context.makeCurrent()
    // Before the handle that they were made with.
    state.withLock { $0 = [:] }
    _ = unsafe library.functions.pointee.cudnnDestroy(handle)
  }

  /// Computes a convolution, or its backward pass for the picture.
  ///
  /// - Parameter columns: Computes the same without cuDNN; it is timed, and more than once.
  /// - Returns: Whether it was done; else nothing was, and `columns` is the way to do it.
  func perform(
    _ shape: ConvolutionShape, _ buffers: ConvolutionBuffers, orElse columns: () -> Void
  ) -> Bool {
    guard buffers.areAligned, context.makeCurrent() else { return false }
    let choice: Choice
    if let known = state.withLock({ $0[shape] }) {
      choice = known
    } else {
      choice = self.choice(for: shape, buffers, columns)
      state.withLock { $0[shape] = choice }
    }
    guard case .engine(let plan) = choice else { return false }
    do throws(CUDAError) {
      try context.submit("\(shape)") { () throws(CUDAError) in try run(plan, buffers) }
    } catch {
      refuse(shape, error)
      return !context.isSound
    }
    return true
  }

  /// Goes on with columns, where the library fails.
  private func refuse(_ shape: ConvolutionShape, _ error: CUDAError) {
    if !context.isSound { return }
    state.withLock { $0[shape] = .columns }
    context.note("some convolutions are products of columns, not cuDNN's: \(error)")
  }

  private func run(_ plan: ConvolutionPlan, _ buffers: ConvolutionBuffers) throws(CUDAError) {
    let needsWorkspace = plan.workspaceByteCount > 0
    let workspace = needsWorkspace ? memory.allocate(plan.workspaceByteCount) : 0
    defer { memory.release(workspace) }
    try context.check()
    try unsafe plan.run(buffers, workspace: workspace, handle)
  }

  private func choice(
    for shape: ConvolutionShape, _ buffers: ConvolutionBuffers, _ columns: () -> Void
  ) -> Choice {
    // A refusal is no fault: columns compute the convolution.
    let graph: CudnnDescriptor
    do throws(CUDAError) {
      graph = try unsafe shape.graph(library, handle)
    } catch {
      refuse(shape, error)
      return .columns
    }
    let key = "\(shape) cuDNN \(library.version)"
    let takesFirst = context.switches.has(.firstAlgorithms)
    for mode in [LORA_HEURISTICS_TREE, LORA_HEURISTICS_FALLBACK] {
      let proposed = try? EngineProposals(graph, mode: mode, shape.elementType, library)
      guard let proposals = proposed?.proposals, !proposals.isEmpty else { continue }
      if !takesFirst, let words = choices.words(of: key),
        let known = known(words, mode, proposals)
      {
        return known
      }
      if takesFirst || context.isCapturing {
        guard let plan = proposals.lazy.compactMap({ self.plan($0) }).first else { continue }
        return .engine(plan)
      }
      let best = memory.with(.tensors) { fastest(of: proposals, buffers, columns) }
      guard let best else { continue }
      choices.keep(
        best.place.map { [2, UInt64(mode), UInt64($0), UInt64(bitPattern: proposals[$0].engine)] }
          ?? [1], of: key)
      return best.choice
    }
    return .columns
  }

  /// The choice of another run, where it still means the same.
  private func known(
    _ words: [UInt64], _ mode: Int, _ proposals: [EngineProposals.Proposal]
  ) -> Choice? {
    if words[0] == 1 { return .columns }
    guard words[0] == 2, words[1] == UInt64(mode), let place = Int(exactly: words[2]),
      proposals.indices.contains(place),
      words[3] == UInt64(bitPattern: proposals[place].engine)
    else { return nil }
    return plan(proposals[place]).map { .engine($0) }
  }

  /// An engine made ready; `nil` where it does not take the convolution, or wants too much memory.
  private func plan(_ proposal: EngineProposals.Proposal) -> ConvolutionPlan? {
    let plan = try? unsafe ConvolutionPlan(proposal.configuration, library, handle)
    return plan.flatMap { $0.workspaceByteCount <= Self.maxWorkspace ? $0 : nil }
  }

  /// Times the engines and the columns on the operands of a call, whose result is written again
  /// after it.
  ///
  /// - Returns: `nil` where no engine takes the convolution.
  private func fastest(
    of proposals: [EngineProposals.Proposal], _ buffers: ConvolutionBuffers, _ columns: () -> Void
  ) -> (choice: Choice, place: Int?)? {
    guard let clock = try? DeviceClock(context) else { return nil }
    /// The first run warms the caches up; what fails here is not taken.
    func time(_ work: () throws(CUDAError) -> Void) -> Float? {
      try? {
        try work()
        return try clock.milliseconds { () throws(CUDAError) in
          for _ in 0..<3 { try work() }
        }
      }()
    }
    var best: (time: Float, choice: Choice, place: Int?)?
    for (place, proposal) in proposals.enumerated() {
      guard let plan = plan(proposal) else { continue }
      let time = time { () throws(CUDAError) in try run(plan, buffers) }
      guard let time, time < best?.time ?? .infinity else { continue }
      best = (time, .engine(plan), place)
    }
    guard let engine = best else { return nil }
    if let time = time({ columns() }), time < engine.time { best = (time, .columns, nil) }
    return best.map { ($0.choice, $0.place) }
  }
}

extension Window {
  /// Cuts the result's pixels into pieces of at most `maximum`.
  ///
  /// The pieces have one size where fewer than twice the minimal number of pieces allow it: the
  /// algorithm of a product is chosen once per size.
  func pieces(ofAtMost maximum: Int) -> [Range<Int>] {
    let minCount = max(1, (resultPixels + maximum - 1) / maximum)
    let count = (minCount..<2 * minCount).first { resultPixels.isMultiple(of: $0) } ?? minCount
    let size = (resultPixels + count - 1) / count
    return Swift.stride(from: 0, to: resultPixels, by: size).map {
      $0..<min($0 + size, resultPixels)
    }
  }

  // Heights and widths as kernels take them.
  var picture: SIMD2<UInt32> { [UInt32(height), UInt32(width)] }
  var result: SIMD2<UInt32> { [UInt32(resultHeight), UInt32(resultWidth)] }
  var kernel: SIMD2<UInt32> { [UInt32(kernelHeight), UInt32(kernelWidth)] }
  var before: SIMD2<UInt32> { [UInt32(padding.top), UInt32(padding.left)] }
}
