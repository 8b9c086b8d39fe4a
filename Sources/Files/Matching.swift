import Glibc

/// The files and folders below a folder that match a pattern of the shell, the last name first.
///
/// - Parameter pattern: A path such as `python3*/site-packages`.
package func paths(in folder: String, matching pattern: String) -> [String] {
  // The folder's own name is taken as it is.
  let literal = folder.map { "*?[\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
  var matches = unsafe glob_t()
  defer { unsafe globfree(&matches) }
  guard unsafe glob("\(literal)/\(pattern)".systemName, 0, nil, &matches) == 0 else { return [] }
  return (0..<Int(unsafe matches.gl_pathc)).compactMap { index in
    unsafe matches.gl_pathv[index].map { unsafe name($0) }
  }.reversed()
}
