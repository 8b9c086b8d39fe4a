import COpenBLAS
import Glibc

/// The functions of OpenBLAS and LAPACKE, loaded by the first use.
///
/// Each call runs in the thread that makes it. Without the libraries the process ends with a
/// sentence, as the system's loader would end it if they were linked.
let openBLAS: lora_openblas = {
  var functions = lora_openblas()
  if let missing = unsafe lora_openblas_load(&functions) {
    let why = unsafe String(cString: missing)
    let line = "lora: \(why); install OpenBLAS (Debian: libopenblas0 liblapacke)\n"
    _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
    exit(1)
  }
  return functions
}()
