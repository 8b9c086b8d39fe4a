// COpenBLAS: the functions of OpenBLAS (cblas_*) and LAPACKE (LAPACKE_*) that LinearAlgebra
// calls, found when the first of them is needed.
//
// Most runs do no algebra, and one that does needs no threads of OpenBLAS's own: linked, the
// library would start one for each core before main, which then wait in a loop. The headers are
// Debian's libopenblas-dev and liblapacke-dev; names and types stay as they spell them. To call
// one more function, add its line to the table.
#ifndef LORA_COPENBLAS_H
#define LORA_COPENBLAS_H

#include <cblas.h>
#include <lapacke.h>

#define LORA_OPENBLAS_FUNCTIONS(F) \
  F(cblas_dgemm)                   \
  F(cblas_dsyrk)                   \
  F(cblas_dtrsm)                   \
  F(cblas_sgemm)                   \
  F(cblas_ssyrk)                   \
  F(LAPACKE_dgeqrf)                \
  F(LAPACKE_dgesdd)                \
  F(LAPACKE_dgesv)                 \
  F(LAPACKE_dorgqr)                \
  F(LAPACKE_dpotrf)                \
  F(LAPACKE_dpstrf)                \
  F(LAPACKE_dsyev)                 \
  F(LAPACKE_dsyevd)                \
  F(LAPACKE_sgeqrf)                \
  F(LAPACKE_sorgqr)

#define LORA_FIELD(name) __typeof__(name) *name;
typedef struct lora_openblas {
  LORA_OPENBLAS_FUNCTIONS(LORA_FIELD)
} lora_openblas;
#undef LORA_FIELD

// Fills the table. Returns what is missing and why, or NULL where all is there.
const char *lora_openblas_load(lora_openblas *table);

#endif
