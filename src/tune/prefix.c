#include "tune/prefix.h"

#include "base/fork.h"

#include <stdlib.h>
#include <string.h>

bool *amct_prefix_fixed(const amct_graph *graph, const bool *changing)
{
    bool *fixed = calloc(graph->n_nodes + 1, sizeof *fixed);
    bool *moving = calloc(graph->n_tensors + 1, sizeof *moving);
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
    const amct_cut *cut = &f->prefix->cut;
    uint32_t count;
    (void)worker;
    if (!f->plan) {
        amct_plan_options options = {.watch = cut->tensors, .n_watch = cut->n};
        AMCT_TRY(amct_exec_new(&f->exec, f->engine, err));
        AMCT_TRY(amct_plan_new(&f->plan, f->exec, f->graph, &options, err));
    }
    AMCT_TRY(amct_plan_run_samples(f->plan, f->feed, task * f->batch, &count, err));
    amct_cut_store(cut, f->plan, f->prefix->rows + (size_t)task * f->batch * cut->row_bytes, count);
    return AMCT_OK;
}

/* Whether the cut is worth something and can be stored. */
static bool is_useful(const amct_prefix *p, const amct_graph *graph, size_t limit_bytes)
{
    bool behind = false;
    for (uint32_t i = 0; i < p->cut.n; i++)
        behind |= !graph->tensors[p->cut.tensors[i]].input;
    return behind && p->saved_ratio > 0 && p->cut.row_bytes <= limit_bytes / (p->n_samples + 1);
}

amct_status amct_prefix_make(amct_prefix **out, const amct_graph *graph, const bool *changing,
                             const double *node_macs, const amct_feed *feed, amct_engine engine,
                             size_t limit_bytes, uint32_t jobs, amct_err *err)
{
    amct_prefix *p = calloc(1, sizeof *p);
    bool *fixed = amct_prefix_fixed(graph, changing), usable = false;
    amct_status status =
        p && fixed ? amct_cut_make(&p->cut, &usable, graph, fixed, err) : amct_fail_nomem(err);
    double all = 0, saved = 0;
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++) {
        all += node_macs[n];
        saved += fixed[n] ? node_macs[n] : 0;
    }
    free(fixed);
    if (status == AMCT_OK) {
        p->n_samples = feed->n;
        p->saved_ratio = all > 0 ? saved / all : 0;
    }
    if (status == AMCT_OK && !(usable && is_useful(p, graph, limit_bytes))) {
        amct_prefix_free(p);
        *out = NULL;
        return AMCT_OK;
    }
    if (status == AMCT_OK) {
        p->rows = amct_shared_alloc(feed->n * p->cut.row_bytes);
        status = p->rows ? AMCT_OK : amct_fail_nomem(err);
    }
    if (status == AMCT_OK) {
        filler f = {.prefix = p,
                    .graph = graph,
                    .feed = feed,
                    .engine = engine,
                    .batch = (uint32_t)amct_batch_of(graph)};
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
        amct_shared_free(prefix->rows, prefix->n_samples * prefix->cut.row_bytes);
    amct_cut_free(&prefix->cut);
    free(prefix);
}
