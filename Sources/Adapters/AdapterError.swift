package import Names
import Safetensors
package import Tensors

/// Why a safetensors file is not an adapter that we can read or write.
package struct AdapterError: Error, Hashable {
  package enum Reason: Hashable {
    /// The file holds something else, named where it is known.
    case noAdapter(what: String)
    case unreadableConfiguration(detail: String)

    /// A whole sentence, which follows the file's name; no caller tells one such refusal from
    /// another.
    case refused(String)

    case missingPart(module: String, part: String)
    case ranksDiffer(module: String, up: Shape, down: Shape)
    case shapesDiffer(module: String, detail: String)
    case badAlpha(module: String, value: Double)
    case emptyFactors(module: String)

    /// The update depends on the base model's weights.
    case needsBase(module: String, algorithm: String)

    /// The file holds the layer's weight itself.
    case replacesWeight(module: String)
    case notFinite(module: String)

    /// The result holds numbers that its element type cannot represent.
    case overflow(module: String, type: ElementType)
    case modelsDiffer(BaseModel, other: BaseModel, of: String)
    case twoModules(target: String, first: String, second: String)
    case cannotExpress(modules: [String], naming: Naming)

    /// The naming cannot hold these parts of a file; each item says what one of them is.
    case unsupported(items: [String], naming: Naming, canExpand: Bool)
    case nothingLeft(naming: Naming)

    /// Weights of a checkpoint are quantised, so nothing can be added to or subtracted from them.
    case quantized(Quantization)

    /// The weight's quantisation scheme can be read but not written.
    case onlyRead(scheme: String, weight: String)

    /// The checkpoint has no place for these modules.
    case noPlace(Obstacle, modules: [String], adapter: String, canSkip: Bool)

    /// The factors belong to several experts side by side and are not one product.
    case experts(modules: [String])

    /// One down matrix meets several up matrices (`MergedLinear` of loralib).
    case severalProducts(module: String, up: Shape, down: Shape)
  }

  package let file: String
  package let reason: Reason

  package init(file: String, reason: Reason) {
    self.file = file
    self.reason = reason
  }
}

extension AdapterError: CustomStringConvertible {
  package var description: String { "\(file): \(reason)" }
}

extension AdapterError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noAdapter(let what): "\(what)"
    case .unreadableConfiguration(let detail):
      "not a configuration of PEFT or MLX: \(detail); remove it, or name the weights' file alone"
    case .refused(let sentence): sentence
    case .missingPart(let module, let part):
      "\(module) has no \(part); is the file whole?"
    case .ranksDiffer(let module, let up, let down):
      "\(module) has up \(up) and down \(down), which do not agree on the rank; is the file whole?"
    case .shapesDiffer(let module, let detail): "\(module) \(detail)"
    case .badAlpha(let module, let value):
      "\(module) has alpha \(value); it must be a finite number"
    case .emptyFactors(let module):
      "\(module) has factors without elements, as DeepSpeed ZeRO-3 saves what it did not gather; gather the weights and save the adapter again"
    case .needsBase(let module, let algorithm):
      "\(module) is \(algorithm), whose update depends on the base model's weights; give --base, or bake it with merge --into"
    case .replacesWeight(let module):
      "\(module) is stored whole, not as a difference from the base model's; bake it with merge --into, or leave it out by convert --skip-unsupported"
    case .notFinite(let module): "\(module) holds NaN or infinity; lora inspect --check lists them"
    case .overflow(let module, let type):
      "\(module) exceeds the range of \(type.rawValue); choose a wider type with --dtype"
    case .modelsDiffer(let model, let other, let file):
      "is for \(model.rawValue), \(file) for \(other.rawValue); only adapters of one model fit together"
    case .twoModules(let target, let first, let second):
      "\(first) and \(second) both change \(target); remove one"
    case .unsupported(let items, let naming, let canExpand):
      "\(naming.name) naming cannot hold \(items.joined(separator: ", ")); \(canExpand ? "--plain expands what has a product, " : "")--skip-unsupported leaves them out"
    case .nothingLeft(let naming):
      "nothing is left that \(naming.name) naming can hold; choose another with --to"
    case .quantized(let quantization):
      "is quantised (\(quantization.scheme): \(quantization.weightCount) of its weights, such as \(printable(quantization.example))), and nothing can be added to such weights or taken from them; use the same model in BF16, F16 or F32"
    case .onlyRead(let scheme, let weight):
      "stores \(weight) as \(scheme), which lora reads and does not write; --requantise bf16, f16 or fp8-scaled writes such weights in another way"
    case .noPlace(let obstacle, let modules, let adapter, let canSkip):
      obstacle.sentence(modules: modules, adapter: adapter, canSkip: canSkip)
    case .experts(let modules):
      "holds factors of several experts side by side (\(modules.joined(separator: ", ")); PEFT's target_parameters), which are not one product; merge them by PEFT's merge_and_unload"
    case .severalProducts(let module, let up, let down):
      "\(module) has up \(up) and down \(down): several products in one module (MergedLinear of loralib), whose rows only its training tells; save each as a module of its own"
    case .cannotExpress(let modules, let naming):
      "\(naming.name) naming cannot express \(modules.joined(separator: ", ")); choose another with --to"
    }
  }
}
