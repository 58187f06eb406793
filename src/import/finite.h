/*
 * finite.h - NaN and infinities in weights, found at the speed of memory.
 */
#ifndef AMCT_IMPORT_FINITE_H
#define AMCT_IMPORT_FINITE_H

#include <stddef.h>
#include <stdint.h>

/* Index of the first of n elements, of any alignment, that is not finite; n if all are. All
 * elements of a dtype that is not a float are finite. [any thread] */
size_t amct_first_not_finite(uint32_t dtype, const void *data, size_t n);

#endif
