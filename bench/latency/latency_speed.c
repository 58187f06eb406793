/*
 * What estimating costs.
 *
 *     speed DATA
 *
 * DATA is a folder with graphs. ResNet-152: from its graph in memory to its latency, the first time
 * (estimator opened anew) and again. Of three networks on four chips: genomes a second, as a search
 * asks for them, by estimates and by its table, and the table's error (latency_screening.h).
 * ResNet-50: whole searches with either.
 */
#include "latency_screening.h"

#include "measure/latency.h"
#include "passes/prepare.h"
#include "tune/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    double begin = latency_now(), first;
    AMCT_TRY(amct_estimating_open(&estimator, plugins, "ascend", NULL, 0, err));
    amct_status status = amct_latency_estimate(&latency, estimator, graph, err);
    first = latency_now() - begin;
    begin = latency_now();
    for (int i = 0; i < AGAIN && status == AMCT_OK; i++) {
        amct_latency_free(&latency);
        status = amct_latency_estimate(&latency, estimator, graph, err);
    }
    if (status == AMCT_OK) {
        printf("ResNet-152: %.2f ms the first time, %.2f ms again\n", 1e3 * first,
               1e3 * (latency_now() - begin) / AGAIN);
        amct_latency_free(&latency);
    }
    amct_estimating_close(estimator);
    return status;
}

typedef struct network {
    const char *file, *name;
    int64_t batch;
} network;

/* Lines about it on a few chips; searches with it on the first, if asked for. */
static amct_status screen(const amct_plugins *plugins, const char *folder, const network *n,
                          bool search, amct_err *err)
{
    static const char *const chips[] = {"Ascend310P3", "Ascend310", "Ascend310B1", "Ascend910B1"};
    enum { N_CHIPS = sizeof chips / sizeof *chips };
    amct_model model;
    char label[64];
    AMCT_TRY(load(&model, plugins, folder, n->file, err));
    snprintf(label, sizeof label, "%s, batch %lld", n->name, (long long)n->batch);
    amct_status status = amct_set_batch(model.graph, n->batch, err);
    for (int i = 0; i < 2 * N_CHIPS && !search && status == AMCT_OK; i++)
        status = latency_screening_table(plugins, &model, label, chips[i / 2], i % 2, err);
    for (int i = 0; i < 2 && search && status == AMCT_OK; i++)
        status = latency_screening_search(plugins, &model, label, chips[0], i, err);
    amct_model_free(&model);
    return status;
}

static amct_status run(const char *folder, amct_err *err)
{
    static const network networks[] = {{"resnet50_3x224x224.onnx", "ResNet-50", 8},
                                       {"resnet50_3x224x224.onnx", "ResNet-50", 1},
                                       {"mobilenet_v1_1.0_3x224x224.onnx", "MobileNet v1", 8},
                                       {"efficientnet_b0_3x224x224.onnx", "EfficientNet-B0", 8}};
    amct_plugins *plugins;
    amct_config config = {0};
    amct_model deep = {0};
    AMCT_TRY(amct_plugins_open(&plugins, &config, err));
    amct_status status = load(&deep, plugins, folder, "resnet152_3x224x224.onnx", err);
    if (status == AMCT_OK)
        status = time_graph(plugins, deep.graph, err);
    amct_model_free(&deep);
    latency_screening_heading();
    for (size_t i = 0; status == AMCT_OK && i < sizeof networks / sizeof *networks; i++)
        status = screen(plugins, folder, &networks[i], false, err);
    if (status == AMCT_OK)
        status = screen(plugins, folder, &networks[0], true, err);
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
