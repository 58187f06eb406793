/* Lists of samples of any bytes, of each of the three kinds. */
#include "data/sample_list.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const amct_list_kind kinds[] = {AMCT_LIST_LABELLED, AMCT_LIST_FILES, AMCT_LIST_LABELS};
    for (int k = 0; k < 3; k++) {
        amct_err err = {AMCT_OK, ""};
        amct_sample_list list;
        amct_arena *arena = amct_arena_new();
        if (amct_sample_list_parse(&list, arena, data, size, kinds[k], &err) == AMCT_OK) {
            for (uint32_t i = 0; i < list.n; i++)
                if (kinds[k] != AMCT_LIST_LABELS && !strlen(list.entries[i].file))
                    abort();
        } else if (!err.text[0]) {
            abort();
        }
        amct_arena_free(arena);
    }
    return 0;
}
