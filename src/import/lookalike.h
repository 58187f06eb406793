/*
 * lookalike.h - what a file that no importer knows looks like, for the message.
 */
#ifndef AMCT_IMPORT_LOOKALIKE_H
#define AMCT_IMPORT_LOOKALIKE_H

#include <stddef.h>

/* "a Keras or HDF5 file", from the first n bytes; NULL if they tell nothing. */
const char *amct_lookalike(const void *head, size_t n);

#endif
