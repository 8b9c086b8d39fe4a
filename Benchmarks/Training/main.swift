import Compute
import ComputeCPU
import Diffusion
import Glibc
import LinearAlgebra
import Tensors

// Times one training step, and its parts: `benchmarks MODEL [threads] [steps] [side] [batch]`.
//
// MODEL is what `lora train` takes; side is that of the latents (16 for pictures of 128²). Prints
// the median and the least milliseconds of each part, in order.

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
  print("usage: benchmarks MODEL [threads] [steps] [side] [batch] [checkpointing]")
  exit(64)
}
func number(_ index: Int, _ otherwise: Int) -> Int {
  arguments.count > index ? Int(arguments[index]) ?? otherwise : otherwise
}
if let reason = Processor.unsupportedReason {
  print(reason)
  exit(1)
}
let backend = CPUBackend(threads: number(2, 2))
let bench = try StepBenchmark(
  model: arguments[1], side: number(4, 16), batch: number(5, 2),
  checkpointing: number(6, 0) != 0, backend: backend)
bench.run(steps: number(3, 30))
