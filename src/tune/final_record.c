#include "tune/final_record.h"

#include <string.h>

/* Of a layer's weights, scales and biases; its source's scale and offset come first. */
static void sizes_of(size_t sizes[3], const amct_quantised *q)
{
    sizes[0] = (size_t)q->n_weights;
    sizes[1] = (size_t)q->n_scales * sizeof *q->scales;
    sizes[2] = (size_t)q->channels * sizeof *q->bias;
}

size_t amct_final_record_size(const amct_quantised *const *levels, uint32_t n_layers)
{
    size_t size = 0, sizes[3];
    for (uint32_t i = 0; i < n_layers; i++)
        if (levels[i]) {
            sizes_of(sizes, levels[i]);
            size += sizeof levels[i]->src + sizes[0] + sizes[1] + sizes[2];
        }
    return size;
}

void amct_final_record_write(char *to, const amct_quantised *const *levels, uint32_t n_layers)
{
    size_t sizes[3];
    for (uint32_t i = 0; i < n_layers; i++) {
        if (!levels[i])
            continue;
        const void *from[3] = {levels[i]->weights, levels[i]->scales, levels[i]->bias};
        sizes_of(sizes, levels[i]);
        memcpy(to, &levels[i]->src, sizeof levels[i]->src);
        to += sizeof levels[i]->src;
        for (int part = 0; part < 3; part++) {
            memcpy(to, from[part], sizes[part]);
            to += sizes[part];
        }
    }
}

amct_status amct_final_record_read(const amct_quantised **levels, uint32_t n_layers,
                                   const char *record, amct_arena *arena, amct_err *err)
{
    size_t sizes[3];
    for (uint32_t i = 0; i < n_layers; i++) {
        if (!levels[i])
            continue;
        amct_quantised *q = amct_arena_copy(arena, levels[i], sizeof *q);
        if (!q)
            return amct_fail_nomem(err);
        sizes_of(sizes, q);
        memcpy(&q->src, record, sizeof q->src);
        record += sizeof q->src;
        q->weights = amct_arena_copy(arena, record, sizes[0]);
        q->scales = amct_arena_copy(arena, record + sizes[0], sizes[1]);
        q->bias = amct_arena_copy(arena, record + sizes[0] + sizes[1], sizes[2]);
        if (!q->weights || !q->scales || !q->bias)
            return amct_fail_nomem(err);
        q->weights_hash = amct_hash_bytes((amct_hash){0}, q->weights, sizes[0]);
        record += sizes[0] + sizes[1] + sizes[2];
        levels[i] = q;
    }
    return AMCT_OK;
}
