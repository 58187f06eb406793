#include "tune/final_record.h"

#include "structure/restructure.h"

#include <stdlib.h>
#include <string.h>

/* ---- Layers in integers ---------------------------------------------------------------------- */

/* Of a layer's weights, scales and biases; its source's scale and offset come first. */
static void sizes_of(size_t sizes[3], const amct_quantised *q)
{
    sizes[0] = (size_t)q->n_weights;
    sizes[1] = (size_t)q->n_scales * sizeof *q->scales;
    sizes[2] = (size_t)q->channels * sizeof *q->bias;
}

static size_t level_size(const amct_quantised *q)
{
    size_t sizes[3];
    sizes_of(sizes, q);
    return sizeof q->src + sizes[0] + sizes[1] + sizes[2];
}

static void write_level(char *to, const amct_quantised *q)
{
    const void *from[3] = {q->weights, q->scales, q->bias};
    size_t sizes[3];
    sizes_of(sizes, q);
    memcpy(to, &q->src, sizeof q->src);
    to += sizeof q->src;
    for (int part = 0; part < 3; part++) {
        memcpy(to, from[part], sizes[part]);
        to += sizes[part];
    }
}

static amct_status read_level(const amct_quantised **level, const char *record, amct_arena *arena,
                              amct_err *err)
{
    size_t sizes[3];
    amct_quantised *q = amct_arena_copy(arena, *level, sizeof *q);
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
    *level = q;
    return AMCT_OK;
}

/* ---- Layers in floats ------------------------------------------------------------------------ */

enum { NEW_WEIGHTS = 1, NEW_BIAS = 2 }; /* what a byte says, before the numbers */

static size_t weights_size(const amct_candidate *c, uint32_t i)
{
    uint32_t weights = c->layers[i].weights;
    return weights == AMCT_NO_TENSOR ? 0 : c->graph->tensors[weights].bytes;
}

static size_t bias_size(const amct_candidate *c, uint32_t i)
{
    return (size_t)c->layers[i].channels * sizeof(float);
}

/* The numbers of a tensor that the structured graph has not; NULL: it has them. */
static const void *find_new(const amct_candidate *c, uint32_t tensor)
{
    const amct_graph *old = c->structured.graph;
    const void *data = tensor == AMCT_NO_TENSOR ? NULL : c->graph->tensors[tensor].data;
    return tensor < old->n_tensors && old->tensors[tensor].data == data ? NULL : data;
}

static void write_floats(char *to, const amct_candidate *c, uint32_t i)
{
    const void *weights = find_new(c, c->layers[i].weights), *bias = find_new(c, c->layers[i].bias);
    size_t size = weights_size(c, i);
    memset(to, 0, 1 + size + bias_size(c, i));
    *to = (char)((weights ? NEW_WEIGHTS : 0) | (bias ? NEW_BIAS : 0));
    if (weights)
        memcpy(to + 1, weights, size);
    if (bias)
        memcpy(to + 1 + size, bias, bias_size(c, i));
}

static amct_status read_floats(amct_layer_form *form, const amct_candidate *c, uint32_t i,
                               const char *record, amct_arena *arena, amct_err *err)
{
    size_t size = weights_size(c, i);
    if (*record & NEW_WEIGHTS)
        form->weights = amct_arena_copy(arena, record + 1, size);
    if (*record & NEW_BIAS)
        form->bias = amct_arena_copy(arena, record + 1 + size, bias_size(c, i));
    bool room =
        (form->weights || !(*record & NEW_WEIGHTS)) && (form->bias || !(*record & NEW_BIAS));
    return room ? AMCT_OK : amct_fail_nomem(err);
}

/* ---- All of them ----------------------------------------------------------------------------- */

static size_t layer_size(const amct_candidate *c, uint32_t i, bool restored)
{
    return c->levels[i] ? level_size(c->levels[i])
           : restored   ? 1 + weights_size(c, i) + bias_size(c, i)
                        : 0;
}

size_t amct_final_record_size(const amct_candidate *c, bool restored)
{
    size_t size = 0;
    for (uint32_t i = 0; i < c->n_layers; i++)
        size += layer_size(c, i, restored);
    return size;
}

void amct_final_record_write(char *to, const amct_candidate *c)
{
    for (uint32_t i = 0; i < c->n_layers; i++) {
        if (c->levels[i])
            write_level(to, c->levels[i]);
        else if (c->restored)
            write_floats(to, c, i);
        to += layer_size(c, i, c->restored);
    }
}

static amct_status restore(amct_candidate *c, const amct_layer_form *forms, amct_err *err)
{
    amct_graph *restored;
    AMCT_TRY(amct_restructure(&restored, c->graph, NULL, NULL, c->layers, c->n_layers, forms, err));
    return amct_candidate_restore(c, restored, err);
}

amct_status amct_final_record_read(amct_candidate *c, bool restored, const char *record,
                                   amct_arena *arena, amct_err *err)
{
    amct_layer_form *forms = calloc(c->n_layers + (size_t)1, sizeof *forms);
    amct_status status = forms ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < c->n_layers; i++) {
        size_t size = layer_size(c, i, restored);
        if (c->levels[i])
            status = read_level(&c->levels[i], record, arena, err);
        else if (restored)
            status = read_floats(&forms[i], c, i, record, arena, err);
        record += size;
    }
    if (status == AMCT_OK && restored)
        status = restore(c, forms, err);
    free(forms);
    return status;
}
