import JSON
import Names
import Safetensors

/// Says of a result's network what sd-scripts says of one that it trained: module, rank and alpha,
/// those of wide kernels among the arguments.
func describeNetwork(
  _ modules: [ResultModule], naming: Naming, model: BaseModel, in result: inout Metadata
) {
  let factored = modules.filter { $0.rank > 0 }
  let wide = factored.filter { $0.extents.hasWideKernel }
  let narrow = factored.filter { !$0.extents.hasWideKernel }
  let (dim, alpha) = ranksAndAlphas(narrow.isEmpty ? wide : narrow)
  result["ss_network_dim"] = dim
  result["ss_network_alpha"] = alpha

  let isPlain = modules.allSatisfy { if case .kept = $0.content { false } else { true } }
  let isOfLyCORIS = isPlain && result["ss_network_module"]?.hasPrefix("lycoris") ?? false
  if isOfLyCORIS || (naming.namesNetworkModule && result["ss_network_module"] == nil) {
    result["ss_network_module"] = model == .flux1 ? "networks.lora_flux" : "networks.lora"
  }
  var arguments = arguments(result["ss_network_args"], keeping: !isOfLyCORIS)
  if !wide.isEmpty && !narrow.isEmpty {
    let (dim, alpha) = ranksAndAlphas(wide)
    arguments["conv_dim"] = .string(dim)
    arguments["conv_alpha"] = .string(alpha)
  }
  result["ss_network_args"] = arguments.isEmpty ? nil : JSONValue.object(arguments).text()
}

/// What the arguments say, the ranks of wide kernels left out; nothing of LyCORIS's, whose
/// algorithms are none of the result's.
private func arguments(_ text: String?, keeping isKept: Bool) -> [String: JSONValue] {
  guard isKept, let text, case .object(var arguments)? = JSONValue(parsing: text) else {
    return [:]
  }
  arguments["conv_dim"] = nil
  arguments["conv_alpha"] = nil
  return arguments
}

private func ranksAndAlphas(_ modules: [ResultModule]) -> (dim: String, alpha: String) {
  (
    uniform(modules.map { Double($0.rank) }),
    uniform(modules.map { Double(Float($0.scale * Double($0.rank))) })
  )
}

/// A number all share, or `Dynamic` as sd-scripts has it.
private func uniform(_ values: [Double]) -> String {
  guard let first = values.first, values.allSatisfy({ $0 == first }) else { return "Dynamic" }
  return first == first.rounded() && abs(first) < 1e15 ? "\(Int(first))" : "\(Float(first))"
}
