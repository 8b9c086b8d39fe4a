import CCUDA
import Tensors

/// All that the choice of an algorithm for a product rests on: numbers alone, as it is compared at each
/// product.
struct ProductShape: Hashable, CustomStringConvertible {
  let rows: Int
  let columns: Int
  let inner: Int

  /// The strides of a, b, the addend and the result.
  let strides: SIMD4<Int>
  let alignments: SIMD4<Int>

  /// NVIDIA's numbers of the type of the factors, and of that of the result.
  let types: SIMD2<Int32>
  let transposesA: Bool
  let transposesB: Bool
  let hasAddend: Bool
  let hasBias: Bool

  /// Traps where the extents do not agree.
  init(_ a: Factor, _ b: Factor, into c: MatrixView, adding addend: MatrixView?, hasBias: Bool) {
    precondition(
      a.rows == c.rows && b.columns == c.columns && a.columns == b.rows,
      "\(a.rows)×\(a.columns) times \(b.rows)×\(b.columns) into \(c.rows)×\(c.columns)")
    precondition(
      a.matrix.elementType == b.matrix.elementType
        && (addend ?? c).elementType == c.elementType
        && (addend ?? c).rows == c.rows && (addend ?? c).columns == c.columns)
    (rows, columns, inner) = (c.rows, c.columns, a.columns)
    let third = addend ?? c
    strides = [a.matrix.stride, b.matrix.stride, third.stride, c.stride]
    alignments = [a.matrix.alignment, b.matrix.alignment, third.alignment, c.alignment]
    types = [a.matrix.elementType.cudaType, c.elementType.cudaType]
    (transposesA, transposesB) = (a.isTransposed, b.isTransposed)
    hasAddend = addend != nil
    self.hasBias = hasBias
  }

  /// The type of the factors.
  var factorType: ElementType { Self.type(types[0]) }
  var resultType: ElementType { Self.type(types[1]) }

  private static func type(_ number: Int32) -> ElementType {
    switch Int(number) {
    case LORA_CUDA_R_16F: .float16
    case LORA_CUDA_R_16BF: .bfloat16
    default: .float32
    }
  }

  /// One line without tabs, the key of a kept choice.
  var description: String {
    func list(_ numbers: SIMD4<Int>) -> String {
      (0..<4).map { String(numbers[$0]) }.joined(separator: ",")
    }
    let (strides, alignments) = (list(strides), list(alignments))
    return
      "\(rows)x\(columns)x\(inner) \(factorType.rawValue),\(resultType.rawValue) "
      + "\(transposesA ? "T" : "N")\(transposesB ? "T" : "N") strides \(strides) "
      + "aligned \(alignments)\(hasAddend ? " adding" : "")\(hasBias ? " bias" : "")"
  }
}

/// cuBLASLt's descriptors of a product.
@safe struct ProductPlan {
  let shape: ProductShape
  nonisolated(unsafe) let descriptor: cublasLtMatmulDesc_t?
  nonisolated(unsafe) let a: cublasLtMatrixLayout_t?
  nonisolated(unsafe) let b: cublasLtMatrixLayout_t?
  nonisolated(unsafe) let c: cublasLtMatrixLayout_t?
  nonisolated(unsafe) let d: cublasLtMatrixLayout_t?
  var algorithm = cublasLtMatmulAlgo_t()

  init(_ shape: ProductShape, _ library: CublasLt) throws(CUDAError) {
    self.shape = shape
    let functions = unsafe library.functions
    var descriptor: cublasLtMatmulDesc_t?
    try library.check(
      "cublasLtMatmulDescCreate",
      unsafe functions.pointee.cublasLtMatmulDescCreate(
        &descriptor, Int32(LORA_CUBLAS_COMPUTE_32F), Int32(LORA_CUDA_R_32F)))
    unsafe self.descriptor = descriptor

    func layout(
      _ type: Int32, _ rows: Int, _ columns: Int, _ stride: Int
    ) throws(CUDAError) -> cublasLtMatrixLayout_t? {
      var layout: cublasLtMatrixLayout_t?
      try library.check(
        "cublasLtMatrixLayoutCreate",
        unsafe functions.pointee.cublasLtMatrixLayoutCreate(
          &layout, type, UInt64(columns), UInt64(rows), Int64(max(stride, columns))))
      return unsafe layout
    }
    let (ta, tb) = (shape.transposesA, shape.transposesB)
    let (rows, columns, inner) = (shape.rows, shape.columns, shape.inner)
    unsafe a = try layout(
      shape.types[0], ta ? inner : rows, ta ? rows : inner, shape.strides[0])
    unsafe b = try layout(
      shape.types[0], tb ? columns : inner, tb ? inner : columns, shape.strides[1])
    unsafe c = try layout(shape.types[1], rows, columns, shape.strides[2])
    unsafe d = try layout(shape.types[1], rows, columns, shape.strides[3])
    // Theirs are columns: the product is computed transposed, so that b is their first factor.
    if tb { try set(LORA_PRODUCT_TRANSPOSE_A, Int32(1), library) }
    if ta { try set(LORA_PRODUCT_TRANSPOSE_B, Int32(1), library) }
    if shape.hasBias {
      try set(LORA_PRODUCT_EPILOGUE, Int32(LORA_EPILOGUE_BIAS), library)
    }
  }

  func destroy(_ library: CublasLt) {
    let layouts = unsafe [a, b, c, d]
    for index in 0..<(unsafe layouts.count) {
      _ = unsafe library.functions.pointee.cublasLtMatrixLayoutDestroy(layouts[index])
    }
    _ = unsafe library.functions.pointee.cublasLtMatmulDescDestroy(descriptor)
  }

  func set<Value: BitwiseCopyable>(
    _ attribute: Int, _ value: Value, _ library: CublasLt
  ) throws(CUDAError) {
    let status = unsafe withUnsafeBytes(of: value) {
      unsafe library.functions.pointee.cublasLtMatmulDescSetAttribute(
        descriptor, Int32(attribute), $0.baseAddress, $0.count)
    }
    try library.check("cublasLtMatmulDescSetAttribute(\(attribute))", status)
  }

  /// Whether an algorithm that was chosen in another run computes this product.
  func accepts(
    _ algorithm: cublasLtMatmulAlgo_t, _ handle: cublasLtHandle_t?, _ library: CublasLt
  ) -> Bool {
    var result = cublasLtMatmulHeuristicResult_t()
    return unsafe withUnsafePointer(to: algorithm) {
      unsafe library.functions.pointee.cublasLtMatmulAlgoCheck(
        handle, descriptor, b, a, c, d, $0, &result)
    } == 0
  }

  /// Up to eight algorithms, what the library holds for the fastest first; none where it has none.
  func proposals(
    _ handle: cublasLtHandle_t?, _ library: CublasLt, workspace: Int
  ) throws(CUDAError) -> [cublasLtMatmulAlgo_t] {
    let functions = unsafe library.functions
    var preference: cublasLtMatmulPreference_t?
    try library.check(
      "cublasLtMatmulPreferenceCreate",
      unsafe functions.pointee.cublasLtMatmulPreferenceCreate(&preference))
    defer { _ = unsafe functions.pointee.cublasLtMatmulPreferenceDestroy(preference) }
    var bytes = workspace
    try library.check(
      "cublasLtMatmulPreferenceSetAttribute",
      unsafe functions.pointee.cublasLtMatmulPreferenceSetAttribute(
        preference, Int32(LORA_PREFERENCE_WORKSPACE), &bytes, MemoryLayout<Int>.size))
    // cuBLASLt's a, b, c, d are our b, a, addend, result.
    let order = [1, 0, 2, 3]
    for (place, index) in order.enumerated() {
      var alignment = UInt32(shape.alignments[index])
      try library.check(
        "cublasLtMatmulPreferenceSetAttribute",
        unsafe functions.pointee.cublasLtMatmulPreferenceSetAttribute(
          preference, Int32(LORA_PREFERENCE_ALIGNMENT_A + place), &alignment, 4))
    }
    var results = [cublasLtMatmulHeuristicResult_t](
      repeating: cublasLtMatmulHeuristicResult_t(), count: 8)
    var count: Int32 = 0
    let status = unsafe functions.pointee.cublasLtMatmulAlgoGetHeuristic(
      handle, descriptor, b, a, c, d, preference, Int32(results.count), &results, &count)
    // Rows that begin at odd addresses, on some devices.
    if status == LORA_CUBLAS_NOT_SUPPORTED { return [] }
    try library.check("cublasLtMatmulAlgoGetHeuristic of \(shape)", status)
    return results.prefix(Int(count)).filter { $0.state == 0 }.map(\.algo)
  }
}

extension ElementType {
  /// NVIDIA's number of the type.
  var cudaType: Int32 {
    switch self {
    case .float32: Int32(LORA_CUDA_R_32F)
    case .float16: Int32(LORA_CUDA_R_16F)
    case .bfloat16: Int32(LORA_CUDA_R_16BF)
    default: preconditionFailure("no product of \(rawValue)")
    }
  }
}
