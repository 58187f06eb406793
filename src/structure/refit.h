/*
 * refit.h - a layer's weights for a part of the channels that it reads, so that its result stays as
 * near as possible to what it was.
 *
 * With C the covariance of its columns (columns.h), S those that are kept and w the weights of an
 * output, least squares that are drawn towards the old weights give
 *
 *     w'_S = (C_SS + l I)^-1 ((C w)_S + l w_S),
 *
 * and the bias takes in the difference of the means. One Cholesky factor, with columns in the order
 * in which they are kept, serves every S that is a beginning of that order. Of several parts of the
 * columns (moments.h) each makes up for itself.
 */
#ifndef AMCT_STRUCTURE_REFIT_H
#define AMCT_STRUCTURE_REFIT_H

#include "structure/lanes.h"
#include "compress/moments.h"

typedef struct amct_refit amct_refit;

/* l as a ratio of C's mean diagonal for moments of that many samples: 1 %, and 10 % of fewer than
 * 500, which would be fitted too closely. */
double amct_refit_ridge(uint32_t samples);

/* Of a layer with moments. place[lane]: how early a lane that it reads is kept, lanes that are
 * always kept first; only the order counts. Memory: 8 bytes for each element of C. */
amct_status amct_refit_new(amct_refit **out, const amct_graph *graph, const amct_layer *layer,
                           const amct_gram *gram, const amct_lanes *lanes, const uint32_t *place,
                           double ridge, amct_err *err);
void amct_refit_free(amct_refit *refit); /* NULL is allowed */

/* What a layer has left if the lanes are kept of which keep[] is true. */
typedef struct amct_refit_size {
    int64_t weights, channels; /* numbers of the weights; channels of the result */
} amct_refit_size;
amct_refit_size amct_refit_size_of(const amct_refit *refit, const bool *keep);
/* How weights lie that have that many channels per group (window and rows stay as they are). */
amct_columns amct_refit_smaller(const amct_columns *whole, int64_t channels, int64_t outputs);
/* How its weights lie then. */
amct_columns amct_refit_columns(const amct_refit *refit, const bool *keep);

/* The layer for those lanes, as amct_layer_form wants it (restructure.h). *error: the variance of
 * what is wrong with the result, over all channels, in units of the result's variance; 0 if that is
 * 0. */
amct_status amct_refit_run(float *weights, float *bias, double *error, const amct_refit *refit,
                           const bool *keep, amct_err *err);
/* The old weights of what is kept, but with the result's mean and variance, channel by channel. */
amct_status amct_refit_scale(float *weights, float *bias, double *error, const amct_refit *refit,
                             const bool *keep, amct_err *err);

#endif
