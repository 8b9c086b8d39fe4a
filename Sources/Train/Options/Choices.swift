import ArgumentParser

/// Where to compute.
enum DeviceChoice: String, CaseIterable, ExpressibleByArgument {
  case auto
  case cpu
  case cuda
}

/// The networks that can be trained, as sd-scripts names their modules.
enum NetworkModule: String, CaseIterable, ExpressibleByArgument {
  case lora = "networks.lora"
}

/// The files that can be written.
enum SaveFormat: String, CaseIterable, ExpressibleByArgument {
  case safetensors
}

/// The distance between prediction and target.
enum LossType: String, CaseIterable, ExpressibleByArgument {
  case l1
  case l2
  case huber
  case smoothL1 = "smooth_l1"
}

/// The Huber constant's dependence on the timestep.
enum HuberSchedule: String, CaseIterable, ExpressibleByArgument {
  case constant
  case exponential
  case snr
}

/// The type that the base model computes in.
enum MixedPrecision: String, CaseIterable, ExpressibleByArgument {
  case no
  case fp16
  case bf16
}

/// The type of the result's numbers.
enum SavePrecision: String, CaseIterable, ExpressibleByArgument {
  case float
  case fp16
  case bf16

  /// Reads sd-scripts' words and those of every other command: `f32`, `f16`, `bf16`.
  init?(argument: String) {
    switch argument {
    case "f32", "fp32": self = .float
    case "f16": self = .fp16
    default: self.init(rawValue: argument)
    }
  }
}

/// The shapes that a learning rate can have over a run.
enum ScheduleShape: String, CaseIterable, ExpressibleByArgument {
  case constant
  case constantWithWarmup = "constant_with_warmup"
  case linear
  case cosine
  case cosineWithRestarts = "cosine_with_restarts"
  case polynomial
  case inverseSquareRoot = "inverse_sqrt"
  case cosineWithMinimum = "cosine_with_min_lr"
  case warmupStableDecay = "warmup_stable_decay"
}
