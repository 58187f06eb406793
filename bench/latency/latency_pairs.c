#include "bench/latency/latency_pairs.h"

#include "passes/prepare.h"
#include "tune/costing.h"
#include "tune/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    double float_s, int_s; /* estimated */
} pair;

static amct_status cost_of(double *seconds, amct_costing *costing, uint32_t n_layers,
                           amct_level_kind level, amct_err *err)
{
    amct_graph_cost total = {.struct_size = sizeof total};
    uint8_t *choices = malloc(n_layers + (size_t)1);
    if (!choices)
        return amct_fail_nomem(err);
    memset(choices, level, n_layers);
    amct_status status = amct_costing_total(costing, choices, &total, err);
    free(choices);
    *seconds = total.latency_ns * 1e-9;
    return status;
}

static amct_status estimate(pair *out, const amct_plugins *plugins, const char *folder,
                            const latency_point *p, const char *fit_path, amct_err *err)
{
    char path[4096];
    amct_model model;
    amct_costing *costing = NULL;
    amct_option options[] = {{.struct_size = sizeof *options, .key = "chip"},
                             {.struct_size = sizeof *options, .key = "fit_file"},
                             {.struct_size = sizeof *options, .key = "aipp"}};
    amct_config config = {.estimator = "ascend",
                          .chip = latency_chips[p->chip],
                          .target_options = options,
                          .n_target_options = 3};
    options[0].value = latency_chips[p->chip];
    options[1].value = fit_path;
    options[2].value = p->aipp ? "true" : "false";
    snprintf(path, sizeof path, "%s/%s", folder, p->file);
    AMCT_TRY(amct_model_load(&model, plugins, path, NULL, err));
    amct_status status = amct_set_batch(model.graph, p->batch * model.batch, err);
    if (status == AMCT_OK)
        status = amct_costing_new(&costing, plugins, &config, model.graph, model.layers,
                                  model.n_layers, NULL, err);
    if (status == AMCT_OK)
        status = cost_of(&out->float_s, costing, model.n_layers, AMCT_LEVEL_16, err);
    if (status == AMCT_OK)
        status = cost_of(&out->int_s, costing, model.n_layers, AMCT_LEVEL_W8A8, err);
    amct_costing_free(costing);
    amct_model_free(&model);
    return status;
}

/* Seconds of the newest FP16 measurement like p; NAN if there is none. */
static double float_seconds(const latency_points *floats, const latency_point *p)
{
    double seconds = NAN;
    for (uint32_t i = 0; i < floats->n; i++) {
        const latency_point *f = &floats->points[i];
        if (f->newest && f->chip == p->chip && f->batch == p->batch && f->host == p->host &&
            strcmp(f->file, p->file) == 0)
            seconds = f->seconds;
    }
    return seconds;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
    return n == 0 ? NAN : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Host programs and graphs that were made anew by hand are shown, but not counted. */
static amct_status print_all(const amct_plugins *plugins, const char *folder,
                             const latency_points *floats, const latency_points *ints,
                             const char *fit_path, double *latencies, double *gains, amct_err *err)
{
    size_t n_latencies = 0, n_gains = 0;
    printf("\n%-28s %-12s %5s %26s %22s\n", "INT8, never in the fit", "chip", "batch",
           "ms published / estimated", "gain over FP16");
    for (uint32_t i = 0; i < ints->n; i++) {
        const latency_point *p = &ints->points[i];
        pair e;
        AMCT_TRY(estimate(&e, plugins, folder, p, fit_path, err));
        double published = float_seconds(floats, p) / p->seconds, estimated = e.float_s / e.int_s;
        bool counted = !p->host && !p->remade;
        printf("%-28s %-12s %5lld %11.4g / %.4g", p->model, latency_chips[p->chip],
               (long long)p->batch, p->seconds * 1e3, e.int_s * 1e3);
        if (isfinite(published))
            printf(" %15.2f / %.2f", published, estimated);
        printf("%s\n", p->host     ? "  (host program, not counted)"
                       : p->remade ? "  (another graph, not counted)"
                                   : "");
        if (counted)
            latencies[n_latencies++] = fabs(e.int_s / p->seconds - 1);
        if (counted && isfinite(published))
            gains[n_gains++] = fabs(estimated / published - 1);
    }
    printf("median error of %zu INT8 latencies %.1f %%, of %zu gains %.1f %%\n", n_latencies,
           100 * median(latencies, n_latencies), n_gains, 100 * median(gains, n_gains));
    return AMCT_OK;
}

amct_status latency_pairs_print(const amct_plugins *plugins, const char *folder, const char *csv,
                                const char *fit_path, amct_err *err)
{
    latency_points floats, ints;
    amct_arena *arena = amct_arena_new();
    double *errors = NULL;
    amct_status status = arena ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = latency_points_read(&floats, arena, folder, csv, "FP16", err);
    if (status == AMCT_OK)
        status = latency_points_read(&ints, arena, folder, csv, "INT8", err);
    if (status == AMCT_OK && !(errors = calloc(2 * (size_t)ints.n + 1, sizeof *errors)))
        status = amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = print_all(plugins, folder, &floats, &ints, fit_path, errors, errors + ints.n, err);
    free(errors);
    amct_arena_free(arena);
    return status;
}
