/*
 * profile_network.h - a small network with its estimate, and a folder for what msprof wrote of it.
 * For the tests of one file: everything is static.
 */
#ifndef AMCT_TESTS_PROFILE_NETWORK_H
#define AMCT_TESTS_PROFILE_NETWORK_H

#include "base/file.h"
#include "measure/correction.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static char folder[64];
static amct_graph *graph;
static amct_latency estimate;

static const char *const names[] = {"Conv_0", "Relu_1", "Conv_12", "Relu_3", "Gemm_4"};
static const char *const ops[] = {"Conv", "Relu", "Conv", "Relu", "Gemm"};
enum { N = 5 };

/* A chain of layers; estimated 10 us each for the two convolutions with what is fused into them,
 * 5 us for the last, 20 us fixed. */
static inline void setup(void)
{
    uint32_t id, last;
    strcpy(folder, "/tmp/amct-profile-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(amct_graph_new(&graph, &err), AMCT_OK);
    amct_tensor x = {
        .name = "x", .dtype = AMCT_FLOAT, .shape = {.rank = 4, .dims = {8, 3, 16, 16}}};
    cr_assert_eq(amct_graph_add_tensor(graph, &x, &last, &err), AMCT_OK);
    cr_assert_eq(amct_graph_add_input(graph, last, &err), AMCT_OK);
    estimate = (amct_latency){.n_nodes = N, .arena = amct_arena_new()};
    estimate.costs = amct_arena_array(estimate.arena, N, sizeof *estimate.costs);
    for (uint32_t n = 0; n < N; n++) {
        cr_assert_eq(amct_graph_add_tensor(graph, &x, &id, &err), AMCT_OK);
        amct_node node = {
            .name = names[n], .op = ops[n], .n_src = 1, .n_dst = 1, .src = &last, .dst = &id};
        cr_assert_eq(amct_graph_add_node(graph, &node, &err), AMCT_OK);
        last = id;
        bool fused = strcmp(ops[n], "Relu") == 0;
        double ns = fused ? 0 : n == 4 ? 5000 : 10000;
        estimate.costs[n] = (amct_node_cost){.status = fused ? AMCT_NODE_FUSED : AMCT_NODE_OK,
                                             .fused_into = fused ? n - 1 : 0,
                                             .latency_ns = ns,
                                             .spread_ns = 0.2 * ns};
    }
    estimate.total =
        (amct_graph_cost){.latency_ns = 45000, .fixed_ns = 20000, .error_band_ratio = 0.2};
}

static inline void teardown(void)
{
    amct_folder_remove(folder, &err);
    amct_graph_free(graph);
    amct_latency_free(&estimate);
}

static inline void put(const char *below, const char *text)
{
    char *path = amct_path_join(folder, below), *in = amct_path_folder(path);
    cr_assert_eq(amct_folder_make(in, &err), AMCT_OK);
    cr_assert_eq(amct_file_write(path, text, strlen(text), &err), AMCT_OK);
    free(in);
    free(path);
}

/* What the folder's profile makes of it. */
static inline amct_correction corrected(double measured_ns)
{
    amct_correction c;
    cr_assert_eq(amct_correction_make(&c, folder, measured_ns, graph, &estimate, &err), AMCT_OK,
                 "%s", err.text);
    return c;
}

static inline void fails(amct_status code, const char *words)
{
    amct_correction c;
    cr_assert_eq(amct_correction_make(&c, folder, 0, graph, &estimate, &err), code, "wanted: %s",
                 words);
    cr_assert_not_null(strstr(err.text, words), "'%s', wanted '%s'", err.text, words);
    cr_assert_null(strchr(err.text, '\n'));
}

static inline void near(double found, double wanted)
{
    cr_assert_float_eq(found, wanted, 1e-6 * fabs(wanted) + 1e-9, "%.9g, wanted %.9g", found,
                       wanted);
}

#endif
