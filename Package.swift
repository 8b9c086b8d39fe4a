// swift-tools-version: 6.2

import PackageDescription

/// Settings of every Swift target.
///
/// Each use of a pointer is marked `unsafe`, each import is internal unless the compiler asks for
/// more, and a warning is an error.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// The loops over elements: optimised in debug builds too, and on x86 made for AVX2 and FMA.
///
/// `Processor.check` says on which machines they cannot run.
#if arch(x86_64)
  let vectorised: [SwiftSetting] = [.unsafeFlags(["-O", "-Xcc", "-march=x86-64-v3"])]
#else
  let vectorised: [SwiftSetting] = [.unsafeFlags(["-O"])]
#endif

/// Loops that debug builds optimise too, for every processor.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"])]

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

extension Target {
  /// A Swift module of ours: `Sources/<name>`, built with the strict settings.
  static func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
  }

  /// The tests of one module: `Tests/<name>Tests`.
  static func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
      name: "\(name)Tests",
      dependencies: [.target(name: name), "TestSupport"] + dependencies,
      swiftSettings: strict)
  }
}

let package = Package(
  name: "lora",
  products: [.executable(name: "lora", targets: ["lora"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // MARK: - C: the outside world
    .systemLibrary(name: "CNettle", providers: [.apt(["nettle-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .target(
      name: "CImages", exclude: ["font"],
      linkerSettings: [.linkedLibrary("png16"), .linkedLibrary("jpeg"), .linkedLibrary("webp")]),
    .target(name: "CFiles"),
    .target(name: "CProcessor"),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CCUDA", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CUDAKernels", exclude: ["kernels"]),

    // MARK: - Data
    .module("Tensors"),
    .module("Images", ["CImages"]),
    .module("Files", ["CFiles", "CNettle", "CZstd"]),
    .module("Safetensors", ["Files", "Tensors"]),
    .module("TOML"),
    .module("JSON"),

    .target(
      name: "QuantizedWeights", dependencies: ["Files", "JSON", "Safetensors", "Tensors"],
      swiftSettings: strict + optimised),

    // MARK: - Mathematics
    .module("LinearAlgebra", ["COpenBLAS", "CProcessor", "Tensors"]),
    .module("Compute", ["Tensors"]),

    // MARK: - Backends
    .target(
      name: "ComputeCPU", dependencies: ["Compute", "LinearAlgebra", "Tensors"],
      swiftSettings: strict + vectorised),
    .module("ComputeCUDA", ["CCUDA", "CUDAKernels", "Compute", "Files", "Tensors"]),

    // MARK: - Meaning
    .module("Names", ["Files", "Safetensors"]),
    .module(
      "Adapters",
      [
        "Files", "JSON", "LinearAlgebra", "Names", "QuantizedWeights", "Safetensors", "Tensors",
      ]),
    .module(
      "Baking",
      [
        "Adapters", "Files", "JSON", "LinearAlgebra", "Names", "QuantizedWeights", "Safetensors",
        "Tensors",
      ]),
    .module("Datasets", ["Files", "Images", "Tensors"]),
    .module(
      "Diffusion",
      ["Compute", "Files", "Names", "QuantizedWeights", "Safetensors", "Tensors"]),

    // MARK: - Commands
    .module("CommandSupport", ["Files", "JSON", argumentParser]),
    .module("Pages", ["CommandSupport", "Files", "Images"]),
    .module(
      "Results",
      [
        "Adapters", "CommandSupport", "Files", "LinearAlgebra", "Names", "Pages", "Safetensors",
        "Tensors",
        argumentParser,
      ]),
    .module(
      "Convert",
      [
        "Adapters", "CommandSupport", "LinearAlgebra", "Names", "Results", "Safetensors", "Tensors",
        argumentParser,
      ]),
    .module(
      "Inspect",
      [
        "Adapters", "CommandSupport", "Files", "JSON", "LinearAlgebra", "Names", "Pages",
        "QuantizedWeights", "Results", "Safetensors", "Tensors", argumentParser,
      ]),
    .module(
      "Diff",
      [
        "Adapters", "CommandSupport", "Files", "LinearAlgebra", "Names", "Pages", "Results",
        "Safetensors", "Tensors", argumentParser,
      ]),
    .module(
      "Merge",
      [
        "Adapters", "Baking", "CommandSupport", "Files", "LinearAlgebra", "Names",
        "QuantizedWeights", "Results", "Safetensors", "Tensors", argumentParser,
      ]),
    .module("Devices", ["CommandSupport", "ComputeCUDA", argumentParser]),
    .module(
      "Resize",
      [
        "Adapters", "CommandSupport", "LinearAlgebra", "Names", "Results", "Safetensors", "Tensors",
        argumentParser,
      ]),
    .module(
      "Train",
      [
        "Adapters", "CommandSupport", "Compute", "ComputeCPU", "ComputeCUDA", "Datasets",
        "Diffusion", "Files", "Images", "JSON", "LinearAlgebra", "Names", "Pages", "Results",
        "Safetensors",
        "TOML", "Tensors", argumentParser,
      ]),
    .executableTarget(
      name: "lora",
      dependencies: [
        "CommandSupport", "Convert", "Devices", "Diff", "Files", "Inspect", "Merge", "Resize",
        "Train", argumentParser,
      ],
      swiftSettings: strict),

    // MARK: - Benchmarks
    .executableTarget(
      name: "Benchmarks", dependencies: ["Files", "Safetensors", "Tensors"],
      path: "Benchmarks/Modules", swiftSettings: strict),
    .executableTarget(
      name: "TrainingBenchmark",
      dependencies: ["Compute", "ComputeCPU", "Diffusion", "LinearAlgebra", "Tensors"],
      path: "Benchmarks/Training", swiftSettings: strict),

    // MARK: - Tests
    .target(
      name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .tests(of: "Tensors"),
    .tests(of: "TOML"),
    .tests(of: "Files"),
    .tests(of: "Safetensors", ["Files", "Tensors"]),
    .tests(of: "QuantizedWeights", ["Files", "JSON", "Safetensors", "Tensors"]),
    .tests(of: "LinearAlgebra", ["Tensors"]),
    .tests(
      of: "Compute",
      ["ComputeCPU", "EmulatedDevice", "LinearAlgebra", "Tensors"]),
    .target(
      name: "CUDAEmulation", dependencies: ["CCUDA"], path: "Tests/CUDAEmulation",
      cxxSettings: [
        .headerSearchPath("../../Sources/CUDAKernels/kernels"),
        .unsafeFlags(["-O1"]),
      ]),
    .target(
      name: "DeviceChecks", dependencies: ["Compute", "Tensors"], path: "Tests/DeviceChecks",
      swiftSettings: strict),
    .executableTarget(
      name: "device-check",
      dependencies: [
        "Compute", "ComputeCPU", "ComputeCUDA", "DeviceChecks", "LinearAlgebra", "Tensors",
      ],
      path: "Tests/DeviceCheck", swiftSettings: strict),
    .target(
      name: "EmulatedDevice",
      dependencies: ["CUDAEmulation", "Compute", "ComputeCUDA", "Tensors"],
      path: "Tests/EmulatedDevice", swiftSettings: strict),
    .tests(
      of: "ComputeCUDA",
      [
        "CUDAEmulation", "Compute", "ComputeCPU", "DeviceChecks",
        "EmulatedDevice", "LinearAlgebra", "Tensors",
      ]),
    .tests(of: "Images", ["Tensors"]),
    .tests(of: "Datasets", ["Images", "Tensors"]),
    .tests(
      of: "Diffusion",
      ["Compute", "ComputeCPU", "LinearAlgebra", "Names", "Safetensors", "Tensors"]),
    .tests(
      of: "Train",
      [
        "Adapters", "CUDAEmulation", "Compute", "ComputeCPU", "ComputeCUDA", "Datasets",
        "Diffusion", "EmulatedDevice", "Files", "Images", "JSON", "LinearAlgebra", "Names",
        "Safetensors", "TOML", "Tensors", argumentParser,
      ]),
    .tests(of: "Names", ["Files"]),
    .tests(of: "Pages", ["Images", "Tensors"]),
    .tests(of: "Adapters", ["Files", "LinearAlgebra", "Names", "Safetensors", "Tensors"]),
    .tests(
      of: "Baking", ["Adapters", "Files", "LinearAlgebra", "Names", "Safetensors", "Tensors"]),
    .tests(of: "Inspect", ["Adapters", "Files", "Safetensors", "Tensors"]),
    .testTarget(
      name: "AlgebraTests",
      dependencies: [
        "Adapters", "LinearAlgebra", "Merge", "Names", "Resize", "Tensors", "TestSupport", "lora",
      ], swiftSettings: strict),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "Adapters", "CommandSupport", "Images", "JSON", "LinearAlgebra", "Safetensors", "Tensors",
        "TestSupport", "lora", argumentParser,
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x,
  cxxLanguageStandard: .cxx17
)

// `make fuzz` and `scripts/check-mutations` alone build this, with -enable-testing: readers are
// called without the files and commands around them.
if Context.environment["LORA_FUZZ"] != nil {
  package.targets += [
    .systemLibrary(name: "CMemoryFile", path: "Fuzz/CMemoryFile"),
    .target(
      name: "FuzzReaders",
      dependencies: [
        "Adapters", "CMemoryFile", "Compute", "ComputeCPU", "Datasets", "Diffusion", "Files",
        "Images", "Names", "QuantizedWeights", "Safetensors", "TOML", "Tensors", "Train",
        argumentParser,
      ], path: "Fuzz/Readers", swiftSettings: strict),
    .executableTarget(
      name: "Mutations", dependencies: ["FuzzReaders", "Tensors"], path: "Fuzz/Mutations",
      swiftSettings: strict),
  ]
  // Its main function is the library's of -sanitize=fuzzer.
  if Context.environment["LORA_FUZZ"] != "mutations" {
    package.targets.append(
      .executableTarget(
        name: "Fuzz", dependencies: ["FuzzReaders"], path: "Fuzz/Fuzzer", swiftSettings: strict))
  }
}
