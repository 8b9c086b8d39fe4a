#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "CCUDA.h"

void *lora_library_open(const char *name) { return dlopen(name, RTLD_NOW | RTLD_LOCAL); }

const char *lora_library_error(void) {
  const char *error = dlerror();
  return error ? error : "";
}

const char *lora_library_path(void *library) {
  struct link_map *map = NULL;
  return dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map ? map->l_name : "";
}

#define LORA_FIND(name)                           \
  *(void **)&table->name = dlsym(library, #name); \
  if (!table->name && !missing) missing = #name;
#define LORA_FIND_DRIVERS(name, parameters) LORA_FIND(name)
#define LORA_FIND_OTHERS(result, name, parameters) LORA_FIND(name)

const char *lora_driver_fill(lora_driver *table, void *library) {
  const char *missing = NULL;
  LORA_DRIVER_FUNCTIONS(LORA_FIND_DRIVERS)
  return missing;
}

const char *lora_nvrtc_fill(lora_nvrtc *table, void *library) {
  const char *missing = NULL;
  LORA_NVRTC_FUNCTIONS(LORA_FIND_OTHERS)
  return missing;
}

const char *lora_cublaslt_fill(lora_cublaslt *table, void *library) {
  const char *missing = NULL;
  LORA_CUBLASLT_FUNCTIONS(LORA_FIND_OTHERS)
  return missing;
}

const char *lora_cudnn_fill(lora_cudnn *table, void *library) {
  const char *missing = NULL;
  LORA_CUDNN_FUNCTIONS(LORA_FIND_OTHERS)
  return missing;
}
