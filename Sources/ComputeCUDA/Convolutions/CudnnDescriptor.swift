import CCUDA

/// One of cuDNN's descriptors; it keeps those that it is made of.
@safe final class CudnnDescriptor: Sendable {
  /// An attribute: its number, and its values.
  @safe enum Attribute {
    case integers(Int, [Int])

    /// A value of one of cuDNN's enumerations, with the attribute type of that.
    case choice(Int, Int, Int)
    case float(Int, Float)
    case descriptor(Int, CudnnDescriptor)

    /// Addresses of data on the device.
    case addresses(Int, [UInt64])
    case handle(Int, cudnnHandle_t?)
  }

  nonisolated(unsafe) let pointer: cudnnBackendDescriptor_t?
  private let library: Cudnn
  private let parts: [CudnnDescriptor]

  /// A descriptor with these attributes, ready for use.
  ///
  /// - Parameter kind: `LORA_CUDNN_TENSOR` and so on.
  /// - Throws: Where cuDNN refuses an attribute or their combination.
  init(_ kind: Int, _ library: Cudnn, _ attributes: [Attribute]) throws(CUDAError) {
    self.library = library
    parts = attributes.compactMap { attribute in
      if case .descriptor(_, let descriptor) = attribute { descriptor } else { nil }
    }
    unsafe pointer = try Self.create(kind, library)
    for attribute in attributes { try set(attribute) }
    try library.check(
      "cudnnBackendFinalize of \(kind)",
      unsafe library.functions.pointee.cudnnBackendFinalize(pointer))
  }

  /// A descriptor that cuDNN fills with what another holds.
  private init(_ kind: Int, filledFrom other: CudnnDescriptor) throws(CUDAError) {
    library = other.library
    parts = [other]
    unsafe pointer = try Self.create(kind, library)
  }

  deinit { _ = unsafe library.functions.pointee.cudnnBackendDestroyDescriptor(pointer) }

  private static func create(
    _ kind: Int, _ library: Cudnn
  ) throws(CUDAError) -> cudnnBackendDescriptor_t? {
    var pointer: cudnnBackendDescriptor_t?
    try library.check(
      "cudnnBackendCreateDescriptor(\(kind))",
      unsafe library.functions.pointee.cudnnBackendCreateDescriptor(Int32(kind), &pointer))
    return unsafe pointer
  }

  private func set(_ attribute: Attribute) throws(CUDAError) {
    switch attribute {
    case .integers(let number, let values):
      try set(number, LORA_CUDNN_TYPE_INT64, values.map(Int64.init))
    case .choice(let number, let type, let value): try set(number, type, [Int32(value)])
    case .float(let number, let value): try set(number, LORA_CUDNN_TYPE_FLOAT, [value])
    case .descriptor(let number, let value):
      try set(number, LORA_CUDNN_TYPE_DESCRIPTOR, [unsafe UInt(bitPattern: value.pointer)])
    case .addresses(let number, let values): try set(number, LORA_CUDNN_TYPE_POINTER, values)
    case .handle(let number, let value):
      try set(number, LORA_CUDNN_TYPE_HANDLE, [UInt(bitPattern: value)])
    }
  }

  private func set<Value: BitwiseCopyable>(
    _ number: Int, _ type: Int, _ values: [Value]
  ) throws(CUDAError) {
    let status = unsafe values.withUnsafeBytes {
      unsafe library.functions.pointee.cudnnBackendSetAttribute(
        pointer, Int32(number), Int32(type), Int64(values.count), $0.baseAddress)
    }
    try library.check("cudnnBackendSetAttribute(\(number))", status)
  }

  /// The whole numbers of an attribute; `nil` where cuDNN does not tell.
  ///
  /// - Parameter type: `LORA_CUDNN_TYPE_INT64`, or that of an enumeration.
  func numbers<Number: FixedWidthInteger & BitwiseCopyable>(
    _ attribute: Int, _ type: Int, as number: Number.Type
  ) -> [Number]? {
    var (values, count) = ([Number](repeating: 0, count: 32), Int64(0))
    let maximum = Int64(type == LORA_CUDNN_TYPE_INT64 ? 1 : values.count)
    let status = unsafe values.withUnsafeMutableBytes {
      unsafe library.functions.pointee.cudnnBackendGetAttribute(
        pointer, Int32(attribute), Int32(type), maximum, &count, $0.baseAddress)
    }
    return status == 0 ? Array(values.prefix(Int(clamping: count))) : nil
  }

  /// Up to `maximum` descriptors of an attribute.
  func descriptors(
    _ attribute: Int, of kind: Int, atMost maximum: Int
  ) throws(CUDAError) -> [CudnnDescriptor] {
    var results: [CudnnDescriptor] = []
    for _ in 0..<maximum { results.append(try CudnnDescriptor(kind, filledFrom: self)) }
    var pointers = unsafe results.map { unsafe $0.pointer }
    var count: Int64 = 0
    try library.check(
      "cudnnBackendGetAttribute(\(attribute))",
      unsafe library.functions.pointee.cudnnBackendGetAttribute(
        pointer, Int32(attribute), Int32(LORA_CUDNN_TYPE_DESCRIPTOR), Int64(maximum), &count,
        &pointers))
    return Array(results.prefix(Int(clamping: count)))
  }
}

extension Cudnn {
  func check(_ function: String, _ status: cudnnStatus_t) throws(CUDAError) {
    if status == 0 { return }
    let name = unsafe functions.pointee.cudnnGetErrorString(status)
      .map { unsafe String(cString: $0) }
    var text = [CChar](repeating: 0, count: 512)
    unsafe functions.pointee.cudnnGetLastErrorString(&text, text.count)
    let bytes = text.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:))
    throw .call(
      function: function, name: name ?? "cuDNN \(status)",
      text: bytes.isEmpty ? "it was refused" : String(decoding: bytes, as: UTF8.self))
  }
}
