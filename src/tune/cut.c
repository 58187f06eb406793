#include "tune/cut.h"

#include <stdlib.h>
#include <string.h>

/* Tensors that the nodes behind the cut take from those before it, or from the input. */
static amct_status find_tensors(amct_cut *cut, const amct_graph *graph, const bool *before,
                                amct_err *err)
{
    bool *taken = calloc(graph->n_tensors + 1, sizeof *taken);
    bool *made_later = calloc(graph->n_tensors + 1, sizeof *made_later);
    if (!taken || !made_later) {
        free(taken);
        free(made_later);
        return amct_fail_nomem(err);
    }
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        for (uint32_t i = 0; !before[n] && i < node->n_dst; i++)
            if (node->dst[i] != AMCT_NO_TENSOR)
                made_later[node->dst[i]] = true;
        for (uint32_t i = 0; !before[n] && i < node->n_src; i++)
            if (node->src[i] != AMCT_NO_TENSOR)
                taken[node->src[i]] = true;
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        taken[graph->outputs[i]] = true;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        if (taken[t] && !made_later[t] && !graph->tensors[t].data)
            cut->tensors[cut->n++] = t;
    free(taken);
    free(made_later);
    return AMCT_OK;
}

static bool measure(amct_cut *cut, const amct_graph *graph)
{
    const amct_shape *in = &graph->tensors[graph->inputs[0]].shape;
    size_t batch = in->rank && in->dims[0] > 0 ? (size_t)in->dims[0] : 1;
    for (uint32_t i = 0; i < cut->n; i++) {
        const amct_tensor *t = &graph->tensors[cut->tensors[i]];
        if (t->dtype != AMCT_FLOAT || t->shape.rank < 1 || t->shape.dims[0] != (int64_t)batch)
            return false;
        cut->bytes[i] = (size_t)amct_shape_size(&t->shape) * sizeof(float) / batch;
        cut->row_bytes += cut->bytes[i];
    }
    return true;
}

bool amct_cut_fit(amct_cut *to, const amct_cut *cut, const amct_graph *graph)
{
    to->n = cut->n;
    to->tensors = cut->tensors;
    to->row_bytes = 0;
    return measure(to, graph) && to->row_bytes <= cut->row_bytes;
}

amct_status amct_cut_make(amct_cut *out, bool *usable, const amct_graph *graph, const bool *before,
                          amct_err *err)
{
    amct_cut cut = {.tensors = calloc(graph->n_tensors + 1, sizeof *cut.tensors),
                    .bytes = calloc(graph->n_tensors + 1, sizeof *cut.bytes)};
    amct_status status =
        cut.tensors && cut.bytes ? find_tensors(&cut, graph, before, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        *usable = measure(&cut, graph);
    if (status == AMCT_OK && *usable)
        *out = cut;
    else
        amct_cut_free(&cut);
    return status;
}

void amct_cut_free(amct_cut *cut)
{
    free(cut->tensors);
    free(cut->bytes);
    *cut = (amct_cut){0};
}

amct_status amct_cut_begin(const amct_cut *cut, amct_graph *graph, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        graph->tensors[graph->inputs[i]].input = false;
    graph->n_inputs = 0;
    for (uint32_t i = 0; i < cut->n; i++)
        AMCT_TRY(amct_graph_add_input(graph, cut->tensors[i], err));
    uint32_t kept = 0;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        bool made_before = false;
        for (uint32_t i = 0; i < graph->nodes[n].n_dst; i++)
            made_before |= graph->nodes[n].dst[i] != AMCT_NO_TENSOR &&
                           graph->tensors[graph->nodes[n].dst[i]].input;
        if (!made_before)
            graph->nodes[kept++] = graph->nodes[n];
    }
    graph->n_nodes = kept;
    return amct_graph_prune(graph, err);
}

amct_status amct_cut_end(const amct_cut *cut, amct_graph *graph, amct_err *err)
{
    graph->n_outputs = 0;
    for (uint32_t i = 0; i < cut->n; i++)
        AMCT_TRY(amct_graph_add_output(graph, cut->tensors[i], err));
    AMCT_TRY(amct_graph_prune(graph, err));
    graph->n_outputs = 0; /* outputs would be put in C order */
    return AMCT_OK;
}

void amct_cut_load(const amct_cut *cut, amct_plan *plan, const unsigned char *rows, uint32_t n)
{
    size_t at = 0;
    for (uint32_t i = 0; i < cut->n; i++) {
        amct_buffer in = amct_plan_input(plan, i);
        size_t bytes = cut->bytes[i], batch = in.shape.rank ? (size_t)in.shape.dims[0] : 1;
        for (uint32_t k = 0; k < n; k++)
            memcpy((char *)in.data + k * bytes, rows + k * cut->row_bytes + at, bytes);
        memset((char *)in.data + n * bytes, 0, (batch - n) * bytes);
        at += bytes;
    }
}

static void to_last(float *dst, const float *src, int64_t channels, int64_t positions)
{
    for (int64_t c = 0; c < channels; c++)
        for (int64_t p = 0; p < positions; p++)
            dst[p * channels + c] = src[c * positions + p];
}

void amct_cut_store(const amct_cut *cut, const amct_plan *plan, unsigned char *rows, uint32_t n)
{
    size_t at = 0;
    for (uint32_t i = 0; i < cut->n; i++) {
        amct_buffer b = amct_plan_watched(plan, cut->tensors[i]);
        size_t floats = cut->bytes[i] / sizeof(float);
        bool as_it_is = b.layout == AMCT_LAYOUT_LAST || b.shape.rank < 3 || b.shape.rank > 5;
        for (uint32_t k = 0; k < n; k++) {
            const float *src = (const float *)b.data + k * floats;
            float *dst = (float *)(void *)(rows + k * cut->row_bytes + at);
            int64_t channels = as_it_is ? 1 : b.shape.dims[1];
            if (as_it_is)
                memcpy(dst, src, cut->bytes[i]);
            else
                to_last(dst, src, channels, channels ? (int64_t)floats / channels : 0);
        }
        at += cut->bytes[i];
    }
}
