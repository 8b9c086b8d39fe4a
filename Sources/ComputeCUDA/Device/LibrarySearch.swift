import CCUDA
import Files
import Glibc

/// The folders in which NVIDIA's libraries may lie.
package struct LibrarySearch: Sendable {
  /// The folders that are looked through after the system's own search, in this order.
  package let folders: [String]

  package init(environment: (String) -> String?) {
    let home = environment("HOME")
    let all =
      Self.asked(environment("LORA_CUDA_PATH")) + Self.toolkits
      + Self.environments(environment).flatMap(Self.pythonFolders)
      + (home.map { Self.packages(under: "\($0)/.local/lib") } ?? [])
      + (home.map(Self.applications) ?? [])
      + ["/usr/local/lib", "/usr/lib", "/usr/lib64"].flatMap(Self.packages)
    var seen: Set<String> = []
    folders = all.filter { seen.insert($0).inserted }
  }

  /// The search of this process.
  package static var ofProcess: LibrarySearch {
    LibrarySearch(environment: Files.environment)
  }

  /// The folders of `LORA_CUDA_PATH`, separated by colons: each may hold the libraries themselves,
  /// be a toolkit's folder, or be a Python environment.
  private static func asked(_ list: String?) -> [String] {
    (list ?? "").split(separator: ":").map(String.init).flatMap { folder in
      [folder, "\(folder)/lib64", "\(folder)/lib"] + paths(in: folder, matching: "*/lib")
        + packages(under: "\(folder)/lib")
    }
  }

  /// Toolkits, distributions' folders, and Windows' driver under WSL 2.
  private static var toolkits: [String] {
    ["/usr/local/cuda/lib64"] + paths(in: "/usr/local", matching: "cuda-*/lib64") + [
      "/usr/local/nvidia/lib64",
      "/opt/cuda/lib64", "/usr/lib/cuda/lib64", "/usr/lib/x86_64-linux-gnu",
      "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib", "/run/opengl-driver/lib",
    ]
  }

  /// The Python environments that are active, and those whose Python is on the PATH: images of
  /// containers set no other variable.
  private static func environments(_ environment: (String) -> String?) -> [String] {
    ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap(environment)
      + (environment("PATH") ?? "").split(separator: ":").map(String.init).filter {
        $0.hasPrefix("/") && FileKind(path: "\($0)/python3") == .file
      }.map { "\($0)/.." }
  }

  /// Conda puts libraries into the environment's own folder, pip into the packages'.
  private static func pythonFolders(_ environment: String) -> [String] {
    ["\(environment)/lib"] + packages(under: "\(environment)/lib")
      + packages(under: "\(environment)/lib64")
  }

  /// The environments that pipx and uv make for programs.
  private static func applications(home: String) -> [String] {
    ["pipx/venvs", "uv/tools"].flatMap { kind in
      paths(
        in: "\(home)/.local/share/\(kind)", matching: "*/lib/python3*/site-packages/nvidia/*/lib")
    }
  }

  /// Folders of NVIDIA's Python packages below a `lib` that holds Pythons.
  private static func packages(under folder: String) -> [String] {
    ["site-packages", "dist-packages"].flatMap { name in
      paths(in: folder, matching: "python3*/\(name)/nvidia/*/lib")
    }
  }

  /// Opens the first library that can be opened; it stays open until the process ends.
  ///
  /// A library finds those it needs beside itself, or among those already open: cuDNN is to be
  /// opened last.
  func open(_ library: Library, cuda: Int?) throws(CUDAError) -> OpenLibrary {
    let names = library.sonames(cuda: cuda)
    var unusable: CUDAError?
    for name in names {
      if let found = OpenLibrary(library, name) { return found }
      for folder in folders where FileKind(path: "\(folder)/\(name)") == .file {
        if library == .nvrtc { openBuiltins(in: folder, of: name) }
        if let found = OpenLibrary(library, "\(folder)/\(name)") { return found }
        unusable =
          unusable
          ?? .unusable(
            library, path: "\(folder)/\(name)", detail: unsafe String(cString: lora_library_error())
          )
      }
    }
    throw unusable ?? .missing(library, names: names, folders: folders.count, cuda: cuda)
  }

  /// Opens what NVRTC looks for by name when it compiles: the packages of NVRTC 13.0 do not say that
  /// it lies beside it.
  private func openBuiltins(in folder: String, of name: String) {
    let version = name.split(separator: ".").last ?? ""
    for path in paths(in: folder, matching: "libnvrtc-builtins.so.\(version).*") {
      _ = OpenLibrary(.nvrtc, path)
    }
  }
}

/// A library in this process, which is never closed.
@safe struct OpenLibrary: Sendable {
  let library: Library

  /// The file that the system opened.
  let path: String

  private nonisolated(unsafe) let handle: UnsafeMutableRawPointer

  /// - Parameter name: A soname, which the system looks for, or a path.
  init?(_ library: Library, _ name: String) {
    guard let handle = unsafe lora_library_open(name) else { return nil }
    self.library = library
    path = unsafe String(cString: lora_library_path(handle))
    unsafe self.handle = handle
  }

  /// A table of its functions, for as long as the process lives.
  ///
  /// - Parameter fill: A function of CCUDA that fills a table and returns the name of a missing
  ///   function.
  func table<Table>(
    _ empty: Table,
    fill: (UnsafeMutablePointer<Table>?, UnsafeMutableRawPointer?) -> UnsafePointer<CChar>?
  ) -> (functions: UnsafePointer<Table>, missing: String?) {
    let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
    unsafe table.initialize(to: empty)
    let missing = unsafe fill(table, handle).map { unsafe String(cString: $0) }
    return unsafe (UnsafePointer(table), missing)
  }

  /// The error of a library that is too old, or not what its name says.
  func lacks(_ function: String) -> CUDAError {
    .unusable(library, path: path, detail: "it has no function \(function)")
  }
}
