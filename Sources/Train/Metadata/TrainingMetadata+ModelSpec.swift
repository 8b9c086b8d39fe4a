import Diffusion
import Images
import Names

extension TrainingMetadata {
  /// Stability AI's model specification 1.0.1; what is not known is left out.
  ///
  /// - Parameter seconds: The time of the save.
  func modelSpecification(at seconds: Double) -> [(key: String, value: String)] {
    let date = clock.date(at: seconds)
    let spec = base.family.modelSpec(predictsVelocity: base.predictsVelocity)
    let title = options.metadata.metadataTitle ?? plan.saves.output.name ?? "LoRA@\(date)"
    let optional: [(String, String?)] = [
      ("author", options.metadata.metadataAuthor),
      ("description", options.metadata.metadataDescription),
      ("license", options.metadata.metadataLicense),
      ("tags", options.metadata.metadataTags),
      ("usage_hint", options.metadata.metadataUsageHint),
      ("trigger_phrase", options.metadata.metadataTriggerPhrase),
      ("thumbnail", thumbnail),
      ("merged_from", options.metadata.metadataMergedFrom),
      ("preprocessor", options.metadata.metadataPreprocessor),
      ("is_negative_embedding", options.metadata.metadataIsNegativeEmbedding),
      ("timestep_range", timestepRange),
      ("encoder_layer", options.model.clipSkip.map { "\($0)" }),
    ]
    let always: [(String, String)] = [
      ("sai_model_spec", "1.0.1"), ("architecture", spec?.architecture ?? ""),
      ("implementation", spec?.implementation ?? ""), ("title", title),
      ("resolution", "\(resolution.width)x\(resolution.height)"), ("date", date),
      ("prediction_type", base.predictsVelocity ? "v" : "epsilon"),
    ]
    return (always + optional.compactMap { key, value in value.map { (key, $0) } })
      .map { ("modelspec." + $0.0, $0.1) }
  }

  /// The data sets' size where they have one; else the model's own.
  private var resolution: PixelSize {
    dataset?.parts.first?.resolution ?? options.run.resolution ?? base.usualResolution
  }

  private var timestepRange: String? {
    guard options.noise.minTimestep != nil || options.noise.maxTimestep != nil else { return nil }
    return "\(options.noise.minTimestep ?? 0),\(options.noise.maxTimestep ?? 1000)"
  }
}

extension TrainingMetadata.BaseSummary {
  /// What the models of the family were trained on.
  var usualResolution: PixelSize {
    let kind = PretrainedModel.Kind(rawValue: family.rawValue) ?? .sd1
    let side = kind.usualSide(predictsVelocity: predictsVelocity)
    return PixelSize(width: side, height: side)
  }
}
