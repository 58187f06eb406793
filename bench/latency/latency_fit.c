/*
 * Fits the Ascend estimator to published measurements, and says how well it predicts networks that
 * were not in the fit.
 *
 *     fit DATA CSV [--write FILE]
 *
 * DATA is a folder of graphs with an index.tsv, CSV the table of measurements. Every figure is from
 * a fit without the network that it is about, and without networks of the same architecture.
 * --write stores the fit to all of them, for the plugin.
 */
#include "bench/latency/latency_report.h"

#include "bench/latency/latency_pairs.h"
#include "tune/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDS = 12, STEPS = 25 };

typedef struct request {
    const char *data, *csv, *write;
} request;

/* Architectures by the order of their first points, dealt out to the folds. */
static void find_folds(const latency_points *points, int *folds)
{
    int n = 0;
    for (uint32_t i = 0; i < points->n; i++) {
        folds[i] = -1;
        for (uint32_t j = 0; j < i && folds[i] < 0; j++)
            if (strcmp(points->points[i].architecture, points->points[j].architecture) == 0)
                folds[i] = folds[j];
        if (folds[i] < 0)
            folds[i] = n++ % FOLDS;
    }
}

static void start(const latency_fitter *f, double *logs)
{
    for (uint32_t j = 0; j < f->n_params; j++)
        logs[j] = log(f->list[j].center);
}

/* Every fold begins at the priors, so that nothing of what is held out is in it. */
static amct_status cross_validate(latency_fitter *f, const int *folds, latency_held *held,
                                  amct_err *err)
{
    const latency_points *points = f->points;
    bool *used = calloc(points->n + (size_t)1, sizeof *used);
    double *seconds = calloc(points->n + (size_t)1, sizeof *seconds);
    double *parts = calloc((points->n + (size_t)1) * ASCEND_PARTS, sizeof *parts);
    amct_status status = used && seconds && parts ? AMCT_OK : amct_fail_nomem(err);
    for (int fold = 0; fold < FOLDS && status == AMCT_OK; fold++) {
        double logs[LATENCY_PARAMS];
        latency_params params;
        start(f, logs);
        for (uint32_t i = 0; i < points->n; i++)
            used[i] = folds[i] != fold && !points->points[i].left_out;
        status = latency_fit(f, used, STEPS, logs, err);
        if (status != AMCT_OK)
            break;
        latency_params_set(&params, f->list, f->n_params, logs);
        latency_predict(f, &params, -1, seconds);
        latency_predict_parts(f, &params, parts);
        for (uint32_t i = 0; i < points->n; i++)
            if (folds[i] == fold) {
                held->seconds[i] = seconds[i];
                memcpy(held->parts[i], parts + (size_t)i * ASCEND_PARTS, sizeof held->parts[i]);
            }
    }
    free(used);
    free(seconds);
    free(parts);
    return status;
}

/* The estimates of INT8 by a fit that is written for them. */
static amct_status print_pairs(const request *paths, const latency_fitter *f,
                               const amct_plugins *plugins, const latency_params *params,
                               const latency_bands *bands, amct_err *err)
{
    char path[] = "/tmp/fit_XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        return amct_fail_errno(err, errno, "%s", path);
    close(fd);
    amct_status status = latency_report_write(path, f, params, bands, err);
    if (status == AMCT_OK)
        status = latency_pairs_print(plugins, paths->data, paths->csv, path, err);
    unlink(path);
    return status;
}

static amct_status run_fit(latency_fitter *f, const request *paths, const amct_plugins *plugins,
                           amct_err *err)
{
    const latency_points *points = f->points;
    double logs[LATENCY_PARAMS] = {0};
    int *folds = calloc(points->n + (size_t)1, sizeof *folds);
    bool *used = calloc(points->n + (size_t)1, sizeof *used);
    latency_held held = {.folds = folds, .n_folds = FOLDS};
    held.seconds = calloc(points->n + (size_t)1, sizeof *held.seconds);
    held.parts = calloc(points->n + (size_t)1, sizeof *held.parts);
    held.inside = calloc(points->n + (size_t)1, sizeof *held.inside);
    amct_status status =
        folds && used && held.seconds && held.parts && held.inside ? AMCT_OK : amct_fail_nomem(err);
    start(f, logs);
    if (status == AMCT_OK) {
        find_folds(points, folds);
        for (uint32_t i = 0; i < points->n; i++)
            used[i] = !points->points[i].left_out;
        status = latency_fit(f, used, STEPS, logs, err);
    }
    if (status == AMCT_OK)
        status = cross_validate(f, folds, &held, err);
    if (status == AMCT_OK) {
        latency_params params;
        latency_bands bands;
        latency_params_set(&params, f->list, f->n_params, logs);
        status = latency_bands_find(&bands, f, &held, &params, err);
        if (status == AMCT_OK)
            latency_report_print(f, &held, &bands);
        if (status == AMCT_OK)
            status = print_pairs(paths, f, plugins, &params, &bands, err);
        if (status == AMCT_OK && paths->write)
            status = latency_report_write(paths->write, f, &params, &bands, err);
    }
    free(folds);
    free(used);
    free(held.seconds);
    free(held.parts);
    free(held.inside);
    return status;
}

static amct_status run(const request *paths, amct_err *err)
{
    amct_plugins *plugins = NULL;
    latency_points points;
    latency_samples samples = {0};
    latency_fitter fitter = {0};
    amct_config config = {0};
    amct_arena *arena = amct_arena_new();
    amct_status status = arena ? amct_plugins_open(&plugins, &config, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = latency_points_read(&points, arena, paths->data, paths->csv, "FP16", err);
    if (status == AMCT_OK && !points.n)
        status = amct_fail(err, AMCT_E_FORMAT,
                           "%s: no row is a measurement in FP16 of a network of %s/index.tsv",
                           paths->csv, paths->data);
    if (status == AMCT_OK)
        status = latency_samples_find(&samples, plugins, paths->data, &points, err);
    if (status == AMCT_OK)
        status = latency_fitter_new(&fitter, &points, &samples, err);
    if (status == AMCT_OK)
        status = run_fit(&fitter, paths, plugins, err);
    latency_fitter_free(&fitter);
    latency_samples_free(&samples);
    amct_plugins_free(plugins);
    amct_arena_free(arena);
    return status;
}

int main(int argc, char **argv)
{
    amct_err err;
    request paths = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--write") == 0 && i + 1 < argc)
            paths.write = argv[++i];
        else if (!paths.data)
            paths.data = argv[i];
        else if (!paths.csv)
            paths.csv = argv[i];
        else
            paths.csv = paths.data = NULL;
    }
    if (!paths.data || !paths.csv) {
        fprintf(stderr, "usage: fit DATA CSV [--write FILE]\n");
        return 2;
    }
    if (run(&paths, &err) != AMCT_OK) {
        fprintf(stderr, "fit: %s\n", err.text);
        return 2;
    }
    return 0;
}
