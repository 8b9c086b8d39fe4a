import CCUDA

/// A kind of device, by its compute capability: 8.6 is `sm_86`.
package struct Architecture: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let major: Int
  package let minor: Int

  /// 86 for 8.6.
  var number: Int { 10 * major + minor }

  /// The compiler's name for it.
  package var description: String { "sm_\(number)" }

  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }

  /// Whether its units compute with bf16; all here do with fp16.
  package var hasBFloat16: Bool { major >= 8 }

  /// Before Turing: CUDA 13 no longer compiles for it.
  var isOlder: Bool { (major, minor) < (7, 5) }
}

/// A device, as the driver describes it.
package struct Device: Hashable, Sendable {
  /// Its number, from 0.
  package let number: Int
  package let name: String
  package let architecture: Architecture

  /// All of its memory, in bytes.
  package let memory: Int
  package let multiprocessors: Int
}

extension Driver {
  /// The devices that this process may use.
  ///
  /// - Throws: `noDevice` where there is none.
  func devices() throws(CUDAError) -> [Device] {
    try check("cuInit", unsafe functions.pointee.cuInit(0))
    var count: Int32 = 0
    try check("cuDeviceGetCount", unsafe functions.pointee.cuDeviceGetCount(&count))
    if count == 0 { throw .noDevice }
    var devices: [Device] = []
    for number in 0..<count { devices.append(try device(number)) }
    return devices
  }

  private func device(_ number: Int32) throws(CUDAError) -> Device {
    var device: CUdevice = 0
    try check("cuDeviceGet", unsafe functions.pointee.cuDeviceGet(&device, number))
    var name = [CChar](repeating: 0, count: 256)
    try check("cuDeviceGetName", unsafe functions.pointee.cuDeviceGetName(&name, 255, device))
    var memory = 0
    try check("cuDeviceTotalMem", unsafe functions.pointee.cuDeviceTotalMem_v2(&memory, device))
    return Device(
      number: Int(number),
      name: String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self),
      architecture: Architecture(
        major: try attribute(LORA_DEVICE_CAPABILITY_MAJOR, of: device),
        minor: try attribute(LORA_DEVICE_CAPABILITY_MINOR, of: device)),
      memory: memory,
      multiprocessors: try attribute(LORA_DEVICE_MULTIPROCESSORS, of: device))
  }

  private func attribute(_ attribute: Int, of device: CUdevice) throws(CUDAError) -> Int {
    var value: Int32 = 0
    try check(
      "cuDeviceGetAttribute",
      unsafe functions.pointee.cuDeviceGetAttribute(&value, Int32(attribute), device))
    return Int(value)
  }

  /// Throws where a call did not succeed.
  func check(_ function: String, _ result: CUresult) throws(CUDAError) {
    if let error = error(function, result) { throw error }
  }

  /// The error of a call's result; `nil` for success.
  func error(_ function: String, _ result: CUresult) -> CUDAError? {
    if result == LORA_CUDA_SUCCESS { return nil }
    if result == LORA_CUDA_NO_DEVICE { return .noDevice }
    var name: UnsafePointer<CChar>?
    var text: UnsafePointer<CChar>?
    _ = unsafe functions.pointee.cuGetErrorName(result, &name)
    _ = unsafe functions.pointee.cuGetErrorString(result, &text)
    return .call(
      function: function, name: unsafe name.map { unsafe String(cString: $0) } ?? "CUDA \(result)",
      text: unsafe text.map { unsafe String(cString: $0) } ?? "an error without a name")
  }
}
