// device-check — every operation on the GPU against the CPU, at sizes of real models.
//
//     device-check [bf16|fp16|float32]
//
// One line a check: its relative error, and what it may be. Exit 0 where all are within it.

import Compute
import ComputeCPU
import ComputeCUDA
import DeviceChecks
import Glibc
import LinearAlgebra
import Tensors

/// The value of a variable of the environment.
func environment(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}

let types: [String: ElementType] = ["bf16": .bfloat16, "fp16": .float16, "float32": .float32]
guard CommandLine.arguments.count <= 2,
  let type = types[CommandLine.arguments.count == 2 ? CommandLine.arguments[1] : "bf16"]
else {
  print("device-check [bf16|fp16|float32]")
  exit(64)
}

let device: CUDABackend
do {
  device = try CUDABackend(
    CUDALibraries(LibrarySearch(environment: environment)), activationType: type,
    cacheFolder: KernelCache.folder(environment: environment))
} catch {
  print("device-check: \(error)")
  exit(1)
}

if let reason = Processor.unsupportedReason {
  print("device-check: \(reason)")
  exit(1)
}
let cpu = CPUBackend(threads: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
let limit = DeviceCheck.limit(type)
var failures = 0
for check in DeviceCheck.all(isSmall: false) {
  let error = check.error(of: device, against: cpu)
  if !(error <= limit) { failures += 1 }
  print(error <= limit ? "ok  " : "FAIL", error, "≤", limit, check.name)
  do {
    try device.check()
  } catch {
    print("device-check: \(check.name): \(error)")
    exit(1)
  }
}
print("\(DeviceCheck.all(isSmall: false).count - failures) passed, \(failures) failed")
exit(failures == 0 ? 0 : 1)
