import Foundation
import TestSupport
import Testing

@testable import ComputeCUDA

@Suite struct LibrarySearchTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder[path], withIntermediateDirectories: true)
  }

  /// Variable, its value below the folder, and the folder that holds the libraries.
  static let places: [(String, String, String)] = [
    ("LORA_CUDA_PATH", "mine", "mine"),
    ("LORA_CUDA_PATH", "toolkit", "toolkit/lib64"),
    ("LORA_CUDA_PATH", "site/nvidia", "site/nvidia/cudnn/lib"),
    ("LORA_CUDA_PATH", "venv", "venv/lib/python3.12/site-packages/nvidia/cu13/lib"),
    ("VIRTUAL_ENV", "a [b]*", "a [b]*/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib"),
    ("CONDA_PREFIX", "conda", "conda/lib"),
    ("HOME", "home", "home/.local/lib/python3.13/site-packages/nvidia/cublas/lib"),
    (
      "HOME", "home",
      "home/.local/share/pipx/venvs/torch/lib/python3.12/site-packages/nvidia/cu13/lib"
    ),
    ("HOME", "home", "home/.local/share/uv/tools/x/lib/python3.12/site-packages/nvidia/cudnn/lib"),
  ]

  @Test(arguments: places)
  func finds(_ variable: String, _ value: String, _ place: String) throws {
    try makeFolder(place)
    let search = LibrarySearch { $0 == variable ? folder[value] : nil }
    #expect(search.folders.contains(folder[place]))
  }

  /// An environment that nobody activated, as images of containers have it.
  @Test func findsTheEnvironmentOfThePython() throws {
    let packages = "lib/python3.12/site-packages/nvidia/cu13/lib"
    try makeFolder("venv/\(packages)")
    try makeFolder("venv/bin")
    try makeFolder("other/\(packages)")
    try makeFolder("other/bin")
    _ = try folder.write([1], to: "venv/bin/python3")
    let search = LibrarySearch {
      $0 == "PATH" ? "relative:\(folder["other/bin"]):\(folder["venv/bin"])" : nil
    }
    #expect(search.folders.contains("\(folder["venv/bin"])/../\(packages)"))
    #expect(!search.folders.contains { $0.contains("other") })
    #expect(search.folders.contains("/usr/local/nvidia/lib64"))
    #expect(Set(search.folders).count == search.folders.count)
  }

  @Test func whatWasAskedForComesFirst() throws {
    let search = LibrarySearch {
      ["LORA_CUDA_PATH": "/one:/two", "VIRTUAL_ENV": "/three"][$0]
    }
    let places = ["/one", "/two", "/usr/local/cuda/lib64", "/usr/lib/wsl/lib", "/three/lib"]
    let indices = try places.map { try #require(search.folders.firstIndex(of: $0), "\($0)") }
    #expect(indices == indices.sorted())
    #expect(search.folders.first == "/one")
  }

  @Test func aFileThatIsNoLibraryIsNamed() throws {
    let name = "libcudnn.so.9"
    let path = try folder.write("no library".utf8, to: name)
    let search = LibrarySearch { $0 == "LORA_CUDA_PATH" ? folder.path : nil }
    let error = #expect(throws: CUDAError.self) { try search.open(.cudnn, cuda: 13) }
    // A machine that has cuDNN opens its own.
    guard case .unusable(.cudnn, path, let detail)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(detail.contains("file too short") || detail.contains("invalid ELF header"))
  }

  /// Code of CUDA 13 does not run on a driver of CUDA 12.
  @Test(
    arguments: [
      (12, ["libnvrtc.so.12"]), (13, ["libnvrtc.so.13", "libnvrtc.so.12"]),
      (nil, ["libnvrtc.so.13", "libnvrtc.so.12"]),
    ] as [(Int?, [String])])
  func namesFollowTheDriver(_ cuda: Int?, _ names: [String]) {
    #expect(Library.nvrtc.sonames(cuda: cuda) == names)
  }

  @Test(arguments: [
    (LibraryVersion(driver: 12080), "12.8"), (LibraryVersion(driver: 13010), "13.1"),
    (LibraryVersion(library: 130_100), "13.1"), (LibraryVersion(library: 91_400), "9.14"),
    (LibraryVersion(library: 120_901), "12.9"),
  ])
  func versionsAreRead(_ version: LibraryVersion, _ text: String) {
    #expect(version.description == text)
  }

  /// Each sentence says what to do.
  @Test(arguments: [
    (
      CUDAError.missing(.cudnn, names: ["libcudnn.so.9"], folders: 12, cuda: 13),
      """
      cuDNN: found no libcudnn.so.9 by the system's search or in 12 folders; \
      pip install nvidia-cudnn-cu13, or set LORA_CUDA_PATH to its folder
      """
    ),
    (
      .outOfMemory(wanted: 600 << 20, free: 88 << 20),
      """
      out of memory on the device: 600 MiB more are wanted, 88 MiB are free, 512 MiB short; \
      use --gradient-checkpointing, smaller batches or smaller pictures
      """
    ),
    (
      .driverTooOld(LibraryVersion(major: 11, minor: 4)),
      """
      the driver runs CUDA 11.4, 12.0 is needed; \
      install NVIDIA's driver, version 525 or later, from your distribution
      """
    ),
    (
      .unknownArchitecture(
        Architecture(major: 6, minor: 1), compiler: LibraryVersion(major: 13, minor: 0)),
      """
      NVRTC 13.0 does not compile for sm_61; \
      install NVRTC 12: pip install nvidia-cuda-nvrtc-cu12
      """
    ),
  ])
  func errorsSayWhatToDo(_ error: CUDAError, _ text: String) {
    #expect(error.description == text)
  }
}
