import CommandSupport

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
