#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

amct_hash amct_hash_bytes(amct_hash seed, const void *data, size_t size)
{
    XXH128_hash_t part = XXH3_128bits_withSeed(data, size, seed.lo);
    uint64_t mixed[4] = {part.low64, part.high64, seed.lo, seed.hi};
    XXH128_hash_t all = XXH3_128bits(mixed, sizeof mixed);
    return (amct_hash){all.low64, all.high64};
}

amct_hash amct_hash_string(amct_hash seed, const char *text)
{
    return amct_hash_bytes(seed, text, strlen(text) + 1);
}

amct_hash amct_hash_u64(amct_hash seed, uint64_t value)
{
    return amct_hash_bytes(seed, &value, sizeof value);
}

void amct_hash_hex(amct_hash hash, char out[AMCT_HASH_HEX])
{
    snprintf(out, AMCT_HASH_HEX, "%016" PRIx64 "%016" PRIx64, hash.hi, hash.lo);
}
