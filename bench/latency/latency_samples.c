#include "bench/latency/latency_samples.h"

#include "base/hash.h"
#include "measure/latency.h"
#include "passes/prepare.h"
#include "plugins/estimators/ascend/ascend_describe.h"
#include "plugins/estimators/ascend/ascend_fuse.h"
#include "tune/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 16 };

/* A table of kernels by hash, while samples are found. */
typedef struct finder {
    latency_samples out;
    uint32_t room_kernels, room_parts;
    uint32_t *bucket, *next; /* of kernels, index + 1 */
    ascend_chip chip[LATENCY_CHIPS];
    /* What the collecting estimator is asked for. */
    latency_sample *sample;
    uint32_t chips;
    bool nomem;
} finder;

static void *grown(void *old, uint32_t *room, uint32_t n, size_t size)
{
    if (n < *room)
        return old;
    *room = *room ? 2 * *room : 4096;
    return realloc(old, *room * size);
}

static double rounded(double x, double per_octave)
{
    return x <= 0 ? 0 : exp2(round(log2(x) * per_octave) / per_octave);
}

static uint32_t kernel_of(finder *f, const latency_kernel *k)
{
    amct_hash h = amct_hash_bytes((amct_hash){1, 1}, k, sizeof *k);
    uint32_t *at = &f->bucket[h.lo % BUCKETS], room = f->room_kernels;
    for (uint32_t i = *at; i; i = f->next[i - 1])
        if (memcmp(&f->out.kernels[i - 1], k, sizeof *k) == 0) {
            f->out.chips[i - 1] |= f->chips;
            return i - 1;
        }
    uint32_t n = f->out.n_kernels, room_2 = room, room_3 = room;
    f->out.kernels = grown(f->out.kernels, &f->room_kernels, n, sizeof *f->out.kernels);
    f->next = grown(f->next, &room_2, n, sizeof *f->next);
    f->out.chips = grown(f->out.chips, &room_3, n, sizeof *f->out.chips);
    if (!f->out.kernels || !f->next || !f->out.chips) {
        f->nomem = true;
        return 0;
    }
    f->out.kernels[n] = *k;
    f->out.chips[n] = f->chips;
    f->next[n] = *at;
    *at = ++f->out.n_kernels;
    return n;
}

static void add_part(finder *f, uint32_t kernel)
{
    latency_sample *s = f->sample;
    for (uint32_t i = s->first; i < s->first + s->n; i++)
        if (f->out.parts[i].kernel == kernel) {
            f->out.parts[i].count++;
            return;
        }
    f->out.parts = grown(f->out.parts, &f->room_parts, f->out.n_parts, sizeof *f->out.parts);
    if (!f->out.parts) {
        f->nomem = true;
        return;
    }
    f->out.parts[f->out.n_parts++] = (latency_part){kernel, 1};
    s->n++;
}

/* ---- The estimator that collects ----------------------------------------------------------- */

static finder *collecting; /* one program, one thread */

static int32_t open_collector(const amct_host *host, const amct_option *options, size_t n,
                              void **self)
{
    (void)host, (void)options, (void)n;
    *self = collecting;
    return AMCT_OK;
}

static int32_t collector_info(void *self, amct_estimator_info *out)
{
    (void)self;
    out->method = AMCT_METHOD_MODEL;
    out->deterministic = 1;
    out->device = "any";
    return AMCT_OK;
}

static void collect_works(finder *f, ascend_graph *g)
{
    latency_kernel *kernels = calloc(g->n_nodes + 1, sizeof *kernels);
    uint32_t n_kernels = 0;
    for (uint32_t n = 0; kernels && n < g->n_nodes; n++) {
        if (g->nodes[n].status == AMCT_NODE_UNSUPPORTED) {
            f->sample->known = false;
            snprintf(f->sample->why, sizeof f->sample->why, "operator %.100s",
                     AMCT_AT(amct_node_desc, g->view->nodes, n)->op);
        }
        if (g->nodes[n].status != AMCT_NODE_OK)
            continue;
        ascend_work *w = &kernels[n_kernels++].work;
        ascend_describe(g, n, w);
        for (int i = 0; i < ASCEND_READS; i++)
            w->read[i].distance = rounded(w->read[i].distance, 4);
    }
    for (uint32_t i = 0; i < n_kernels && !f->nomem; i++) {
        kernels[i].traffic = rounded(g->traffic, 8);
        add_part(f, kernel_of(f, &kernels[i]));
    }
    f->nomem |= !kernels;
    free(kernels);
}

static int32_t collect(void *self, const amct_graph_view *view, amct_node_cost *out,
                       amct_graph_cost *total)
{
    finder *f = self;
    ascend_graph g;
    ascend_settings settings = {.chip = &f->chip[f->sample->chip],
                                .aipp = f->sample->aipp,
                                .small_channel = true,
                                .residual = ASCEND_RESIDUAL_INT8};
    void *scratch = malloc(ascend_graph_bytes(view));
    if (!scratch)
        return AMCT_E_NOMEM;
    ascend_graph_init(&g, view, &settings, scratch);
    ascend_fuse(&g);
    collect_works(f, &g);
    f->sample->border_bytes = ascend_describe_border(&g);
    free(scratch);
    for (uint32_t n = 0; n < view->n_nodes; n++)
        out[n].status = AMCT_NODE_REMOVED;
    total->latency_ns = total->fixed_ns = 1;
    return f->nomem ? AMCT_E_NOMEM : AMCT_OK;
}

static void close_collector(void *self)
{
    (void)self;
}

static const amct_estimator collector_table = {.struct_size = sizeof collector_table,
                                               .open = open_collector,
                                               .info = collector_info,
                                               .estimate = collect,
                                               .close = close_collector};

static const amct_plugin collector_plugin = {.struct_size = sizeof collector_plugin,
                                             .abi_minor = AMCT_ABI_MINOR,
                                             .kind = AMCT_PLUGIN_ESTIMATOR,
                                             .name = "collector",
                                             .version = "1",
                                             .summary = "kernels of a graph",
                                             .estimator = &collector_table};

/* ---- Samples ------------------------------------------------------------------------------- */

static amct_status find_sample(finder *f, amct_estimating *estimator, amct_model *model,
                               latency_sample *s, amct_err *err)
{
    amct_latency latency;
    *s = (latency_sample){.file = s->file,
                          .batch = s->batch,
                          .aipp = s->aipp,
                          .chip = s->chip,
                          .known = true,
                          .first = f->out.n_parts};
    amct_status status = amct_set_batch(model->graph, s->batch * model->batch, err);
    if (status == AMCT_E_UNSUPPORTED) {
        s->known = false;
        snprintf(s->why, sizeof s->why, "%.199s", err->text);
        return AMCT_OK;
    }
    f->sample = s;
    AMCT_TRY(status);
    AMCT_TRY(amct_latency_estimate(&latency, estimator, model->graph, err));
    amct_latency_free(&latency);
    return AMCT_OK;
}

/* All samples of one file; they stand one after the other. */
static amct_status find_file(finder *f, const amct_plugins *plugins, const char *folder,
                             latency_sample *s, uint32_t n, amct_err *err)
{
    char path[4096];
    amct_model model;
    amct_estimating *estimator = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, s->file);
    AMCT_TRY(amct_model_load(&model, plugins, path, NULL, err));
    collecting = f;
    amct_status status =
        amct_estimating_open(&estimator, plugins, collector_plugin.name, NULL, 0, err);
    for (uint32_t i = 0; i < n && status == AMCT_OK; i++) {
        f->chips = 1u << s[i].chip;
        status = find_sample(f, estimator, &model, &s[i], err);
    }
    amct_estimating_close(estimator);
    amct_model_free(&model);
    return status == AMCT_OK ? AMCT_OK : amct_fail_in(err, "%s", path);
}

static int by_name(const void *a, const void *b)
{
    const latency_sample *x = a, *y = b;
    int c = strcmp(x->file, y->file);
    if (c == 0)
        c = (x->batch > y->batch) - (x->batch < y->batch);
    if (c == 0)
        c = x->aipp - y->aipp;
    return c ? c : x->chip - y->chip;
}

/* One sample for each file, batch, way of input and chip; `of` names it for each point. */
static void list_samples(latency_samples *out, const latency_points *points)
{
    latency_sample *s = out->samples;
    for (uint32_t i = 0; i < points->n; i++)
        s[i] = (latency_sample){.file = points->points[i].file,
                                .batch = points->points[i].batch,
                                .aipp = points->points[i].aipp,
                                .chip = points->points[i].chip};
    qsort(s, points->n, sizeof *s, by_name);
    for (uint32_t i = 0; i < points->n; i++)
        if (i == 0 || by_name(&s[i], &s[out->n_samples - 1]) != 0)
            s[out->n_samples++] = s[i];
    for (uint32_t i = 0; i < points->n; i++) {
        latency_sample key = {.file = points->points[i].file,
                              .batch = points->points[i].batch,
                              .aipp = points->points[i].aipp,
                              .chip = points->points[i].chip};
        const latency_sample *at = bsearch(&key, s, out->n_samples, sizeof *s, by_name);
        out->of[i] = (uint32_t)(at - s);
    }
}

static amct_status find_all(finder *f, amct_plugins *importers, const char *folder, amct_err *err)
{
    latency_sample *s = f->out.samples;
    for (uint32_t i = 0, n; i < f->out.n_samples; i += n) {
        for (n = 1; i + n < f->out.n_samples && strcmp(s[i + n].file, s[i].file) == 0;)
            n++;
        AMCT_TRY(find_file(f, importers, folder, &s[i], n, err));
    }
    return AMCT_OK;
}

amct_status latency_samples_find(latency_samples *out, amct_plugins *importers, const char *folder,
                                 const latency_points *points, amct_err *err)
{
    finder f = {.bucket = calloc(BUCKETS, sizeof *f.bucket)};
    f.out.samples = calloc(points->n + (size_t)1, sizeof *f.out.samples);
    f.out.of = calloc(points->n + (size_t)1, sizeof *f.out.of);
    amct_status status = f.bucket && f.out.samples && f.out.of ? AMCT_OK : amct_fail_nomem(err);
    for (int i = 0; i < LATENCY_CHIPS && status == AMCT_OK; i++)
        status = ascend_chip_read(&f.chip[i], latency_chips[i], NULL, err);
    if (status == AMCT_OK)
        status = amct_plugins_add(importers, &collector_plugin, "(fit)", err);
    if (status == AMCT_OK) {
        list_samples(&f.out, points);
        status = find_all(&f, importers, folder, err);
    }
    free(f.bucket);
    free(f.next);
    if (status != AMCT_OK)
        latency_samples_free(&f.out);
    else
        *out = f.out;
    return status;
}

void latency_samples_free(latency_samples *samples)
{
    free(samples->samples);
    free(samples->kernels);
    free(samples->parts);
    free(samples->chips);
    free(samples->of);
    *samples = (latency_samples){0};
}
