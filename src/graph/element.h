/*
 * element.h - one element of a tensor as a number, from memory of any alignment. For shape
 * arithmetic, constants and reference kernels; not for hot loops.
 */
#ifndef AMCT_GRAPH_ELEMENT_H
#define AMCT_GRAPH_ELEMENT_H

#include <amct/plugin.h>

/* Element i as a double, or as an integer: floats are truncated toward zero, clamped beyond the
 * range, NaN is 0. dtype is numeric (4-bit types are packed, low nibble first). */
double amct_element_get(uint32_t dtype, const void *data, int64_t i);
int64_t amct_element_get_int(uint32_t dtype, const void *data, int64_t i);
/* Stores a number. Floats round to nearest even; integers take the value as get_int would read it,
 * wrapped to their width; BOOL becomes 0 or 1. */
void amct_element_put(uint32_t dtype, void *data, int64_t i, double number);
void amct_element_put_int(uint32_t dtype, void *data, int64_t i, int64_t number);

#endif
