/*
 * tf_runs.h - which dims become which when a tensor is reshaped, and in which order it then lies.
 */
#ifndef TF_RUNS_H
#define TF_RUNS_H

#include "tf_reader.h"

/* Product of dims; those that are not known are counted. */
typedef struct tf_product {
    uint32_t unknown;
    int64_t known;
} tf_product;

tf_product tf_product_of(const tf_shape *shape);

/* Which dims of x become which of the target: runs with the same product, numbered. */
typedef struct tf_runs {
    uint8_t from[TF_MAX_RANK], to[TF_MAX_RANK];
    uint32_t n;
} tf_runs;

tf_runs tf_runs_find(const tf_shape *from, const tf_shape *to);
/* Runs in the order in which x stores them; in each the dims must follow each other, for which x
 * may have to be transposed to `need`. The result is then stored in the order `made`. */
void tf_runs_plan(const tf_shape *from, const tf_shape *to, const tf_runs *found,
                  const tf_order *stored, tf_order *need, tf_order *made);

#endif
