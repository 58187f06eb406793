/*
 * import_number.h - elements of constants as numbers, for what importers reckon with while they
 * read: shapes, axes, sizes.
 */
#ifndef IMPORT_NUMBER_H
#define IMPORT_NUMBER_H

#include <amct/plugin.h>

/* Element i of data, which is aligned to nothing; NaN for 16-bit floats and what is no number. */
double import_number(uint32_t dtype, const void *data, size_t i);

#endif
