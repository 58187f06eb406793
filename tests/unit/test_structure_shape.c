/* Shapes of candidates: those of the networks that are built. */
#include "structure/structure.h"
#include "passes/prepare.h"
#include "unit/structure_case.h"

#include <stdio.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

static amct_structure *open(const structure_case *c)
{
    amct_structure *s;
    amct_structure_options options = {.multiple = 1, .ridge = 0.1, .limit_bytes = SIZE_MAX};
    OK(amct_structure_new(&s, c->graph, c->layers, c->n_layers, c->grams, c->n_samples, &options,
                          &err));
    return s;
}

/* The same nodes with the same constants' shapes, and layers from the same places. Integers among
 * the constants are the shapes that others have. */
static void check_same(const char *net, const amct_structured *a, const amct_structured *b)
{
    cr_assert_eq(a->graph->n_nodes, b->graph->n_nodes);
    for (uint32_t n = 0; n < a->graph->n_nodes; n++) {
        const amct_node *x = &a->graph->nodes[n], *y = &b->graph->nodes[n];
        cr_expect_str_eq(x->name, y->name);
        cr_assert_eq(x->n_src, y->n_src);
        for (uint32_t i = 0; i < x->n_src; i++) {
            const amct_tensor *u = amct_node_src(a->graph, x, i),
                              *v = amct_node_src(b->graph, y, i);
            cr_assert_eq(!u, !v);
            if (!u)
                continue;
            cr_assert_eq(!u->data, !v->data, "%s: %s", net, x->name);
            cr_expect_eq(u->dtype, v->dtype);
            cr_expect(amct_shape_equal(&u->shape, &v->shape), "%s: %s", net, x->name);
        }
    }
    cr_assert_eq(a->n_layers, b->n_layers);
    for (uint32_t l = 0; l < a->n_layers; l++) {
        cr_expect_str_eq(a->layers[l].name, b->layers[l].name);
        cr_expect_eq(a->layers[l].parameters, b->layers[l].parameters);
        cr_expect_eq(a->origins[l].layer, b->origins[l].layer);
        cr_expect_eq(a->origins[l].part, b->origins[l].part);
    }
}

/* Of ranks, some save nothing in what is left of their layers, and must be ignored alike. */
static void choose(uint32_t *kept, amct_rank *ranks, const structure_case *c,
                   const amct_structure *s, uint32_t seed)
{
    for (uint32_t g = 0; g < amct_structure_n_groups(s); g++) {
        amct_group_levels l = amct_structure_group(s, g);
        kept[g] = l.n && (g + seed) % 3 ? l.kept[(seed * 5 + g * 3) % l.n] : 0;
    }
    for (uint32_t l = 0; l < c->n_layers; l++) {
        amct_layer_ranks r = amct_structure_layer(s, l);
        ranks[l] = r.n && (l + seed) % 2 ? r.ranks[(seed * 3 + l) % r.n] : (amct_rank){.rank = 0};
    }
}

Test(structure_shape, shapes_are_those_of_what_is_built)
{
    uint32_t n_batches = 0, n_factors = 0, n_ignored = 0;
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 4);
        amct_structure *s = open(&c);
        uint32_t *kept = calloc(amct_structure_n_groups(s) + 1, sizeof *kept);
        amct_rank *ranks = calloc(c.n_layers + 1, sizeof *ranks);
        amct_graph *other;
        OK(amct_graph_clone(&other, c.graph, &err));
        bool batch = amct_set_batch(other, 3, &err) == AMCT_OK;
        n_batches += batch;
        for (uint32_t seed = 0; seed < 8; seed++) {
            amct_structured built, shape;
            choose(kept, ranks, &c, s, seed);
            amct_structure_genome genome = {kept, ranks};
            OK(amct_structure_build(&built, s, &genome, &err));
            OK(amct_structure_shape(&shape, s, c.graph, &genome, &err));
            check_same(lane_nets[i].name, &built, &shape);
            amct_structured_free(&shape);
            uint32_t n = 0;
            for (uint32_t l = 0; l < c.n_layers; l++)
                n += ranks[l].rank > 0;
            n_factors += built.n_layers - c.n_layers;
            n_ignored += n - (built.n_layers - c.n_layers);
            if (batch) {
                OK(amct_structure_shape(&shape, s, other, &genome, &err));
                cr_expect_eq(amct_batch_of(shape.graph), 3);
                OK(amct_set_batch(shape.graph, amct_batch_of(c.graph), &err));
                check_same(lane_nets[i].name, &built, &shape);
                amct_structured_free(&shape);
            }
            amct_structured_free(&built);
        }
        amct_graph_free(other);
        free(kept);
        free(ranks);
        amct_structure_free(s);
        structure_case_end(&c);
    }
    cr_expect_gt(n_batches, n_lane_nets / 2);
    cr_expect_gt(n_factors, 0);
    cr_expect_gt(n_ignored, 0);
}

Test(structure_shape, genomes_that_cannot_be_are_refused_alike)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("depthwise"), 4);
    amct_structure *s = open(&c);
    uint32_t *kept = calloc(amct_structure_n_groups(s) + 1, sizeof *kept);
    amct_rank *ranks = calloc(c.n_layers + 1, sizeof *ranks);
    amct_structured out;
    char text[AMCT_ERR_TEXT];
    for (int i = 0; i < 3; i++) {
        memset(ranks, 0, c.n_layers * sizeof *ranks);
        kept[0] = i == 0 ? 17 : 0; /* of 16 */
        if (i == 1)
            ranks[structure_layer(&c, "dw")] = (amct_rank){AMCT_SPLIT_AFTER, 1};
        if (i == 2)
            ranks[structure_layer(&c, "z")] = (amct_rank){AMCT_SPLIT_AFTER, -1};
        amct_structure_genome genome = {kept, ranks};
        cr_expect_eq(amct_structure_build(&out, s, &genome, &err), AMCT_E_INVALID);
        snprintf(text, sizeof text, "%s", err.text);
        cr_expect_eq(amct_structure_shape(&out, s, c.graph, &genome, &err), AMCT_E_INVALID);
        cr_expect_str_eq(text, err.text);
    }
    free(kept);
    free(ranks);
    amct_structure_free(s);
    structure_case_end(&c);
}

static void check_levels(const char *net, const structure_case *c, const amct_structure *a,
                         const amct_structure *b)
{
    cr_assert_eq(amct_structure_n_groups(a), amct_structure_n_groups(b));
    for (uint32_t g = 0; g < amct_structure_n_groups(a); g++) {
        amct_group_levels x = amct_structure_group(a, g), y = amct_structure_group(b, g);
        cr_assert_eq(x.n, y.n, "%s: %s", net, x.group->name);
        cr_assert_eq(!x.why, !y.why);
        cr_expect(!x.why || strcmp(x.why, y.why) == 0);
        cr_expect_eq(x.step, y.step);
        for (uint32_t k = 0; k < x.n; k++)
            cr_expect_eq(x.kept[k], y.kept[k]);
    }
    for (uint32_t l = 0; l < c->n_layers; l++) {
        amct_layer_ranks x = amct_structure_layer(a, l), y = amct_structure_layer(b, l);
        cr_assert_eq(x.n, y.n, "%s: %s", net, c->layers[l].name);
        cr_expect(!x.why ? !y.why : y.why && strcmp(x.why, y.why) == 0, "%s: %s", net, x.why);
        for (uint32_t k = 0; k < x.n; k++)
            cr_expect(x.ranks[k].form == y.ranks[k].form && x.ranks[k].rank == y.ranks[k].rank);
    }
}

Test(structure_shape, an_outline_has_the_levels_and_shapes_of_the_structure)
{
    uint32_t n_groups = 0;
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 4);
        amct_structure *s = open(&c), *outline;
        amct_structure_options options = {.multiple = 1};
        OK(amct_structure_outline(&outline, c.graph, c.layers, c.n_layers, &options, &err));
        check_levels(lane_nets[i].name, &c, s, outline);
        uint32_t *kept = calloc(amct_structure_n_groups(s) + 1, sizeof *kept);
        amct_rank *ranks = calloc(c.n_layers + 1, sizeof *ranks);
        for (uint32_t seed = 0; seed < 4; seed++) {
            amct_structured built, shape;
            choose(kept, ranks, &c, s, seed);
            for (uint32_t g = 0; g < amct_structure_n_groups(s); g++)
                n_groups += kept[g] > 0;
            amct_structure_genome genome = {kept, ranks};
            OK(amct_structure_build(&built, s, &genome, &err));
            OK(amct_structure_shape(&shape, outline, c.graph, &genome, &err));
            check_same(lane_nets[i].name, &built, &shape);
            amct_structured_free(&built);
            amct_structured_free(&shape);
            cr_expect_eq(amct_structure_build(&built, outline, &genome, &err), AMCT_E_INTERNAL);
        }
        free(kept);
        free(ranks);
        amct_structure_free(outline);
        amct_structure_free(s);
        structure_case_end(&c);
    }
    cr_expect_gt(n_groups, 0);
}

Test(structure_shape, reasons_tell_the_multiple_that_is_missing)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("depthwise"), 4);
    amct_structure *s;
    amct_structure_options options = {.multiple = 4096};
    OK(amct_structure_outline(&s, c.graph, c.layers, c.n_layers, &options, &err));
    for (uint32_t g = 0; g < amct_structure_n_groups(s); g++) {
        amct_group_levels l = amct_structure_group(s, g);
        char text[128];
        snprintf(text, sizeof text, "no multiple of %u is below its %u channels", l.step,
                 l.group->n_lanes);
        if (!l.group->blocked)
            cr_expect_str_eq(l.why, text);
    }
    for (uint32_t l = 0; l < c.n_layers; l++)
        cr_expect_not_null(amct_structure_layer(s, l).why);
    amct_structure_free(s);
    structure_case_end(&c);
}
