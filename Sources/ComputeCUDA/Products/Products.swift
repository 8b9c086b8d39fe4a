import CCUDA
import Synchronization
import Tensors

/// Products of matrices, by cuBLASLt.
///
/// The first product of some extents times the algorithms that the library proposes; the fastest is
/// kept, also for later runs. Where the library proposes none, or fails, our own kernel computes the
/// product.
@safe final class Products: Sendable {
  private struct State: ~Copyable {
    var plans: [ProductShape: ProductPlan] = [:]

    /// Those for which the library has no algorithm.
    var refused: Set<ProductShape> = []
  }

  private let context: Context
  private let library: CublasLt?
  private let kernels: Kernels
  private let memory: DeviceMemory
  private let choices: AlgorithmChoices
  private nonisolated(unsafe) let handle: cublasLtHandle_t?
  private let workspace: UInt
  private let state = Mutex(State())

  /// Bytes that an algorithm may use beside its operands: NVIDIA's advice for Hopper.
  private static let workspaceByteCount = 32 << 20

  /// - Parameter library: Without it our own kernel computes all.
  /// - Throws: Where the library cannot be used on the device.
  init(
    _ context: Context, _ library: CublasLt?, _ kernels: Kernels, _ memory: DeviceMemory,
    _ choices: AlgorithmChoices
  ) throws(CUDAError) {
    self.context = context
    self.library = library
    self.kernels = kernels
    self.memory = memory
    self.choices = choices
    var handle: cublasLtHandle_t?
    if let library {
      try library.check("cublasLtCreate", unsafe library.functions.pointee.cublasLtCreate(&handle))
    }
    unsafe self.handle = handle
    workspace = library == nil ? 0 : memory.allocate(Self.workspaceByteCount)
    try context.check()
  }

  deinit {
    memory.release(workspace)
    guard let library else { return }
    context.makeCurrentAtEnd()
    state.withLock { state in
      for plan in state.plans.values { plan.destroy(library) }
    }
    _ = unsafe library.functions.pointee.cublasLtDestroy(handle)
  }

  /// c = α·a·b + addend + bias.
  ///
  /// - Parameters:
  ///   - a: [rows, inner].
  ///   - b: [inner, columns], of a's type.
  ///   - addend: Has c's shape and type; may be c itself.
  ///   - bias: The address of one number per column, of c's type.
  func multiply(
    _ a: Factor, _ b: Factor, into c: MatrixView, alpha: Float = 1,
    adding addend: MatrixView? = nil,
    bias: UInt64? = nil
  ) {
    let shape = ProductShape(a, b, into: c, adding: addend, hasBias: bias != nil)
    if c.rows == 0 || c.columns == 0 || !context.isSound { return }
    let call = Call(
      a: a.matrix.address, b: b.matrix.address, c: addend?.address ?? c.address, d: c.address,
      alpha: alpha, beta: addend == nil ? 0 : 1, bias: bias ?? 0)
    guard let library, context.makeCurrent() else { return runOurs(shape, call) }
    do throws(CUDAError) {
      if let plan = try plan(shape, call, library) { return try run(plan, call, library) }
    } catch {
      refuse(shape, error)
    }
    runOurs(shape, call)
  }

  /// The plan of a shape, which is made when it is first asked for; `nil` where the library has none.
  private func plan(
    _ shape: ProductShape, _ call: Call, _ library: CublasLt
  ) throws(CUDAError) -> ProductPlan? {
    try state.withLock { state throws(CUDAError) -> ProductPlan? in
      if let plan = state.plans[shape] { return plan }
      if state.refused.contains(shape) { return nil }
      guard let plan = try self.makePlan(shape, call, library) else {
        state.refused.insert(shape)
        return nil
      }
      state.plans[shape] = plan
      return plan
    }
  }

  /// Goes on with our own kernel, where the library fails.
  private func refuse(_ shape: ProductShape, _ error: CUDAError) {
    if !context.isSound { return }
    state.withLock { state in
      state.plans[shape] = nil
      state.refused.insert(shape)
    }
    context.note("our own kernel computes some products, more slowly: \(error)")
  }

  private struct Call {
    let a: UInt64
    let b: UInt64
    let c: UInt64
    var d: UInt64
    let alpha: Float
    let beta: Float
    let bias: UInt64
  }

  private func run(
    _ plan: ProductPlan, _ call: Call, _ library: CublasLt
  ) throws(CUDAError) {
    try context.submit("product \(plan.shape)") { () throws(CUDAError) in
      try submit(plan, call, library)
    }
  }

  private func submit(
    _ plan: ProductPlan, _ call: Call, _ library: CublasLt
  ) throws(CUDAError) {
    if plan.shape.hasBias { try plan.set(LORA_PRODUCT_BIAS, call.bias, library) }
    var (alpha, beta, algorithm) = (call.alpha, call.beta, plan.algorithm)
    // Our rows are cuBLASLt's columns: the product is computed transposed, b first.
    let status = unsafe library.functions.pointee.cublasLtMatmul(
      handle, plan.descriptor, &alpha, pointer(call.b), plan.b, pointer(call.a), plan.a, &beta,
      pointer(call.c), plan.c, pointer(call.d), plan.d, &algorithm, pointer(UInt64(workspace)),
      Self.workspaceByteCount, context.stream)
    try library.check("cublasLtMatmul of \(plan.shape)", status)
  }

  private func runOurs(_ shape: ProductShape, _ call: Call) {
    func strides(_ index: Int, _ isTransposed: Bool) -> (Int, Int) {
      let stride = shape.strides[index]
      return isTransposed ? (1, stride) : (stride, 1)
    }
    let (a, b) = (strides(0, shape.transposesA), strides(1, shape.transposesB))
    let type = shape.factorType
    kernels.launch(
      type == shape.resultType ? "product_of_activations" : "product_in_f32", type,
      grid: Grid((shape.rows + 31) / 32, (shape.columns + 31) / 32))(
        a: call.a, b: call.b, c: call.beta == 0 ? nil : call.c, d: call.d,
        bias: shape.hasBias ? call.bias : nil, a_row: a.0, a_column: a.1, b_row: b.0,
        b_column: b.1, c_stride: shape.strides[2], d_stride: shape.strides[3], rows: shape.rows,
        columns: shape.columns, inner: shape.inner, alpha: call.alpha)
  }

  private func pointer(_ address: UInt64) -> UnsafeMutableRawPointer? {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))
  }

  /// The plan with the algorithm that was chosen before, or that is the fastest now; `nil` where
  /// there is none.
  private func makePlan(
    _ shape: ProductShape, _ call: Call, _ library: CublasLt
  ) throws(CUDAError) -> ProductPlan? {
    var plan = try ProductPlan(shape, library)
    let takesFirst = context.switches.has(.firstAlgorithms)
    if !takesFirst, let known = choices.algorithm(of: shape.description),
      unsafe plan.accepts(known, handle, library)
    {
      plan.algorithm = known
      return plan
    }
    let proposals = try unsafe plan.proposals(handle, library, workspace: Self.workspaceByteCount)
    guard let first = proposals.first else {
      plan.destroy(library)
      return nil
    }
    plan.algorithm = first
    if proposals.count > 1, !takesFirst, !context.isCapturing {
      plan.algorithm = try memory.with(.tensors) { () throws(CUDAError) in
        try fastest(of: proposals, plan, call, library)
      }
      choices.keep(plan.algorithm, of: shape.description)
    }
    return plan
  }

  /// Times algorithms on the operands of a call without changing any.
  ///
  /// A small product takes the device less time than the host takes to ask for it: many are recorded
  /// as a graph, and that is timed.
  private func fastest(
    of proposals: [cublasLtMatmulAlgo_t], _ plan: ProductPlan, _ call: Call, _ library: CublasLt
  ) throws(CUDAError) -> cublasLtMatmulAlgo_t {
    let shape = plan.shape
    let scratch = memory.allocate(shape.rows * shape.strides[3] * shape.resultType.byteWidth)
    defer { memory.release(scratch) }
    try context.check()
    var (plan, call) = (plan, call)
    call.d = UInt64(scratch)
    let clock = try DeviceClock(context)
    var best = (time: Float.infinity, algorithm: proposals[0])
    for algorithm in proposals {
      plan.algorithm = algorithm
      // The first run warms the caches up; an algorithm that fails here is not taken.
      guard (try? submit(plan, call, library)) != nil else { continue }
      let time = try clock.millisecondsOfEach(of: 10) { () throws(CUDAError) in
        try submit(plan, call, library)
      }
      if time < best.time { best = (time, algorithm) }
    }
    return best.algorithm
  }
}

extension CublasLt {
  func check(_ function: String, _ status: cublasStatus_t) throws(CUDAError) {
    if status == 0 { return }
    throw .call(
      function: function,
      name: unsafe functions.pointee.cublasLtGetStatusName(status)
        .map { unsafe String(cString: $0) } ?? "cuBLASLt \(status)",
      text: unsafe functions.pointee.cublasLtGetStatusString(status)
        .map { unsafe String(cString: $0) } ?? "an error without a name")
  }
}
