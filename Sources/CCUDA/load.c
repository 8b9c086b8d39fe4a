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

#define LORA_FILL(name, FUNCTIONS, FIND)                              \
  const char *lora_##name##_fill(lora_##name *table, void *library) { \
    const char *missing = NULL;                                       \
    FUNCTIONS(FIND)                                                   \
    return missing;                                                   \
  }

LORA_FILL(driver, LORA_DRIVER_FUNCTIONS, LORA_FIND_DRIVERS)
LORA_FILL(nvrtc, LORA_NVRTC_FUNCTIONS, LORA_FIND_OTHERS)
LORA_FILL(cublaslt, LORA_CUBLASLT_FUNCTIONS, LORA_FIND_OTHERS)
LORA_FILL(cudnn, LORA_CUDNN_FUNCTIONS, LORA_FIND_OTHERS)
