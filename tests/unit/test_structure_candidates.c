/* Candidates of channels and ranks: what they compute, where their layers come from. */
#include "structure/structure.h"
#include "unit/structure_case.h"

#include <math.h>
#include <stdio.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

static amct_structure *open(const structure_case *c, double ridge, size_t limit)
{
    amct_structure *s;
    amct_structure_options options = {.multiple = 1, .ridge = ridge, .limit_bytes = limit};
    OK(amct_structure_new(&s, c->graph, c->layers, c->n_layers, c->grams, c->n_samples, &options,
                          &err));
    return s;
}

static uint32_t group_of(const amct_structure *s, const char *name)
{
    uint32_t g = 0;
    while (g < amct_structure_n_groups(s) &&
           strcmp(amct_structure_group(s, g).group->name, name) != 0)
        g++;
    cr_assert_lt(g, amct_structure_n_groups(s), "no group '%s'", name);
    return g;
}

Test(structure_candidates, a_genome_of_nothing_is_the_original)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 4);
        amct_structure *s = open(&c, 0.1, SIZE_MAX);
        amct_structured out;
        double error, variance;
        OK(amct_structure_build(&out, s, &(amct_structure_genome){NULL, NULL}, &err));
        structure_case_compare(&error, &variance, &c, c.graph, out.graph, c.graph->outputs[0]);
        cr_expect_eq(error, 0, "%s: %g", lane_nets[i].name, error);
        cr_expect_eq(out.n_layers, c.n_layers);
        for (uint32_t l = 0; l < out.n_layers; l++)
            cr_expect(out.origins[l].layer == l && out.origins[l].part == AMCT_PART_WHOLE);
        amct_structured_free(&out);
        amct_structure_free(s);
        structure_case_end(&c);
    }
}

Test(structure_candidates, all_levels_of_all_networks_run_and_are_traced)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 4);
        amct_structure *s = open(&c, 0.1, SIZE_MAX);
        uint32_t *kept = calloc(amct_structure_n_groups(s) + 1, sizeof *kept), n_ranks = 0;
        amct_rank *ranks = calloc(c.n_layers + 1, sizeof *ranks);
        for (int seed = 0; seed < 6; seed++) { /* groups and layers at once, at some level each */
            for (uint32_t g = 0; g < amct_structure_n_groups(s); g++) {
                amct_group_levels l = amct_structure_group(s, g);
                cr_assert((l.n > 0) == !l.why);
                kept[g] = l.n ? l.kept[((uint32_t)seed * 5 + g * 3) % l.n] : 0;
            }
            for (uint32_t l = 0; l < c.n_layers; l++) {
                amct_layer_ranks r = amct_structure_layer(s, l);
                cr_assert((r.n > 0) == !r.why);
                ranks[l] = r.n && (l + (uint32_t)seed) % 2
                               ? r.ranks[((uint32_t)seed * 3 + l * 5) % r.n]
                               : (amct_rank){.rank = 0};
            }
            amct_structured out;
            double error, variance;
            OK(amct_structure_build(&out, s, &(amct_structure_genome){kept, ranks}, &err));
            structure_case_compare(&error, &variance, &c, c.graph, out.graph, c.graph->outputs[0]);
            cr_expect(isfinite(error), "%s", lane_nets[i].name);
            for (uint32_t l = 0; l < out.n_layers; l++) {
                const amct_layer_origin *o = &out.origins[l];
                static const char *const suffix[] = {"", ".first", ".second"};
                char name[64];
                snprintf(name, sizeof name, "%s%s", c.layers[o->layer].name, suffix[o->part]);
                cr_expect_str_eq(out.layers[l].name, name);
                n_ranks += o->part == AMCT_PART_SECOND;
                cr_expect(o->part == AMCT_PART_WHOLE || ranks[o->layer].rank);
            }
            amct_structured_free(&out);
        }
        cr_expect(n_ranks > 0 || strcmp(lane_nets[i].name, "chain") != 0);
        free(kept);
        free(ranks);
        amct_structure_free(s);
        structure_case_end(&c);
    }
}

Test(structure_candidates, weights_are_shared_and_made_again_where_there_is_no_room)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("chain"), 8);
    amct_structure *roomy = open(&c, 0.1, SIZE_MAX), *tight = open(&c, 0.1, 0);
    uint32_t *kept = calloc(amct_structure_n_groups(roomy), sizeof *kept);
    amct_rank *ranks = calloc(c.n_layers, sizeof *ranks);
    kept[group_of(roomy, "a")] = 10;
    uint32_t b = structure_layer(&c, "b");
    ranks[b] = (amct_rank){AMCT_SPLIT_ROWS, 4};
    amct_structure_genome genome = {kept, ranks};
    amct_structured x, y, z;
    OK(amct_structure_build(&x, roomy, &genome, &err));
    OK(amct_structure_build(&y, roomy, &genome, &err));
    OK(amct_structure_build(&z, tight, &genome, &err));
    cr_assert_eq(x.n_layers, c.n_layers + 1);
    for (uint32_t l = 0; l < x.n_layers; l++) {
        const amct_tensor *wx = &x.graph->tensors[x.layers[l].weights];
        const amct_tensor *wy = &y.graph->tensors[y.layers[l].weights];
        const amct_tensor *wz = &z.graph->tensors[z.layers[l].weights];
        cr_expect_eq(wx->bytes, wz->bytes);
        cr_expect_eq(memcmp(wx->data, wz->data, wx->bytes), 0);
        if (x.origins[l].layer == b)
            cr_expect_eq(wx->data, wy->data);
    }
    amct_structured_free(&x);
    amct_structured_free(&y);
    amct_structured_free(&z);
    free(kept);
    free(ranks);
    amct_structure_free(roomy);
    amct_structure_free(tight);
    structure_case_end(&c);
}

Test(structure_candidates, errors_of_layers_alone_are_what_their_results_show)
{
    static const struct {
        const char *net, *group, *reader;
        uint32_t kept;
        amct_rank rank;
    } cases[] = {{"chain", "a", "b", 9, {.rank = 0}},
                 {"chain", "a", "b", 16, {AMCT_SPLIT_AFTER, 5}},
                 {"chain", "a", "b", 16, {AMCT_SPLIT_ROWS, 6}},
                 {"residual", "b1", "b2", 6, {.rank = 0}},
                 {"tokens", "up", "down", 24, {AMCT_SPLIT_AFTER, 4}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(cases[i].net), 16);
        amct_structure *s = open(&c, 1e-6, SIZE_MAX);
        uint32_t *kept = calloc(amct_structure_n_groups(s), sizeof *kept);
        uint32_t l = structure_layer(&c, cases[i].reader);
        amct_rank *ranks = calloc(c.n_layers, sizeof *ranks);
        kept[group_of(s, cases[i].group)] = cases[i].kept;
        ranks[l] = cases[i].rank;
        amct_structured out;
        double error, variance;
        OK(amct_structure_build(&out, s, &(amct_structure_genome){kept, ranks}, &err));
        structure_case_compare(&error, &variance, &c, c.graph, out.graph, c.layers[l].result);
        cr_expect_float_eq(out.errors[l], error / variance, 1e-3 * out.errors[l] + 1e-7,
                           "%s %s: %g, said %g", cases[i].net, cases[i].reader, error / variance,
                           out.errors[l]);
        cr_expect_gt(out.errors[l], 0);
        amct_structured_free(&out);
        free(kept);
        free(ranks);
        amct_structure_free(s);
        structure_case_end(&c);
    }
}

Test(structure_candidates, ranks_that_save_nothing_are_ignored)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("chain"), 4);
    amct_structure *s = open(&c, 0.1, SIZE_MAX);
    amct_rank *ranks = calloc(c.n_layers, sizeof *ranks);
    uint32_t b = structure_layer(&c, "b");
    ranks[b] = (amct_rank){AMCT_SPLIT_AFTER, 8};
    amct_structured out;
    OK(amct_structure_build(&out, s, &(amct_structure_genome){NULL, ranks}, &err));
    cr_expect_eq(out.n_layers, c.n_layers);
    cr_expect_eq(out.errors[b], 0);
    amct_structured_free(&out);
    free(ranks);
    amct_structure_free(s);
    structure_case_end(&c);
}

Test(structure_candidates, genomes_that_cannot_be_are_refused_with_words)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("blocked"), 4);
    amct_structure *s = open(&c, 0.1, SIZE_MAX);
    uint32_t *kept = calloc(amct_structure_n_groups(s), sizeof *kept), blocked = 0;
    while (!amct_structure_group(s, blocked).group->blocked)
        blocked++;
    amct_structured out;
    amct_structure_genome genome = {kept, NULL};
    kept[group_of(s, "free")] = 7;
    cr_expect_eq(amct_structure_build(&out, s, &genome, &err), AMCT_E_INVALID);
    cr_expect(strstr(err.text, "7 of 6 channels of group 'free'"), "%s", err.text);
    kept[group_of(s, "free")] = 0;
    if (amct_structure_group(s, blocked).group->n_lanes > 1) {
        kept[blocked] = 1;
        cr_expect_eq(amct_structure_build(&out, s, &genome, &err), AMCT_E_INVALID);
        cr_expect(strstr(err.text, amct_structure_group(s, blocked).why), "%s", err.text);
    }
    free(kept);
    amct_structure_free(s);
    structure_case_end(&c);
}
