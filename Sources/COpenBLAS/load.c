#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

const char *lora_openblas_load(lora_openblas *table) {
  // Read when the library is loaded: threads of ours run over modules and tiles, each with
  // products of its own, and one of OpenBLAS's would take a core from them.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  // Global: LAPACKE is to find OpenBLAS's own LAPACK before any other that is installed.
  if (!dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_GLOBAL)) return dlerror();
  // Some systems have LAPACKE in the library above.
  if (!dlsym(RTLD_DEFAULT, "LAPACKE_dgesdd") &&
      !dlopen("liblapacke.so.3", RTLD_LAZY | RTLD_GLOBAL))
    return dlerror();

#define LORA_FIND(name) \
  if (!(*(void **)&table->name = dlsym(RTLD_DEFAULT, #name))) return dlerror();
  LORA_OPENBLAS_FUNCTIONS(LORA_FIND)
#undef LORA_FIND
  return NULL;
}
