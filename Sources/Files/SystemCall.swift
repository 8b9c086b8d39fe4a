import Glibc

/// Makes a system call, again where a signal interrupted it.
func uninterrupted<Count: SignedInteger>(_ call: () -> Count) -> Count {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// Lets a write that fails say why: unasked, the system ends the program where the reader of a pipe
/// has gone (`SIGPIPE`) or a file meets its size limit (`SIGXFSZ`).
///
/// For the whole process; called once, by the program.
package func reportFailedWritesAsErrors() {
  signal(SIGPIPE, SIG_IGN)
  signal(SIGXFSZ, SIG_IGN)
}
