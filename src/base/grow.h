/*
 * grow.h - arrays that grow as they are filled.
 */
#ifndef AMCT_BASE_GROW_H
#define AMCT_BASE_GROW_H

#include "base/err.h"

#include <stddef.h>

/* Makes room for element n, 0 the first, of an array of *cap elements of `size` bytes each, which
 * more than doubles if it is too small. array: the address of a pointer to malloc'd memory, or to
 * NULL with a *cap of 0; what is new in it is not set. Fails with AMCT_E_NOMEM alone, and then
 * changes nothing. */
amct_status amct_grow(void *array, size_t n, size_t *cap, size_t size, amct_err *err);

#endif
