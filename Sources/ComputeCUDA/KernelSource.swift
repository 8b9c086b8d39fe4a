import CUDAKernels

/// The CUDA C++ text of one `.cu` file.
package struct KernelSource: Hashable, Sendable {
  package let name: String
  package let text: String

  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }

  /// What every file includes as `common.cuh`.
  static let common = unsafe String(cString: lora_kernel_common)

  /// Every kernel file in this build, in the order of `embed.c`.
  package static let all: [KernelSource] = (0..<lora_kernel_source_count).map { index in
    let source = unsafe lora_kernel_source_at(index)
    return unsafe KernelSource(
      name: String(cString: source.name), text: String(cString: source.text))
  }
}
