/* Zip archives of any bytes: members that are listed can be unpacked into what they declare. */
#include "data/array.h"
#include "data/zip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void extract(const amct_zip_member *member)
{
    amct_err err;
    amct_array array;
    uint8_t *bytes = malloc(member->bytes + 1);
    if (bytes && amct_zip_extract(bytes, member, &err) == AMCT_OK)
        amct_npy_parse(&array, bytes, member->bytes, &err);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_err err = {AMCT_OK, ""};
    amct_zip_file zip;
    amct_arena *arena = amct_arena_new();
    if (amct_zip_open(&zip, arena, data, size, &err) == AMCT_OK) {
        /* members may share their bytes: the first few are enough */
        for (size_t i = 0; i < zip.n && i < 8; i++)
            extract(&zip.members[i]);
    } else if (!err.text[0]) {
        abort();
    }
    amct_arena_free(arena);
    return 0;
}
