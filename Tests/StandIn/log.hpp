// What the stand-in writes of each call: one line, "G" within a capture and "E" outside of it, then
// the call and its numbers. Lines begin with "!" where the call is not allowed.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace stand_in {

inline bool capturing = false;

// STAND_IN_LOG names the file; without it nothing is written.
inline FILE *log_file() {
  static FILE *const file = [] {
    const char *const path = std::getenv("STAND_IN_LOG");
    return path ? std::fopen(path, "w") : nullptr;
  }();
  return file;
}

__attribute__((format(printf, 1, 2))) inline void log(const char *format, ...) {
  FILE *const file = log_file();
  if (!file) return;
  std::fputs(capturing ? "G " : "E ", file);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(file, format, arguments);
  va_end(arguments);
  std::fputc('\n', file);
}

// A call that a real device refuses. It is named at once: the program may end without a word.
inline int refuse(int result, const char *why) {
  if (FILE *const file = log_file()) {
    std::fprintf(file, "! %s\n", why);
    std::fflush(file);
  }
  return result;
}

// A number of the environment; `standard` where it is not set.
inline int number(const char *name, int standard) {
  const char *const text = std::getenv(name);
  return text ? std::atoi(text) : standard;
}

}  // namespace stand_in
