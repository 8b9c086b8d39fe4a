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

static int read_code(const lora_nvrtc *nvrtc, nvrtcProgram program, int as_ptx, lora_bytes *code) {
  int result = as_ptx ? nvrtc->nvrtcGetPTXSize(program, &code->count)
                      : nvrtc->nvrtcGetCUBINSize(program, &code->count);
  if (result) return result;
  code->bytes = malloc(code->count);
  if (!code->bytes) return OUT_OF_MEMORY;
  return as_ptx ? nvrtc->nvrtcGetPTX(program, code->bytes)
                : nvrtc->nvrtcGetCUBIN(program, code->bytes);
}

int lora_nvrtc_compile(const lora_nvrtc *nvrtc, const char *source, const char *name,
                       const char *headers, int header_count, const char *options,
                       int option_count, int as_ptx, lora_bytes *code, lora_bytes *log) {
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
  if (!result) result = read_code(nvrtc, program, as_ptx, code);
  nvrtc->nvrtcDestroyProgram(&program);
  return result;
}
