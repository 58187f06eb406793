/*
 * moment_work.h - how long second moments and least squares would take here: counted of the layers,
 * by the pace of this processor, which is measured for a moment.
 */
#ifndef AMCT_TUNE_MOMENT_WORK_H
#define AMCT_TUNE_MOMENT_WORK_H

#include "compress/layer.h"

#include <stddef.h>

typedef struct amct_moment_work {
    double pass_seconds;   /* of one processor: the moments of all layers, once */
    double factor_seconds; /* likewise: the factors of all of them */
    size_t bytes;          /* of the moments of all layers */
} amct_moment_work;

amct_status amct_moment_work_find(amct_moment_work *out, const amct_graph *graph,
                                  const amct_layer *layers, uint32_t n_layers, uint32_t n_samples,
                                  amct_err *err);

#endif
