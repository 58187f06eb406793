#include "compress/row_loops.h"

#include <math.h>
#include <string.h>

/* As in kernels.c; without contraction all clones give the same numbers. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#if defined(__x86_64__) && defined(__ELF__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

CLONES void amct_rows_add(double *restrict sums, const float *restrict rows, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++)
            sums[k] += (double)rows[i * width + k];
}

CLONES void amct_rows_take_away(float *restrict rows, float *restrict largest,
                                const double *restrict means, size_t n, size_t width)
{
    memset(largest, 0, width * sizeof *largest);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++) {
            float x = rows[i * width + k] - (float)means[k], size = fabsf(x);
            rows[i * width + k] = x;
            largest[k] = size > largest[k] ? size : largest[k];
        }
}
