#include <stdlib.h>
#include <string.h>

#include "CCUDA.h"

enum { MAXIMAL_OPTIONS = 16, MAXIMAL_HEADERS = 16, OUT_OF_MEMORY = 1, INVALID_OPTION = 5 };

static int read_log(const lora_nvrtc *nvrtc, nvrtcProgram program, lora_bytes *log) {
  int result = nvrtc->nvrtcGetProgramLogSize(program, &log->count);
  if (result || log->count == 0) return result;
  log->bytes = malloc(log->count);
  return log->bytes ? nvrtc->nvrtcGetProgramLog(program, log->bytes) : OUT_OF_MEMORY;
}

static int read_cubin(const lora_nvrtc *nvrtc, nvrtcProgram program, lora_bytes *cubin) {
  int result = nvrtc->nvrtcGetCUBINSize(program, &cubin->count);
  if (result) return result;
  cubin->bytes = malloc(cubin->count);
  return cubin->bytes ? nvrtc->nvrtcGetCUBIN(program, cubin->bytes) : OUT_OF_MEMORY;
}

int lora_nvrtc_compile(const lora_nvrtc *nvrtc, const char *source, const char *name,
                       const char *headers, int header_count, const char *options,
                       int option_count, lora_bytes *cubin, lora_bytes *log) {
  const char *list[MAXIMAL_OPTIONS], *names[MAXIMAL_HEADERS], *texts[MAXIMAL_HEADERS];
  if (option_count > MAXIMAL_OPTIONS || header_count > MAXIMAL_HEADERS) return INVALID_OPTION;
  for (int i = 0; i < option_count; i++, options += strlen(options) + 1) list[i] = options;
  for (int i = 0; i < header_count; i++) {
    names[i] = headers, headers += strlen(headers) + 1;
    texts[i] = headers, headers += strlen(headers) + 1;
  }

  nvrtcProgram program;
  int result = nvrtc->nvrtcCreateProgram(&program, source, name, header_count, texts, names);
  if (result) return result;
  result = nvrtc->nvrtcCompileProgram(program, option_count, list);
  int reading = read_log(nvrtc, program, log);
  if (!result) result = reading;
  if (!result) result = read_cubin(nvrtc, program, cubin);
  nvrtc->nvrtcDestroyProgram(&program);
  return result;
}
