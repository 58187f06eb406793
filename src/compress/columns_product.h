/*
 * columns_product.h - what other weights of a layer make of its source, as products of patches
 * (columns.h).
 */
#ifndef AMCT_COMPRESS_COLUMNS_PRODUCT_H
#define AMCT_COMPRESS_COLUMNS_PRODUCT_H

#include "compress/columns.h"

/* Weights in C order in the order in which they are multiplied; as many. */
void amct_columns_lay_out(float *to, const amct_columns *c, const float *weights);
/* The layer's results of the source at n rows of a sample, n x (groups * outputs), from weights
 * that are laid out. x: room for n x (groups * columns). */
void amct_columns_multiply(float *results, float *x, const float *weights, const amct_columns *c,
                           const amct_buffer *src, uint32_t sample, const uint32_t *rows, size_t n);

#endif
