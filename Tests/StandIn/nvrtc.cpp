// NVRTC as a library that compiles nothing: its code is the name of a file and how it is compiled.
#include <cstring>
#include <string>

#include "CCUDA.h"

struct _nvrtcProgram {
  std::string code;
};

extern "C" {

nvrtcResult nvrtcVersion(int *major, int *minor) { return *major = 13, *minor = 0, 0; }
const char *nvrtcGetErrorString(nvrtcResult) { return "stand-in fault"; }
nvrtcResult nvrtcGetNumSupportedArchs(int *count) { return *count = 6, 0; }
nvrtcResult nvrtcGetSupportedArchs(int *numbers) {
  const int all[] = {75, 80, 86, 89, 90, 120};
  std::memcpy(numbers, all, sizeof all);
  return 0;
}
nvrtcResult nvrtcCreateProgram(nvrtcProgram *program, const char *, const char *name, int,
                               const char *const *, const char *const *) {
  *program = new _nvrtcProgram{std::string("stand-in ") + name};
  return 0;
}
nvrtcResult nvrtcDestroyProgram(nvrtcProgram *program) { return delete *program, 0; }
nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int count, const char *const *options) {
  const std::string prefix = "--define-macro=";
  for (int i = 0; i < count; i++) {
    const std::string option = options[i];
    if (option.compare(0, prefix.size(), prefix) == 0)
      program->code += ":" + option.substr(option.find('=', prefix.size()) + 1);
  }
  return 0;
}
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram, size_t *bytes) { return *bytes = 0, 0; }
nvrtcResult nvrtcGetProgramLog(nvrtcProgram, char *) { return 0; }
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *bytes) {
  return *bytes = program->code.size() + 1, 0;
}
nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *code) {
  return std::strcpy(code, program->code.c_str()), 0;
}
nvrtcResult nvrtcGetPTXSize(nvrtcProgram program, size_t *bytes) {
  return nvrtcGetCUBINSize(program, bytes);
}
nvrtcResult nvrtcGetPTX(nvrtcProgram program, char *code) { return nvrtcGetCUBIN(program, code); }

}  // extern "C"
