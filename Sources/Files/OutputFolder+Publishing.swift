import CFiles
import Glibc
import Synchronization

extension OutputFolder {
  /// Gives the folder its name: it is on disk as a whole when this returns.
  package func publish() throws(FileError) {
    let contents = contents.withLock { contents in
      defer { contents = Contents(isPublished: true) }
      return contents
    }
    precondition(!contents.isPublished, "the folder \(path) is published twice")
    if way == .fileByFile {
      try replaceFiles(contents)
      return
    }
    let draft = Leftover.newName(in: Path(target).folder)
    var leftovers = [Leftover(folder: draft)]
    defer { while leftovers.popLast() != nil {} }
    try fill(draft, contents, &leftovers)
    if way == .appearing { try appear(draft) } else { try exchange(draft, contents) }
    syncFolder(Path(target).folder)
  }

  private func fill(
    _ draft: String, _ contents: Contents, _ leftovers: inout [Leftover]
  ) throws(FileError) {
    for name in [""] + contents.folders.map({ "/" + $0 }) {
      guard unsafe mkdir((draft + name).systemName, 0o777) == 0 else {
        throw .lastCall("make the folder", on: path + name)
      }
      if !name.isEmpty { leftovers.append(Leftover(folder: draft + name)) }
    }
    for (name, source) in contents.copies {
      let file = "\(draft)/\(name)"
      leftovers.append(Leftover(file))
      try copyBytes(of: source, to: Draft(in: draft, path: "\(path)/\(name)"), as: file)
    }
    for (name, destination) in contents.links {
      let file = "\(draft)/\(name)"
      guard unsafe symlink(destination.systemName, file.systemName) == 0 else {
        throw .lastCall("write", on: "\(path)/\(name)")
      }
      leftovers.append(Leftover(file))
    }
    for (name, file) in contents.drafts {
      try file.publish(as: "\(draft)/\(name)")
      leftovers.append(Leftover("\(draft)/\(name)"))
    }
    for name in contents.folders.reversed() { syncFolder("\(draft)/\(name)") }
    syncFolder(draft)
  }

  private func appear(_ draft: String) throws(FileError) {
    var result = unsafe lora_rename_new(draft.systemName, target.systemName)
    // Without that call a folder with something in it is not replaced either.
    if result != 0 && errno == EINVAL {
      result = unsafe rename(draft.systemName, target.systemName)
    }
    if result == 0 { return }
    if errno == EEXIST || errno == ENOTEMPTY { throw FileError(path, .isTaken) }
    throw .lastCall("name", on: path)
  }

  /// Changes places with the folder that is there, all of whose other files are in both by then.
  private func exchange(_ draft: String, _ contents: Contents) throws(FileError) {
    let own = Set(contents.fileNames)
    keepOwnership(in: draft)
    var others: [String] = []
    for name in try names(inFolder: target) where !own.contains(name) {
      let result = unsafe Glibc.link("\(target)/\(name)".systemName, "\(draft)/\(name)".systemName)
      guard result == 0 else { return try moveFiles(from: draft, contents, linked: others) }
      others.append(name)
    }
    syncFolder(draft)
    let result = unsafe lora_rename_exchange(draft.systemName, target.systemName)
    guard result == 0 else { return try moveFiles(from: draft, contents, linked: others) }
    for name in own.union(others) { unsafe unlink("\(draft)/\(name)".systemName) }
    // What somebody put there in the meantime goes along.
    for name in try names(inFolder: draft) {
      unsafe lora_rename_new("\(draft)/\(name)".systemName, "\(target)/\(name)".systemName)
    }
  }

  private func keepOwnership(in draft: String) {
    for name in [""] + ((try? names(inFolder: draft)) ?? []).map({ "/" + $0 }) {
      guard let status = status(of: target + name) else { continue }
      // Only root may give a file away; for others it stays theirs.
      unsafe chown((draft + name).systemName, status.st_uid, status.st_gid)
      unsafe chmod((draft + name).systemName, status.st_mode & 0o7777)
    }
  }

  /// Where a file system neither exchanges nor links.
  private func moveFiles(
    from draft: String, _ contents: Contents, linked: [String]
  ) throws(FileError) {
    for name in linked { unsafe unlink("\(draft)/\(name)".systemName) }
    for name in contents.folders { try Files.makeFolder("\(target)/\(name)") }
    for name in contents.fileNames {
      let result = unsafe rename("\(draft)/\(name)".systemName, "\(target)/\(name)".systemName)
      guard result == 0 else { throw .lastCall("replace", on: "\(path)/\(name)") }
    }
  }

  private func replaceFiles(_ contents: Contents) throws(FileError) {
    for name in contents.folders { try Files.makeFolder("\(target)/\(name)") }
    for (name, source) in contents.copies { try copyFile(source, to: "\(target)/\(name)") }
    for (name, destination) in contents.links {
      let file = "\(target)/\(name)"
      let result = unsafe symlink(destination.systemName, file.systemName)
      if result != 0 && errno != EEXIST { throw .lastCall("write", on: "\(path)/\(name)") }
    }
    for (_, draft) in contents.drafts {
      try draft.publish()
    }
  }
}

extension OutputFolder.Contents {
  fileprivate var fileNames: [String] {
    copies.map(\.name) + links.map(\.name) + drafts.map(\.name)
  }
}
