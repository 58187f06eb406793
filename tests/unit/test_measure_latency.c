#include "measure/latency.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>

static amct_node_cost node(uint32_t bound, double ns, double spread)
{
    return (amct_node_cost){.struct_size = sizeof(amct_node_cost),
                            .bound = bound,
                            .latency_ns = ns,
                            .spread_ns = spread};
}

static amct_latency_parts split(amct_node_cost *costs, uint32_t n, double fixed, double ratio)
{
    amct_latency l = {.n_nodes = n, .costs = costs, .total = {.fixed_ns = fixed}};
    amct_latency_parts parts;
    l.total.latency_ns = fixed;
    for (uint32_t i = 0; i < n; i++)
        l.total.latency_ns += costs[i].latency_ns;
    l.total.error_band_ratio = ratio;
    amct_latency_split(&parts, &l);
    return parts;
}

Test(measure_latency, parts_are_told_apart_by_what_bounds_them)
{
    amct_node_cost costs[] = {node(AMCT_BOUND_CUBE, 10, 2),
                              node(AMCT_BOUND_MEMORY, 20, 10),
                              node(AMCT_BOUND_CUBE, 30, 6),
                              {.status = AMCT_NODE_FUSED}};
    amct_latency_parts p = split(costs, 4, 40, 0.2);
    cr_expect_eq(p.ns[AMCT_BOUND_CUBE], 40);
    cr_expect_eq(p.spread_ns[AMCT_BOUND_CUBE], 8);
    cr_expect_eq(p.ns[AMCT_BOUND_MEMORY], 20);
    cr_expect_eq(p.ns[AMCT_BOUND_NONE], 40);
    cr_expect_float_eq(p.spread_ns[AMCT_BOUND_NONE], 0.2 * 100 - 18, 1e-9);
    cr_expect_eq(p.ns[AMCT_BOUND_VECTOR], 0);
}

Test(measure_latency, only_what_differs_is_unsure)
{
    amct_node_cost before[] = {node(AMCT_BOUND_CUBE, 100, 20), node(AMCT_BOUND_MEMORY, 50, 25)};
    amct_node_cost after[] = {node(AMCT_BOUND_CUBE, 60, 12), node(AMCT_BOUND_MEMORY, 50, 25)};
    amct_latency_parts a = split(before, 2, 30, 0.3), b = split(after, 2, 30, 0.3);
    cr_expect_float_eq(amct_latency_paired_ns(&a, &a), 0, 1e-9);
    /* 40 ns of cube time, by 20 %; fixed parts are the same. */
    cr_expect_float_eq(amct_latency_paired_ns(&a, &b), 8, 1);
    cr_expect_float_eq(amct_latency_paired_ns(&a, &b), amct_latency_paired_ns(&b, &a), 1e-9);
}

Test(measure_latency, what_one_part_wins_and_another_loses_is_unsure_twice)
{
    amct_node_cost before[] = {node(AMCT_BOUND_CUBE, 100, 20), node(AMCT_BOUND_MEMORY, 50, 25)};
    amct_node_cost after[] = {node(AMCT_BOUND_CUBE, 50, 10), node(AMCT_BOUND_MEMORY, 95, 47.5)};
    amct_latency_parts a = split(before, 2, 0, 0.3), b = split(after, 2, 0, 0.3);
    double paired = amct_latency_paired_ns(&a, &b);
    cr_expect_float_eq(paired, hypot(0.2 * 50, 0.5 * 45), 1e-9);
    cr_expect_gt(paired, 5, "the gain of 5 ns is not sure");
}

Test(measure_latency, nodes_that_are_left_out_are_counted_and_the_first_is_named,
     .init = cr_redirect_stderr)
{
    amct_node nodes[] = {
        {.name = "c", .op = "Conv"}, {.name = "q", .op = "FooBar"}, {.name = "y", .op = "Conv"}};
    amct_node_cost costs[] = {{.status = AMCT_NODE_OK},
                              {.status = AMCT_NODE_UNSUPPORTED},
                              {.status = AMCT_NODE_UNSUPPORTED}};
    amct_graph graph = {.nodes = nodes, .n_nodes = 3};
    amct_latency latency = {.n_nodes = 3, .costs = costs};
    amct_latency_warn(&latency, &graph);
    latency.n_nodes = 1;
    amct_latency_warn(&latency, &graph);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "amct-autotune: warning: the estimate leaves out 2 of 3 nodes, which the "
        "estimator does not support or whose shapes are not known, first 'q' "
        "(FooBar)\n");
}
