package import Files
import LinearAlgebra
package import Names
import Safetensors
package import Tensors

/// The modules that were written, and how far they are from the exact result.
package struct Written: Sendable {
  package struct Module: Sendable {
    package let name: String
    package let target: Target
    package let rank: Int

    /// ‖asked‖²; `nil` where it was not computed because nothing was lost.
    package let askedSquared: Double?

    /// ‖written − asked‖², computed from the stored values.
    package let errorSquared: Double

    /// The upper bound of the rounding error, squared.
    let roundingSquared: Double

    /// ‖asked‖² as it would be if its terms did not cancel; `nil` where they do not.
    var termsSquared: Double?

    package var verification: Verification {
      Verification(
        askedSquared: askedSquared ?? 0, errorSquared: errorSquared, termsSquared: termsSquared,
        roundingSquared: roundingSquared)
    }

    func with(askedSquared: Double) -> Module {
      Module(
        name: name, target: target, rank: rank, askedSquared: askedSquared,
        errorSquared: errorSquared, roundingSquared: roundingSquared, termsSquared: termsSquared)
    }

    /// Adds the error of what the module changes beside the weight.
    func adding(asked: Double, error: Double, rounding: Double) -> Module {
      Module(
        name: name, target: target, rank: rank, askedSquared: askedSquared.map { $0 + asked },
        errorSquared: errorSquared + error, roundingSquared: roundingSquared + rounding,
        termsSquared: termsSquared.map { $0 + asked })
    }
  }

  package let modules: [Module]
  package let naming: Naming
  package let type: ElementType
  package let promise: ResultPlan.Promise
  package let byteCount: Int
  package let sshsModelHash: String

  /// The verification of all modules together.
  package let verification: Verification
}

/// Writes adapters; this is the only place where a result gets names, types, hashes and metadata.
package struct AdapterWriter: Sendable {
  package let naming: Naming
  package let model: BaseModel
  package let type: ElementType

  /// The type of alphas, if the naming stores them; sd-scripts rounds them as it does the factors.
  private let alphaType: ElementType
  package let threads: Int

  /// - Parameter type: F64, F32, F16 or BF16.
  package init(
    naming: Naming, model: BaseModel, type: ElementType, alphaType: ElementType = .float32,
    threads: Int
  ) {
    self.naming = naming
    self.model = model
    self.type = type
    self.alphaType = alphaType
    self.threads = threads
  }

  /// The name of each module in the result.
  ///
  /// - Throws: `.cannotExpress` with the modules that the naming has no name for.
  package func names(of modules: [ResultModule], file: String) throws(AdapterError) -> [String] {
    var unnamed: [String] = []
    let names = modules.map { module in
      let isHeld =
        (module.kind != .embedding || naming.holdsTable(module.target))
        && naming.holdsFactors(of: module.extents)
        && (!module.isOfExperts || naming == .peft)
      let name =
        isHeld
        ? module.names[naming] ?? naming.moduleName(for: module.target, in: model) : nil
      if name == nil { unnamed.append("\(module.target)") }
      return name ?? ""
    }
    if !unnamed.isEmpty {
      throw AdapterError(file: file, reason: .cannotExpress(modules: unnamed, naming: naming))
    }
    return names
  }

  /// The configuration beside the weights, for namings that keep ranks there.
  package func configuration(
    of modules: [ResultModule], file: String
  ) throws(AdapterError) -> ResultConfiguration {
    let modules = modules.withExpertsTogether
    return ResultConfiguration(modules, names: try names(of: modules, file: file))
  }

  /// Completes the metadata of a result, with space reserved for its own hashes.
  ///
  /// Diffusers takes the first rank that it finds for all modules unless the metadata list them.
  private func complete(
    _ metadata: ResultMetadata, for modules: [ResultModule], sourceHashes: [String]? = nil,
    file: String
  ) throws(AdapterError) -> Metadata {
    var result = metadata.metadata(naming: naming, modules: modules, sourceHashes: sourceHashes)
    if naming.keepsConfigurationInMetadata {
      result["lora_adapter_metadata"] = try configuration(of: modules, file: file).diffusers
    }
    return result.withRoomForHashes
  }

  /// The size in bytes of a plan's file, before any compression; no weight is computed.
  package func byteCount(
    of plan: ResultPlan, metadata: ResultMetadata, file: String
  ) throws(AdapterError) -> Int {
    let plan = plan.withExpertsTogether
    let (_, layout) = try layout(of: plan, file: file)
    let metadata = try complete(metadata, for: plan.modules, file: file)
    return layout.header(metadata: metadata).count + layout.dataByteCount
  }

  private func layout(
    of plan: ResultPlan, file: String
  ) throws(AdapterError) -> (stored: [StoredModule], layout: Layout) {
    let names = try names(of: plan.modules, file: file)
    let stored = zip(plan.modules, names).map {
      StoredModule($0, name: $1, naming: naming, type: type, alphaType: alphaType, file: file)
    }
    let foreign = plan.foreign.map { foreign in
      Layout.Tensor(
        name: foreign.entry.name.string, type: foreign.entry.type, shape: foreign.entry.shape)
    }
    return (stored, Layout(stored.flatMap(\.tensors) + foreign))
  }

  /// Writes a result, several modules at a time; none is held longer than needed.
  ///
  /// - Parameters:
  ///   - metadata: The metadata of the file. The hashes of the sources and of the file itself are
  ///     computed here, when the weights are written.
  ///   - accept: Judges the result before the file is moved to its place; if it throws, no file is
  ///     left.
  /// - Returns: When the file is in its place.
  package func write(
    _ plan: ResultPlan, metadata: ResultMetadata, to output: OutputFile,
    accept: (Verification) throws -> Void = { _ in }
  ) throws -> Written {
    let plan = plan.withExpertsTogether
    let (stored, layout) = try layout(of: plan, file: output.path)
    let writer = SafetensorsWriter(
      layout, metadata: try complete(metadata, for: plan.modules, file: output.path), to: output)

    let modules = try parallelMap(count: stored.count, threads: threads) { index in
      defer { plan.onModule() }
      return try stored[index].write(to: writer)
    }
    for foreign in plan.foreign {
      try foreign.file.withBytes(of: foreign.entry) { bytes throws(FileError) in
        try writer.write(bytes, to: foreign.entry.name.string)
      }
    }
    let verified = try withNorms(modules, of: plan)
    let verification = verified.map(\.verification).reduce(Verification(), +)
    try accept(verification)
    // The longest hash starts first.
    let hashes = try parallelMap(count: 1 + metadata.sources.count, threads: threads) { index in
      index == 0 ? try writer.dataSHA256() : metadata.sources[index - 1].modelHash()
    }
    let said = try complete(
      metadata, for: plan.modules, sourceHashes: Array(hashes.dropFirst()), file: output.path)
    return Written(
      modules: verified, naming: naming, type: type, promise: plan.promise,
      byteCount: try writer.finish(
        metadata: said, modelHash: hashes[0], isOfInputs: metadata.isOfInputs),
      sshsModelHash: hashes[0], verification: verification)
  }

  /// Adds the norms of modules that lost nothing and have not computed theirs; if no module lost
  /// anything, no norm is needed.
  private func withNorms(
    _ modules: [Written.Module], of plan: ResultPlan
  ) throws -> [Written.Module] {
    if modules.allSatisfy({ $0.errorSquared == 0 }) { return modules }
    return try parallelMap(count: modules.count, threads: threads) { index in
      modules[index].askedSquared == nil
        ? modules[index].with(askedSquared: try plan.modules[index].askedSquared())
        : modules[index]
    }
  }
}
