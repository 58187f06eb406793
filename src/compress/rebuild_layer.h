/*
 * rebuild_layer.h - the integers of one layer of a compressed network, from the rows that it really
 * reads: least squares against the wanted result (least_squares.h), error-compensated rounding on
 * the second moments of those rows (round.h), then scale and bias of every channel so that the
 * rounded layer comes closest *behind* the activation that follows.
 */
#ifndef AMCT_COMPRESS_REBUILD_LAYER_H
#define AMCT_COMPRESS_REBUILD_LAYER_H

#include "compress/rebuild_rows.h"

/* *q is rows->level on entry; its weights, scales and bias become new ones in the arena. rows->x
 * and z are used up. A layer whose matrices do not fit into limit_bytes keeps its weights'
 * integers, and only scales and bias are new. weights: the original's. */
amct_status amct_rebuild_layer(amct_quantised *q, amct_rebuild_rows *rows, const float *weights,
                               amct_arena *arena, size_t limit_bytes, amct_err *err);

/* Finds scale and middle for which f(scale * y + middle + t) is nearest to f(z + t), f being what
 * the aim cuts off, by Gauss-Newton steps from 1 and mean z, to which `ridge` ties them in parts of
 * the curvature without any cutting off; y has mean zero, t may be NULL. scale stays 1 if it is not
 * free. */
void amct_rebuild_fit(double *scale, double *middle, const float *y, const float *z, const float *t,
                      size_t n, const amct_aim *aim, double ridge, bool scale_is_free);

#endif
