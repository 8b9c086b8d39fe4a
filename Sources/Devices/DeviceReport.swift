import ComputeCUDA

/// What was found where, and what is missing.
struct DeviceReport: Encodable {
  let processors: Int
  let devices: [CUDADevice]

  /// Why there is no device of CUDA; `nil` where there is one.
  let noDevice: String?
  let libraries: [CUDALibrary]

  struct CUDADevice: Encodable {
    let number: Int
    let name: String
    let architecture: String
    let memory: Int
    let multiprocessors: Int
    let bfloat16: Bool
  }

  struct CUDALibrary: Encodable {
    let name: String
    let version: String?
    let path: String?

    /// Why it cannot be used, and what gets it.
    let missing: String?
  }
}

extension DeviceReport {
  init(_ libraries: CUDALibraries, processors: Int) {
    let devices = Result { () throws(CUDAError) in try libraries.devices() }
    self.processors = processors
    self.libraries = libraries.findings.map(CUDALibrary.init)
    switch devices {
    case .success(let devices):
      self.devices = devices.map(CUDADevice.init)
      noDevice = nil
    case .failure(let error):
      self.devices = []
      noDevice = error.description
    }
  }
}

extension DeviceReport.CUDADevice {
  init(_ device: Device) {
    number = device.number
    name = device.name
    architecture = device.architecture.description
    memory = device.memory
    multiprocessors = device.multiprocessors
    bfloat16 = device.architecture.hasBFloat16
  }
}

extension DeviceReport.CUDALibrary {
  init(_ finding: CUDALibraries.Finding) {
    name = finding.library.rawValue
    switch finding.outcome {
    case .success(let library):
      version = library.version.description
      path = library.path
      missing = nil
    case .failure(let error):
      version = nil
      path = nil
      missing = error.description
    }
  }
}
