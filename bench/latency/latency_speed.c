/*
 * What estimating costs.
 *
 *     speed DATA
 *
 * DATA is a folder with graphs. ResNet-152: from its graph in memory to its latency, the first time
 * (estimator opened anew) and again. ResNet-50: random assignments of levels to layers, as a search
 * asks for them, costed one by one from its tables.
 */
#include "base/pcg.h"
#include "measure/latency.h"
#include "passes/prepare.h"
#include "tune/costing.h"
#include "tune/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GENOMES = 20000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static amct_status load(amct_model *out, const amct_plugins *plugins, const char *folder,
                        const char *name, amct_err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return amct_model_load(out, plugins, path, NULL, err);
}

static amct_status time_graph(const amct_plugins *plugins, const amct_graph *graph, amct_err *err)
{
    enum { AGAIN = 20 };
    amct_estimating *estimator;
    amct_latency latency;
    double begin = now(), first;
    AMCT_TRY(amct_estimating_open(&estimator, plugins, "ascend", NULL, 0, err));
    amct_status status = amct_latency_estimate(&latency, estimator, graph, err);
    first = now() - begin;
    begin = now();
    for (int i = 0; i < AGAIN && status == AMCT_OK; i++) {
        amct_latency_free(&latency);
        status = amct_latency_estimate(&latency, estimator, graph, err);
    }
    if (status == AMCT_OK) {
        printf("ResNet-152: %.2f ms the first time, %.2f ms again\n", 1e3 * first,
               1e3 * (now() - begin) / AGAIN);
        amct_latency_free(&latency);
    }
    amct_estimating_close(estimator);
    return status;
}

static amct_status time_genomes(const amct_plugins *plugins, const amct_model *model, amct_err *err)
{
    amct_costing *costing = NULL;
    amct_config config = {.estimator = "ascend", .chip = "Ascend310P3"};
    amct_pcg rng = amct_pcg_new(1, 1);
    amct_graph_cost total = {.struct_size = sizeof total};
    uint8_t *choices = calloc(model->n_layers + (size_t)1, 1);
    if (!choices)
        return amct_fail_nomem(err);
    amct_status status = amct_costing_new(&costing, plugins, &config, model->graph, model->layers,
                                          model->n_layers, NULL, err);
    double begin = now(), sum = 0;
    for (int g = 0; g < GENOMES && status == AMCT_OK; g++) {
        for (uint32_t i = 0; i < model->n_layers; i++)
            choices[i] = (uint8_t)amct_pcg_below(&rng, 4);
        status = amct_costing_total(costing, choices, &total, err);
        sum += total.latency_ns;
    }
    double seconds = now() - begin;
    if (status == AMCT_OK)
        printf("ResNet-50: %.0f genomes a second (mean %.4g ms)\n", GENOMES / seconds,
               sum / GENOMES / 1e6);
    if (costing)
        amct_costing_free(costing);
    free(choices);
    return status;
}

static amct_status run(const char *folder, amct_err *err)
{
    amct_plugins *plugins;
    amct_config config = {0};
    amct_model deep = {0}, model = {0};
    AMCT_TRY(amct_plugins_open(&plugins, &config, err));
    amct_status status = load(&deep, plugins, folder, "resnet152_3x224x224.onnx", err);
    if (status == AMCT_OK)
        status = time_graph(plugins, deep.graph, err);
    if (status == AMCT_OK)
        status = load(&model, plugins, folder, "resnet50_3x224x224.onnx", err);
    if (status == AMCT_OK)
        status = time_genomes(plugins, &model, err);
    amct_model_free(&model);
    amct_model_free(&deep);
    amct_plugins_free(plugins);
    return status;
}

int main(int argc, char **argv)
{
    amct_err err;
    if (argc != 2) {
        fprintf(stderr, "usage: speed DATA\n");
        return 2;
    }
    if (run(argv[1], &err) != AMCT_OK) {
        fprintf(stderr, "speed: %s\n", err.text);
        return 2;
    }
    return 0;
}
