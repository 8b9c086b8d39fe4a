import CCUDA

/// The CUDA driver, loaded.
@safe package struct Driver: Sendable {
  nonisolated(unsafe) let functions: UnsafePointer<lora_driver>

  /// The file that it came from.
  package let path: String

  /// The newest version of CUDA that it runs.
  package let version: LibraryVersion

  init(_ library: OpenLibrary) throws(CUDAError) {
    let (functions, missing) = unsafe library.table(lora_driver(), fill: lora_driver_fill)
    unsafe self.functions = functions
    path = library.path
    guard let ask = unsafe functions.pointee.cuDriverGetVersion else {
      throw library.lacks("cuDriverGetVersion")
    }
    var number: Int32 = 0
    _ = unsafe ask(&number)
    version = LibraryVersion(driver: Int(number))
    if version < LibraryVersion(major: 12, minor: 0) { throw .driverTooOld(version) }
    if let missing { throw library.lacks(missing) }
  }

  /// A driver whose functions are at hand: the tests' own.
  init(functions: UnsafePointer<lora_driver>) {
    unsafe self.functions = functions
    path = "emulated"
    version = LibraryVersion(major: 13, minor: 0)
  }

  /// The devices that this process may use.
  ///
  /// - Throws: `noDevice` where there is none.
  package func devices() throws(CUDAError) -> [Device] {
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

  /// What a call's result says; `nil` for success.
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
