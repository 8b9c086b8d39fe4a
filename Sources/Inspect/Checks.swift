import Adapters
import CommandSupport
import QuantizedWeights
import Safetensors

extension Inspection {
  /// The faults of the file, one sentence each; empty if it has none.
  func faults(_ source: AdapterSource) -> [String] {
    var faults: [String] = []
    for module in modules {
      if !module.isFinite {
        faults.append("\(module.name) holds NaN or infinity")
      } else if module.norm == 0 {
        faults.append("\(module.name) is all zero: it changes nothing")
      }
    }
    if case .adapter(let adapter) = source {
      faults += adapter.orphans.map { "\($0.name) has no counterpart: its module is not whole" }
      faults += adapter.others.filter { adapter.file.isNotFinite($0) }
        .map { "\($0.name) holds NaN or infinity" }
    }
    if case .checkpoint(let checkpoint) = source {
      for part in checkpoint.parts {
        for entry in part.file.header.entries where part.isNotFinite(entry) {
          faults.append("\(entry.name) holds NaN or infinity")
        }
        faults += part.quantized.faults.values.sorted { $0.weight < $1.weight }
          .map { "\($0.weight) \($0.detail)" }
      }
    }
    return faults + hashFaults
  }

  /// The stored hashes that differ from the file's.
  private var hashFaults: [String] {
    guard let hashes else { return [] }
    var faults: [String] = []
    if let stored = metadata["sshs_model_hash"], stored != hashes.sshsModelHash,
      !stored.hasPrefix("0x")  // LyCORIS's own hash, of something else
    {
      faults.append(
        "sshs_model_hash is stored as \(printable(stored)) but is \(hashes.sshsModelHash):"
          + " the tensors were changed after it was computed")
    }
    let legacy = [hashes.sshsLegacyHash, hashes.sshsLegacyHashUnpadded]
    if let stored = metadata["sshs_legacy_hash"], !legacy.contains(stored) {
      faults.append(
        "sshs_legacy_hash is stored as \(printable(stored)) but is \(hashes.sshsLegacyHash):"
          + " tensors or metadata were changed after it was computed")
    }
    return faults
  }
}

extension Checkpoint.Part {
  /// Whether a tensor holds NaN or an infinity, or codes that decode to one.
  fileprivate func isNotFinite(_ entry: Header.Entry) -> Bool {
    guard let weight = quantized.weights[entry.name] else { return file.isNotFinite(entry) }
    defer { weight.release() }
    var isFinite = true
    weight.forEachStretch { isFinite = isFinite && $0.allSatisfy(\.isFinite) }
    return !isFinite
  }
}

extension SafetensorsFile {
  /// Whether a tensor of floats holds NaN or an infinity.
  fileprivate func isNotFinite(_ entry: Header.Entry) -> Bool {
    defer { release(entry) }
    guard let values = try? floats(entry) else { return false }
    return !values.allSatisfy(\.isFinite)
  }
}
