/* Channel groups of real networks, where they are at hand: each can lose half of its channels. */
#include "structure/restructure.h"
#include "import/import.h"
#include "passes/prepare.h"
#include "unit/lane_net.h"
#include "unit/plugin_files.h"
#include "unit/shared_data.h"

#include <math.h>
#include <string.h>

enum { PATH = 4096 };

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

typedef struct model {
    amct_plugins *plugins;
    amct_graph *graph;
    amct_groups *groups;
    bool *keep;
} model;

static void load(model *m, const char *below)
{
    char path[PATH], importer[PATH];
    shared_path(path, sizeof path, below);
    OK(amct_plugins_new(&m->plugins, &err));
    build_path(importer, sizeof importer, "plugins/importers/onnx/.libs/onnx.so");
    OK(amct_plugins_add_file(m->plugins, importer, &err));
    OK(amct_import(&m->graph, m->plugins, path, NULL, &err));
    OK(amct_prepare(m->graph, &err));
    OK(amct_groups_find(&m->groups, m->graph, NULL, &err));
    m->keep = malloc(m->groups->lanes->n + 1);
    memset(m->keep, true, m->groups->lanes->n + 1);
}

static void unload(model *m)
{
    free(m->keep);
    amct_groups_free(m->groups);
    amct_graph_free(m->graph);
    amct_plugins_free(m->plugins);
}

/* Drops every second lane of a group, or lets it be. */
static void halve(model *m, const amct_group *group, bool drop)
{
    for (uint32_t i = 0; i + 1 < group->n_lanes; i += 2)
        m->keep[group->lanes[i]] = !drop;
}

static int64_t parameters(const amct_graph *g)
{
    int64_t n = 0;
    for (uint32_t t = 0; t < g->n_tensors; t++)
        n += g->tensors[t].data ? amct_shape_size(&g->tensors[t].shape) : 0;
    return n;
}

static void check_all_shapes(const amct_graph *g)
{
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t i = 0; i < g->nodes[n].n_dst; i++)
            if (g->nodes[n].dst[i] != AMCT_NO_TENSOR)
                cr_assert(amct_shape_known(&g->tensors[g->nodes[n].dst[i]].shape));
}

/* Halves each group on its own, and then all. */
static void check_groups(model *m, uint32_t least)
{
    uint32_t free_groups = 0;
    amct_graph *out;
    for (uint32_t k = 0; k <= m->groups->n; k++) {
        bool all = k == m->groups->n;
        for (uint32_t i = all ? 0 : k; i < (all ? k : k + 1); i++)
            if (!m->groups->groups[i].blocked)
                halve(m, &m->groups->groups[i], true);
        if (!all && (m->groups->groups[k].blocked || m->groups->groups[k].n_lanes < 2))
            continue;
        free_groups += !all;
        cr_assert_eq(
            amct_restructure(&out, m->graph, m->groups->lanes, m->keep, NULL, 0, NULL, &err),
            AMCT_OK, "%s: %s", all ? "all" : m->groups->groups[k].name, err.text);
        check_all_shapes(out);
        cr_assert_lt(parameters(out), parameters(m->graph));
        amct_graph_free(out);
        if (!all)
            halve(m, &m->groups->groups[k], false);
    }
    cr_expect_geq(free_groups, least, "%u groups", free_groups);
}

/* Networks of known structure: how many groups can lose channels at all. */
#define STRUCTURE(name, file, groups)                                                              \
    Test(structure_models, name##_loses_half_of_every_group)                                       \
    {                                                                                              \
        model m;                                                                                   \
        load(&m, "data/latency/" file ".onnx");                                                    \
        check_groups(&m, groups);                                                                  \
        unload(&m);                                                                                \
    }
STRUCTURE(resnet50, "resnet50_3x224x224", 37)
STRUCTURE(shufflenet_v2, "shufflenet_v2_x1_0_3x224x224", 31)
STRUCTURE(shufflenet_v1, "shufflenet_v1_1.0x_g3_3x224x224", 2)
STRUCTURE(mobilenet_v3, "mobilenet_v3_small_3x224x224", 28)
STRUCTURE(efficientnet_b0, "efficientnet_b0_3x224x224", 40)
STRUCTURE(densenet121, "densenet121_3x224x224", 120)
STRUCTURE(inception_v3, "inception_v3_3x299x299", 94)
STRUCTURE(resnext50, "resnext50_32x4d_3x224x224", 24)
STRUCTURE(swin, "swin_large_patch4_window7_224_3x224x224", 24)
STRUCTURE(yolov8n, "yolov8n_3x640x640", 55)
STRUCTURE(bert, "bert_base_uncased_seq512", 12)

/* The halves of all groups at once compute the same on both executors. */
static void check_real(const char *below)
{
    model m;
    amct_graph *out;
    size_t n, n_fast;
    load(&m, below);
    check_groups(&m, 1);
    OK(amct_restructure(&out, m.graph, m.groups->lanes, m.keep, NULL, 0, NULL, &err));
    float *slow = lane_net_run(out, AMCT_ENGINE_REFERENCE, &n);
    float *fast = lane_net_run(out, AMCT_ENGINE_ONEDNN, &n_fast);
    double error = 0, size = 0;
    cr_assert_eq(n, n_fast);
    for (size_t i = 0; i < n; i++) {
        error += (slow[i] - fast[i]) * (slow[i] - fast[i]);
        size += slow[i] * slow[i];
    }
    cr_expect_leq(error, 1e-8 * size);
    free(slow);
    free(fast);
    amct_graph_free(out);
    unload(&m);
}

#define REAL(name, file)                                                                           \
    Test(structure_models, name##_runs_with_half_of_its_channels)                                  \
    {                                                                                              \
        check_real("data/" file ".onnx");                                                          \
    }
REAL(mobilenet_v1, "models/onnx/mobilenet_v1_0.75_224")
REAL(mobilenet_v2, "models/onnx/mobilenet_v2_1.0_224_quant.dequant")
REAL(efficientnet_lite0, "efficientnet_lite0/models/onnx/efficientnet_lite0")
REAL(resnet20, "models/onnx/resnet20_cifar10")
REAL(yolo_fastest, "models/onnx/yolo-fastest-1.1")
REAL(rfb, "models/onnx/version-RFB-320_without_postprocessing")
