extension BaseModel {
  /// sd-scripts' name of the model under `ss_base_model_version`; `nil` for all but its first
  /// families.
  ///
  /// - Parameter predictsVelocity: Whether the model is known to predict the velocity.
  package func sdScriptsVersion(predictsVelocity: Bool = false) -> String? {
    switch self {
    case .sd1: predictsVelocity ? "sd_v1_v" : "sd_v1"
    case .sd2: predictsVelocity ? "sd_v2_v" : "sd_v2"
    case .sdxl: "sdxl_base_v1-0"
    case .sd3: "sd3"
    case .flux1: "flux1"
    default: nil
    }
  }

  /// modelspec's name of an adapter for the model, and of its layout; `nil` if the family alone
  /// does not determine it.
  ///
  /// - Parameter predictsVelocity: Whether the model predicts the velocity; `nil` if that is
  ///   unknown.
  package func modelSpec(
    predictsVelocity: Bool? = nil
  ) -> (architecture: String, implementation: String)? {
    switch self {
    case .sd1: ("stable-diffusion-v1/lora", "diffusers")
    case .sd2:
      predictsVelocity.map {
        ($0 ? "stable-diffusion-v2-768-v/lora" : "stable-diffusion-v2-512/lora", "diffusers")
      }
    case .sdxl:
      ("stable-diffusion-xl-v1-base/lora", "https://github.com/Stability-AI/generative-models")
    case .flux1: ("flux-1/lora", "https://github.com/black-forest-labs/flux")
    default: nil
    }
  }
}
