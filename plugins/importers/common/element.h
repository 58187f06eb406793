/*
 * element.h - elements of constants as numbers, for what importers reckon with while they read:
 * shapes, axes, sizes.
 */
#ifndef ELEMENT_H
#define ELEMENT_H

#include <amct/plugin.h>

/* Element i of data, which is aligned to nothing; NaN for 16-bit floats and what is no number. */
double element_number(uint32_t dtype, const void *data, size_t i);

#endif
