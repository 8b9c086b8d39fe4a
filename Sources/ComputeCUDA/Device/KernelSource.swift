import CUDAKernels

/// The CUDA C++ text of one `.cu` file.
package struct KernelSource: Hashable, Sendable {
  package let name: String
  package let text: String

  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }

  /// The headers that files include: `common.cuh` and others.
  static let headers: [KernelSource] = (0..<lora_kernel_header_count).map { index in
    unsafe KernelSource(lora_kernel_header_at(index))
  }

  /// Every kernel file in this build, in the order of `embed.c`.
  package static let all: [KernelSource] = (0..<lora_kernel_source_count).map { index in
    unsafe KernelSource(lora_kernel_source_at(index))
  }

  private init(_ source: lora_kernel_source) {
    unsafe self.init(name: String(cString: source.name), text: String(cString: source.text))
  }
}

extension KernelSource {
  /// The file of this name; traps where there is none.
  package static func named(_ name: String) -> KernelSource {
    guard let source = all.first(where: { $0.name == name }) else {
      preconditionFailure("there is no kernel file \(name)")
    }
    return source
  }
}

/// A file, and how it is compiled.
package struct KernelVariant: Hashable, Sendable {
  package let source: KernelSource

  /// `ELEMENT=bf16`.
  package let definitions: [String]

  package init(_ source: KernelSource, _ definitions: [String]) {
    self.source = source
    self.definitions = definitions
  }
}

/// Where the device's code of kernels comes from.
package protocol KernelCode: Sendable {
  /// The code that `cuLibraryLoadData` takes.
  func code(of variant: KernelVariant) throws(CUDAError) -> [UInt8]
}
