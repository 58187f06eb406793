#include "tune/prefix.h"

#include "base/fork.h"

#include <stdlib.h>
#include <string.h>

/* fixed[node]: neither changed nor fed by anything that is. */
static bool *find_fixed(const amct_graph *graph, const bool *changing)
{
    bool *fixed = calloc(graph->n_nodes + 1, sizeof *fixed);
    bool *moving = calloc(graph->n_tensors + 1, sizeof *moving); /* tensors */
    for (uint32_t n = 0; fixed && moving && n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        fixed[n] = !changing[n];
        for (uint32_t i = 0; i < node->n_src; i++)
            if (node->src[i] != AMCT_NO_TENSOR && moving[node->src[i]])
                fixed[n] = false;
        for (uint32_t i = 0; i < node->n_dst; i++)
            if (node->dst[i] != AMCT_NO_TENSOR)
                moving[node->dst[i]] = !fixed[n];
    }
    if (!moving) {
        free(fixed);
        fixed = NULL;
    }
    free(moving);
    return fixed;
}

/* Tensors that the rest of the network takes from the fixed part, or from the input. */
static amct_status find_cut(amct_prefix *p, const amct_graph *graph, const bool *fixed,
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
        for (uint32_t i = 0; !fixed[n] && i < node->n_dst; i++)
            if (node->dst[i] != AMCT_NO_TENSOR)
                made_later[node->dst[i]] = true;
        for (uint32_t i = 0; !fixed[n] && i < node->n_src; i++)
            if (node->src[i] != AMCT_NO_TENSOR)
                taken[node->src[i]] = true;
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        taken[graph->outputs[i]] = true;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        if (taken[t] && !made_later[t] && !graph->tensors[t].data)
            p->tensors[p->n++] = t;
    free(taken);
    free(made_later);
    return AMCT_OK;
}

/* Whether the cut is worth something and can be stored. */
static bool is_useful(amct_prefix *p, const amct_graph *graph, uint32_t n_samples,
                      size_t limit_bytes)
{
    const amct_shape *in = &graph->tensors[graph->inputs[0]].shape;
    size_t batch = in->rank && in->dims[0] > 0 ? (size_t)in->dims[0] : 1;
    bool behind = false;
    for (uint32_t i = 0; i < p->n; i++) {
        const amct_tensor *t = &graph->tensors[p->tensors[i]];
        size_t bytes = (size_t)amct_shape_size(&t->shape) * sizeof(float);
        if (t->dtype != AMCT_FLOAT || t->shape.rank < 1 || t->shape.dims[0] != (int64_t)batch)
            return false;
        behind |= !t->input;
        p->bytes[i] = bytes / batch;
        p->row_bytes += p->bytes[i];
    }
    return behind && p->saved_ratio > 0 && p->row_bytes <= limit_bytes / (n_samples + 1);
}

typedef struct filler {
    amct_prefix *prefix;
    const amct_graph *graph;
    const amct_feed *feed;
    amct_engine engine;
    uint32_t batch;
    amct_exec *exec;
    amct_plan *plan;
} filler;

static amct_status fill(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    filler *f = ctx;
    amct_prefix *p = f->prefix;
    uint32_t count;
    (void)worker;
    if (!f->plan) {
        amct_plan_options options = {.watch = p->tensors, .n_watch = p->n};
        AMCT_TRY(amct_exec_new(&f->exec, f->engine, err));
        AMCT_TRY(amct_plan_new(&f->plan, f->exec, f->graph, &options, err));
    }
    AMCT_TRY(amct_plan_run_samples(f->plan, f->feed, task * f->batch, &count, err));
    for (uint32_t k = 0; k < count; k++) {
        unsigned char *row = p->rows + (size_t)(task * f->batch + k) * p->row_bytes;
        for (uint32_t i = 0; i < p->n; i++) {
            amct_buffer b = amct_plan_watched(f->plan, p->tensors[i]);
            const float *src = (const float *)b.data + k * p->bytes[i] / sizeof(float);
            float *dst = (float *)(void *)row;
            if (b.layout == AMCT_LAYOUT_LAST || b.shape.rank < 3 || b.shape.rank > 5) {
                memcpy(dst, src, p->bytes[i]);
            } else {
                int64_t c = b.shape.dims[1];
                int64_t s = (int64_t)(p->bytes[i] / sizeof(float)) / (c ? c : 1);
                for (int64_t a = 0; a < c; a++)
                    for (int64_t d = 0; d < s; d++)
                        dst[d * c + a] = src[a * s + d];
            }
            row += p->bytes[i];
        }
    }
    return AMCT_OK;
}

amct_status amct_prefix_make(amct_prefix **out, const amct_graph *graph, const bool *changing,
                             const double *node_macs, const amct_feed *feed, amct_engine engine,
                             size_t limit_bytes, uint32_t jobs, amct_err *err)
{
    amct_prefix *p = calloc(1, sizeof *p);
    bool *fixed = find_fixed(graph, changing);
    amct_status status = AMCT_OK;
    if (p) {
        p->tensors = calloc(graph->n_tensors + 1, sizeof *p->tensors);
        p->bytes = calloc(graph->n_tensors + 1, sizeof *p->bytes);
        p->n_samples = feed->n;
    }
    if (!p || !fixed || !p->tensors || !p->bytes)
        status = amct_fail_nomem(err);
    double all = 0, saved = 0;
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++) {
        all += node_macs[n];
        saved += fixed[n] ? node_macs[n] : 0;
    }
    if (status == AMCT_OK) {
        p->saved_ratio = all > 0 ? saved / all : 0;
        status = find_cut(p, graph, fixed, err);
    }
    free(fixed);
    if (status == AMCT_OK && !is_useful(p, graph, feed->n, limit_bytes)) {
        amct_prefix_free(p);
        *out = NULL;
        return AMCT_OK;
    }
    if (status == AMCT_OK) {
        p->rows = amct_shared_alloc(feed->n * p->row_bytes);
        status = p->rows ? AMCT_OK : amct_fail_nomem(err);
    }
    if (status == AMCT_OK) {
        const amct_shape *in = &graph->tensors[graph->inputs[0]].shape;
        filler f = {.prefix = p,
                    .graph = graph,
                    .feed = feed,
                    .engine = engine,
                    .batch = in->rank ? (uint32_t)in->dims[0] : 1};
        status = amct_parallel(jobs, (feed->n + f.batch - 1) / f.batch, fill, &f, err);
        amct_plan_free(f.plan);
        amct_exec_free(f.exec);
    }
    if (status != AMCT_OK)
        amct_prefix_free(p);
    else
        *out = p;
    return status;
}

void amct_prefix_free(amct_prefix *prefix)
{
    if (!prefix)
        return;
    if (prefix->rows)
        amct_shared_free(prefix->rows, prefix->n_samples * prefix->row_bytes);
    free(prefix->tensors);
    free(prefix->bytes);
    free(prefix);
}

amct_status amct_prefix_cut(const amct_prefix *prefix, amct_graph *graph, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        graph->tensors[graph->inputs[i]].input = false;
    graph->n_inputs = 0;
    for (uint32_t i = 0; i < prefix->n; i++)
        AMCT_TRY(amct_graph_add_input(graph, prefix->tensors[i], err));
    uint32_t kept = 0;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        bool cut = false;
        for (uint32_t i = 0; i < graph->nodes[n].n_dst; i++)
            cut |= graph->nodes[n].dst[i] != AMCT_NO_TENSOR &&
                   graph->tensors[graph->nodes[n].dst[i]].input;
        if (!cut)
            graph->nodes[kept++] = graph->nodes[n];
    }
    graph->n_nodes = kept;
    return amct_graph_prune(graph, err);
}

void amct_prefix_load(const amct_prefix *prefix, amct_plan *plan, uint32_t first, uint32_t *count)
{
    size_t at = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < prefix->n; i++) {
        amct_buffer in = amct_plan_input(plan, i);
        uint32_t batch = (uint32_t)in.shape.dims[0], left = prefix->n_samples - first;
        n = left < batch ? left : batch;
        for (uint32_t k = 0; k < n; k++)
            memcpy((char *)in.data + k * prefix->bytes[i],
                   prefix->rows + (first + k) * prefix->row_bytes + at, prefix->bytes[i]);
        memset((char *)in.data + n * prefix->bytes[i], 0, (batch - n) * prefix->bytes[i]);
        at += prefix->bytes[i];
    }
    *count = n;
}
