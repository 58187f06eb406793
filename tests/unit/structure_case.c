#include "unit/structure_case.h"

#include "base/pcg.h"
#include "compress/calibrate.h"

#include <math.h>
#include <stdio.h>

static amct_err err;
#define must(expr) net_must(expr, &err)

/* Random numbers that only depend on the sample and the place in it. */
static amct_status fetch(void *ctx, uint32_t first, uint32_t count, amct_layout layout, float *dst,
                         amct_err *error)
{
    const structure_case *c = ctx;
    const amct_shape *shape = &c->graph->tensors[c->graph->inputs[0]].shape;
    bool last = layout == AMCT_LAYOUT_LAST && shape->rank > 2;
    int64_t channels = last ? shape->dims[1] : 1;
    int64_t size = amct_shape_count(shape, 1, shape->rank), inner = size / channels;
    (void)error;
    for (uint32_t s = first; s < first + count; s++, dst += size) {
        amct_pcg rng = amct_pcg_new(s, 9);
        for (int64_t k = 0; k < channels; k++)
            for (int64_t i = 0; i < inner; i++)
                dst[last ? i * channels + k : k * inner + i] =
                    (float)(2 * amct_pcg_unit(&rng) - 0.8);
    }
    return AMCT_OK;
}

void structure_case_begin(structure_case *c, amct_graph *graph, uint32_t n_samples)
{
    *c = (structure_case){.graph = graph, .n_samples = n_samples};
    c->feed = (amct_feed){c, n_samples, fetch};
    must(amct_layers_find(&c->layers, &c->n_layers, graph, &err));
    must(amct_groups_find(&c->groups, graph, NULL, &err));
    must(amct_calibrate(&c->calibration, graph, c->layers, c->n_layers, &c->feed,
                        &amct_range_defaults, 1, &err));
    bool *wanted = malloc(c->n_layers + 1);
    c->grams = calloc(c->n_layers + 1, sizeof *c->grams);
    memset(wanted, true, c->n_layers + 1);
    must(amct_moments_collect(&c->moments, graph, c->layers, c->n_layers, wanted, c->calibration,
                              &c->feed, 1, &err));
    for (uint32_t i = 0; i < c->n_layers; i++)
        c->grams[i] = amct_moments_of(c->moments, i);
    free(wanted);
}

void structure_case_end(structure_case *c)
{
    free(c->grams);
    amct_moments_free(c->moments);
    amct_calibration_free(c->calibration);
    amct_groups_free(c->groups);
    free(c->layers);
    amct_graph_free(c->graph);
}

float *structure_case_values(const structure_case *c, const amct_graph *graph, uint32_t t,
                             size_t *n)
{
    amct_exec *exec;
    amct_plan *plan;
    amct_plan_options options = {.watch = &t, .n_watch = 1};
    must(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &err)); /* stores in C order */
    must(amct_plan_new(&plan, exec, graph, &options, &err));
    const amct_shape *shape = &graph->tensors[t].shape;
    size_t row = (size_t)amct_shape_count(shape, 1, shape->rank);
    float *values = malloc((c->n_samples * row + 1) * sizeof *values);
    uint32_t count;
    for (uint32_t s = 0; s < c->n_samples; s += count) {
        must(amct_plan_run_samples(plan, &c->feed, s, &count, &err));
        memcpy(values + s * row, amct_plan_watched(plan, t).data, count * row * sizeof *values);
    }
    amct_plan_free(plan);
    amct_exec_free(exec);
    *n = c->n_samples * row;
    return values;
}

void structure_case_compare(double *error, double *variance, const structure_case *c,
                            const amct_graph *a, const amct_graph *b, uint32_t t)
{
    size_t n, n_b;
    float *x = structure_case_values(c, a, t, &n), *y = structure_case_values(c, b, t, &n_b);
    const amct_shape *shape = &a->tensors[t].shape;
    int32_t axis = shape->rank == 3 ? 2 : 1; /* tokens have their channels last */
    size_t inner = (size_t)amct_shape_count(shape, axis + 1, shape->rank);
    size_t channels = (size_t)shape->dims[axis];
    double *mean = calloc(channels, sizeof *mean);
    cr_assert_eq(n, n_b);
    *error = *variance = 0;
    for (size_t i = 0; i < n; i++)
        mean[i / inner % channels] += (double)x[i] / (double)(n / channels);
    for (size_t i = 0; i < n; i++) {
        double e = (double)x[i] - (double)y[i], v = (double)x[i] - mean[i / inner % channels];
        *error += e * e;
        *variance += v * v;
    }
    free(mean);
    free(x);
    free(y);
}

void structure_gauss(double *a, double *b, size_t n, size_t m)
{
    for (size_t i = 0; i < n; i++) {
        size_t top = i;
        for (size_t k = i + 1; k < n; k++)
            top = fabs(a[k * n + i]) > fabs(a[top * n + i]) ? k : top;
        for (size_t j = 0; j < n; j++) {
            double t = a[i * n + j];
            a[i * n + j] = a[top * n + j], a[top * n + j] = t;
        }
        for (size_t j = 0; j < m; j++) {
            double t = b[i * m + j];
            b[i * m + j] = b[top * m + j], b[top * m + j] = t;
        }
        for (size_t k = 0; k < n; k++) {
            double f = k == i ? 0 : a[k * n + i] / a[i * n + i];
            for (size_t j = 0; j < n; j++)
                a[k * n + j] -= f * a[i * n + j];
            for (size_t j = 0; j < m; j++)
                b[k * m + j] -= f * b[i * m + j];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            b[i * m + j] /= a[i * n + i];
}
