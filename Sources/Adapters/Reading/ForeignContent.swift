import Safetensors

/// One sentence that says what a file without any adapter's part holds.
///
/// - Complexity: O(bytes of all names), since checkpoints are checked too.
func foreignContent(of header: Header) -> String {
  if header.entries.isEmpty { return "holds no tensors; is it the right file?" }
  let found = Set(header.entries.lazy.compactMap { marker(in: $0.name.string) })
  if let (_, what) = foreignMarkers.first(where: { found.contains($0.marker) }) { return what }
  if Set(header.entries.map(\.name.string)) == ["clip_g", "clip_l"] { return embedding }
  if Checkpoint.isCheckpoint(header) { return "is a checkpoint, not a LoRA" }
  return "has no tensor named as a LoRA's; is it the right file?"
}

private let embedding = "is a textual-inversion embedding, not a LoRA"

private func method(_ name: String) -> String {
  "is \(name), not low-rank factors of each layer; the library that trained it can merge it"
}

/// Words that tensor names begin with in files that are not a LoRA, and what such a file is.
private let foreignMarkers: [(marker: String, what: String)] = [
  ("emb_params", embedding),
  ("string_to_param", embedding),
  ("unilora_theta_d", method("a Uni-LoRA adapter (one vector for all layers)")),
  ("vera_lambda_", method("a VeRA adapter (vectors around shared random matrices)")),
  ("randlora_", method("a RandLoRA adapter (scales of shared random matrices)")),
  ("vblora_", method("a VB-LoRA adapter (a bank of vectors)")),
  ("fourierft_spectrum", method("a FourierFT adapter (Fourier coefficients)")),
  ("waveft_spectrum", method("a WaveFT adapter (wavelet coefficients)")),
  ("c3a_kernel", method("a C³A adapter (circular convolutions)")),
  ("hra_u", method("a Householder adapter (HRA)")),
  ("bone_block", method("a Bone adapter")),
  ("miss_block", method("a MiSS adapter")),
  ("shira_weight", method("a SHiRA adapter (sparse differences)")),
  ("road_theta", method("a RoAd adapter (rotations)")),
  ("ln_tuning_layers", method("an LN-tuning adapter (norms)")),
  ("gralora_", method("a GraLoRA adapter (factors of blocks)")),
  ("delora_", method("a DeLoRA adapter (factors of set norms)")),
  ("osf_svd_params", method("an OSF adapter (a part of each layer's own decomposition)")),
  ("adamss_", method("an AdaMSS adapter (factors of subspaces)")),
  ("beft_bias", method("a BEFT adapter (biases)")),
  ("deft_", method("a DEFT adapter (projections)")),
  ("frod_lambda_", method("a FRoD adapter (scales of shared matrices)")),
  ("hira_", method("a HiRA adapter (products with the model's weights)")),
  ("lily_", method("a Lily adapter (shared factors behind a router)")),
  ("peanut_", method("a PEANuT adapter (small networks of the weights)")),
  ("poly_", method("a Poly adapter (factors behind a router)")),
  ("psoft_R", method("a PSOFT adapter (rotations of subspaces)")),
  ("pvera_lambda_", method("a PVeRA adapter (vectors around shared random matrices)")),
  ("shadow_", method("a Shadow adapter (a second model beside the first)")),
  ("supertuning_", method("a SuperTuning adapter (chosen weights)")),
  ("tinylora_v", method("a TinyLoRA adapter (vectors around the layers' own factors)")),
  ("adaption_prompt", method("a LLaMA-Adapter")),
  ("prompt_embeddings", method("a prompt-tuning adapter")),
  ("lora_controlnet", method("a Control-LoRA (a ControlNet kept as differences)")),
  (
    "w_a_000",
    "holds factors numbered without their layers' names (w_a_000, …); which layers they change is unknown"
  ),
]

private let markersByFirstByte = Dictionary(
  grouping: foreignMarkers.map { (text: $0.marker, bytes: Array($0.marker.utf8)) },
  by: { $0.bytes[0] })

/// The marker that a component of a name begins with; `nil` where there is none.
private func marker(in name: String) -> String? {
  let bytes = Array(name.utf8)
  for index in bytes.indices where index == 0 || bytes[index - 1] == UInt8(ascii: ".") {
    let candidates = markersByFirstByte[bytes[index]] ?? []
    if let match = candidates.first(where: { bytes[index...].starts(with: $0.bytes) }) {
      return match.text
    }
  }
  return nil
}
