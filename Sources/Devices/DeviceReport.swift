import CommandSupport
import ComputeCUDA

/// The devices and libraries that were found, and those that are missing.
struct DeviceReport: Encodable {
  let processors: Int
  let devices: [CUDADevice]

  /// The reason why there is no CUDA device; `nil` where there is one.
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

    /// The reason why it cannot be used, and how to get it; `nil` where it can.
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

extension DeviceReport {
  /// The devices, the libraries, and a line for each thing that is missing.
  func text(width: Int?) -> String {
    [deviceTable.text(width: width), libraryTable.text(width: width), missing].filter {
      !$0.isEmpty
    }.joined(separator: "\n\n")
  }

  private var deviceTable: Table {
    var table = Table([
      ("device", .left), ("memory", .right), ("units", .right), ("kind", .left), ("name", .left),
    ])
    table.add(["cpu", "", "\(processors)", "", ""])
    for device in devices {
      table.add([
        "cuda:\(device.number)", bytes(device.memory), "\(device.multiprocessors)",
        device.architecture + (device.bfloat16 ? "" : ", no bf16"), device.name,
      ])
    }
    return table
  }

  private var libraryTable: Table {
    var table = Table([("library", .left), ("version", .right), ("file", .left)])
    for library in libraries {
      table.add([library.name, library.version ?? "–", library.path ?? "–"])
    }
    return table
  }

  private var missing: String {
    let reasons = libraries.compactMap(\.missing)
    // Without a driver there is no device: one line says so.
    let device = noDevice.flatMap { reasons.contains($0) ? nil : $0 }
    return ((device.map { [$0] } ?? []) + reasons).joined(separator: "\n")
  }
}
