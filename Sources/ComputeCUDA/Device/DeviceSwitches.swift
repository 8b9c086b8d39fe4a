/// The parts of the device's work that are switched off or watched, by variables of the environment.
///
/// They serve a first run on a card and the search for a fault. This table is all that the program
/// knows of them: the manual is made from it.
package struct DeviceSwitches: Sendable {
  package enum Switch: String, CaseIterable, Sendable {
    case noGraph = "LORA_NO_GRAPH"
    case noCudnn = "LORA_NO_CUDNN"
    case noCublasLt = "LORA_NO_CUBLASLT"
    case plainAttention = "LORA_ATTENTION"
    case firstAlgorithms = "LORA_ALGORITHMS"
    case synchronous = "LORA_CUDA_SYNC"
    case times = "LORA_CUDA_TIMES"

    /// The one value that it takes.
    package var value: String {
      switch self {
      case .plainAttention: "plain"
      case .firstAlgorithms: "first"
      case .noGraph, .noCudnn, .noCublasLt, .synchronous, .times: "1"
      }
    }

    /// What it does, as a clause.
    package var effect: String {
      switch self {
      case .noGraph: "no step is recorded as a graph"
      case .noCudnn: "convolutions are products of columns, without cuDNN"
      case .noCublasLt: "our own kernel computes all products, without cuBLASLt"
      case .plainAttention: "attention is computed without tensor cores"
      case .firstAlgorithms: "proposals of libraries are not timed"
      case .synchronous: "each call is waited for: a fault names it"
      case .times: "a table of the times of all calls at the end"
      }
    }
  }

  private let on: Set<Switch>

  /// None.
  init() { on = [] }

  /// - Throws: Where a variable has another value than its own; unset, empty and 0 are off.
  package init(environment: (String) -> String?) throws(CUDAError) {
    var on: Set<Switch> = []
    for entry in Switch.allCases {
      let value = environment(entry.rawValue) ?? ""
      if value == entry.value {
        on.insert(entry)
      } else if !["", "0"].contains(value) {
        throw .unknownSwitch(entry, value: value)
      }
    }
    self.on = on
  }

  func has(_ entry: Switch) -> Bool { on.contains(entry) }

  /// Whether work is recorded as graphs: calls within a graph are neither waited for nor timed.
  var recordsGraphs: Bool { on.isDisjoint(with: [.noGraph, .synchronous, .times]) }

  /// A line for each that is on.
  var notes: [String] {
    Switch.allCases.filter(has).map { "\($0.rawValue)=\($0.value): \($0.effect)" }
  }
}
