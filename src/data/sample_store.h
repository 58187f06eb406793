/*
 * sample_store.h - one block of memory for many samples, shared with the processes forked later.
 *
 * It is anonymous while it fits into a limit, else the pages of a file that has no name any more:
 * nothing is left behind, however the program ends.
 */
#ifndef AMCT_DATA_SAMPLE_STORE_H
#define AMCT_DATA_SAMPLE_STORE_H

#include "base/err.h"

#include <stdbool.h>

typedef struct amct_sample_store {
    uint8_t *data; /* zeroed at first */
    size_t size;
    bool spilled; /* in a file */
} amct_sample_store;

/* size > 0. With more than limit_bytes the block goes into a file in spill_folder, whose space is
 * reserved at once; without a folder (NULL) it is AMCT_E_LIMIT. */
amct_status amct_sample_store_new(amct_sample_store *out, uint64_t size, uint64_t limit_bytes,
                                  const char *spill_folder, amct_err *err);
/* Makes the contents unchangeable, for this process and those forked later. */
void amct_sample_store_seal(amct_sample_store *store);
void amct_sample_store_free(amct_sample_store *store); /* a zeroed one is allowed */

#endif
