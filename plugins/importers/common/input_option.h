/*
 * input_option.h - the option `input` of importers: dims of inputs that a file leaves open,
 * "1x3x32x32", or "x:1x3x32x32;y:1x10" where there are several.
 */
#ifndef INPUT_OPTION_H
#define INPUT_OPTION_H

#include <amct/plugin.h>
#include <stdbool.h>

/* What the option says for the input of that name, or for all: its first *n bytes; NULL if nothing.
 * option may be NULL. */
const char *input_option_find(const char *option, const char *name, size_t *n);
/* Reads "1x3x32x32" of n bytes: 1 to AMCT_MAX_RANK dims of 1 to 2^31 - 1. False if it is not so. */
bool input_option_dims(const char *text, size_t n, int32_t *rank, int64_t dims[AMCT_MAX_RANK]);

#endif
