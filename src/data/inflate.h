/*
 * inflate.h - unpacking of gzip files and of deflated members of zip files, into a size that is
 * known beforehand: whatever the packed bytes claim, no more is written.
 */
#ifndef AMCT_DATA_INFLATE_H
#define AMCT_DATA_INFLATE_H

#include "base/err.h"

#include <stdbool.h>

typedef enum amct_packing { AMCT_PACKED_GZIP, AMCT_PACKED_RAW } amct_packing;

bool amct_is_gzip(const void *bytes, size_t size);

/* Deflate cannot shrink data to less than 1/1032 of its size (zlib, "Maximum Compression Factor"):
 * whether `size` bytes may come out of `packed` ones. To be asked before memory is allocated. */
bool amct_inflate_possible(uint64_t size, uint64_t packed_size);

/* Unpacks the first bytes, up to size of them; *n is how many there were. */
amct_status amct_inflate_head(void *dst, size_t size, size_t *n, const void *packed,
                              size_t packed_size, amct_packing packing, amct_err *err);

/* Unpacks exactly size bytes. AMCT_E_FORMAT if there are more or fewer, if the data are damaged or
 * if anything follows them. */
amct_status amct_inflate(void *dst, size_t size, const void *packed, size_t packed_size,
                         amct_packing packing, amct_err *err);

#endif
