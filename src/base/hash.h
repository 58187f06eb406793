/*
 * hash.h - 128-bit content hashes (XXH3): names of cached levels, fingerprints of models and data.
 * Not for secrets.
 */
#ifndef AMCT_BASE_HASH_H
#define AMCT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct amct_hash {
    uint64_t lo, hi;
} amct_hash;

enum { AMCT_HASH_HEX = 33 }; /* 32 digits and a zero byte */

/* Of size bytes, continued from seed: hashing parts in turn gives a hash of all of them. */
amct_hash amct_hash_bytes(amct_hash seed, const void *data, size_t size);
amct_hash amct_hash_string(amct_hash seed, const char *text); /* with its end */
amct_hash amct_hash_u64(amct_hash seed, uint64_t value);
void amct_hash_hex(amct_hash hash, char out[AMCT_HASH_HEX]);

static inline int amct_hash_equal(amct_hash a, amct_hash b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

#endif
