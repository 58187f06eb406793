/* Channel groups, and networks that lose channels of them. */
#include "base/pcg.h"
#include "structure/restructure.h"
#include "unit/lane_net.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

Test(structure_groups, every_way_of_tying_channels_gives_its_groups)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        char text[512] = "";
        amct_groups *groups;
        amct_graph *g = lane_net_prepared(lane_nets[i].name);
        OK(amct_groups_find(&groups, g, NULL, &err));
        for (uint32_t k = 0; k < groups->n; k++) {
            const amct_group *group = &groups->groups[k];
            if (!group->blocked && group->n_lanes > 1)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%u",
                         text[0] ? " " : "", group->name, group->n_lanes);
        }
        cr_expect_str_eq(text, lane_nets[i].groups, "%s: %s", lane_nets[i].name, text);
        amct_groups_free(groups);
        amct_graph_free(g);
    }
}

/* The original with zeros for weights that read dropped lanes. */
static amct_graph *without_columns(const amct_graph *g, const amct_lanes *lanes, const bool *keep)
{
    amct_graph *copy;
    OK(amct_graph_clone(&copy, g, &err));
    for (uint32_t k = 0; k < lanes->n_operands; k++) {
        const amct_lane_operand *o = &lanes->operands[k];
        if (o->use != AMCT_LANE_TAKEN)
            continue;
        amct_tensor w = copy->tensors[copy->nodes[o->node].src[o->src]];
        int64_t inner = amct_shape_count(&w.shape, o->axis + 1, w.shape.rank);
        uint32_t id;
        void *data;
        OK(amct_graph_add_constant(copy, w.name, AMCT_FLOAT, &w.shape, &id, &data, &err));
        int64_t n = amct_shape_size(&w.shape);
        for (int64_t i = 0; i < n; i++)
            ((float *)data)[i] =
                keep[o->lanes[i / inner % w.shape.dims[o->axis]]] ? ((const float *)w.data)[i] : 0;
        copy->nodes[o->node].src[o->src] = id;
    }
    return copy;
}

static void expect_equal(const amct_graph *a, amct_engine engine_a, const amct_graph *b,
                         amct_engine engine_b, const char *what)
{
    size_t n, n_b;
    float *x = lane_net_run(a, engine_a, &n), *y = lane_net_run(b, engine_b, &n_b);
    double error = 0, size = 0;
    cr_assert_eq(n, n_b, "%s", what);
    for (size_t i = 0; i < n; i++) {
        error += (x[i] - y[i]) * (x[i] - y[i]);
        size += x[i] * x[i];
    }
    cr_expect(size > 0 && error <= 1e-10 * size, "%s: %g of %g", what, error, size);
    free(x);
    free(y);
}

static void expect_same_interface(const amct_graph *a, const amct_graph *b)
{
    const uint32_t *ids[] = {a->inputs, b->inputs, a->outputs, b->outputs};
    cr_assert(a->n_inputs == b->n_inputs && a->n_outputs == b->n_outputs);
    for (int side = 0; side < 4; side += 2)
        for (uint32_t i = 0; i < (side ? a->n_outputs : a->n_inputs); i++) {
            const amct_tensor *t = &a->tensors[ids[side][i]], *u = &b->tensors[ids[side + 1][i]];
            cr_expect_str_eq(t->name, u->name);
            cr_expect(amct_shape_equal(&t->shape, &u->shape) && t->dtype == u->dtype);
        }
}

static void check_dropped(const amct_graph *g, const amct_groups *groups, const bool *keep,
                          const char *what)
{
    amct_graph *pruned, *zeroed = without_columns(g, groups->lanes, keep);
    OK(amct_restructure(&pruned, g, groups->lanes, keep, NULL, 0, NULL, &err));
    expect_same_interface(g, pruned);
    expect_equal(zeroed, AMCT_ENGINE_REFERENCE, pruned, AMCT_ENGINE_REFERENCE, what);
    expect_equal(zeroed, AMCT_ENGINE_REFERENCE, pruned, AMCT_ENGINE_ONEDNN, what);
    amct_graph_free(pruned);
    amct_graph_free(zeroed);
}

Test(structure_groups, dropped_channels_change_nothing_but_what_read_them)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        amct_groups *groups;
        amct_graph *g = lane_net_prepared(lane_nets[i].name);
        OK(amct_groups_find(&groups, g, NULL, &err));
        bool *keep = malloc(groups->lanes->n), *all = malloc(groups->lanes->n);
        amct_pcg rng = amct_pcg_new(i, 1);
        memset(all, true, groups->lanes->n);
        for (uint32_t k = 0; k < groups->n; k++) { /* alone, and then all at once */
            const amct_group *group = &groups->groups[k];
            if (group->blocked || group->n_lanes < 2)
                continue;
            memset(keep, true, groups->lanes->n);
            for (uint32_t drop = 0; drop < group->n_lanes / 2;) {
                uint32_t lane = group->lanes[amct_pcg_below(&rng, group->n_lanes)];
                drop += keep[lane];
                keep[lane] = all[lane] = false;
            }
            check_dropped(g, groups, keep, lane_nets[i].name);
        }
        check_dropped(g, groups, all, lane_nets[i].name);
        free(keep);
        free(all);
        amct_groups_free(groups);
        amct_graph_free(g);
    }
}

static const amct_group *group_named(const amct_groups *groups, const char *name)
{
    for (uint32_t k = 0; k < groups->n; k++)
        if (strcmp(groups->groups[k].name, name) == 0)
            return &groups->groups[k];
    cr_assert_fail("no group '%s'", name);
    return NULL;
}

Test(structure_groups, what_must_stay_says_why)
{
    static const struct {
        const char *layer, *why;
    } cases[] = {
        {"to_input", "Add 'add' joins channels with 'x', of which none can be dropped"},
        {"to_softmax", "Softmax 'soft' works across channels"},
        {"to_lrn", "LRN 'lrn' is not known to keep channels apart"},
        {"to_sum", "ReduceSum 'sum' works across channels"},
        {"to_product", "MatMul 'mm' has no constant matrix of weights"},
        {"free", NULL},
    };
    amct_groups *groups;
    amct_graph *g = lane_net_prepared("blocked");
    OK(amct_groups_find(&groups, g, NULL, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t n = 0;
        while (strcmp(g->nodes[n].name, cases[i].layer) != 0)
            n++;
        const char *why = amct_groups_why(groups, n);
        if (cases[i].why)
            cr_expect_str_eq(why ? why : "", cases[i].why);
        else
            cr_expect_null(why);
    }
    amct_groups_free(groups);
    amct_graph_free(g);
    g = lane_net_prepared("chain");
    OK(amct_groups_find(&groups, g, NULL, &err));
    cr_expect_str_eq(group_named(groups, "d")->blocked, "'y' is an output of the network");
    amct_groups_free(groups);
    amct_graph_free(g);
}

Test(structure_groups, members_tell_dims_offsets_and_widths)
{
    amct_groups *groups;
    amct_graph *g = lane_net_prepared("dense");
    OK(amct_groups_find(&groups, g, NULL, &err));
    const amct_group *d1 = group_named(groups, "d1");
    uint32_t made = 0, taken = 0, beside = 0;
    for (uint32_t i = 0; i < d1->n_members; i++) {
        const amct_member *m = &d1->members[i];
        const amct_lane_operand *o = &groups->lanes->operands[m->operand];
        const char *node = g->nodes[o->node].name;
        cr_expect_eq(m->width, 1);
        made += o->use == AMCT_LANE_MADE && strcmp(node, "d1") == 0 && m->offset == 0;
        taken +=
            o->use == AMCT_LANE_TAKEN && strcmp(node, "d2") == 0 && m->offset == 8 && o->axis == 1;
        taken += o->use == AMCT_LANE_TAKEN && strcmp(node, "z") == 0 && m->offset == 8;
        beside += o->use == AMCT_LANE_BESIDE && strcmp(node, "n2") == 0 && m->offset == 8;
    }
    cr_expect(made == 1 && taken == 2 && beside == 4);
    amct_groups_free(groups);
    amct_graph_free(g);
}

Test(structure_groups, steps_give_every_layer_whole_multiples)
{
    static const struct {
        const char *net, *group;
        uint32_t multiple, step;
    } cases[] = {
        {"chain", "a", 16, 16},   {"chain", "b", 3, 3},     /* nine columns a channel */
        {"shuffle", "a", 16, 16}, {"shuffle", "g1", 16, 8}, /* 2 columns in each group of g2 */
        {"cardinal", "a", 16, 8}, {"cardinal", "a", 8, 4},  /* 4 and 2 channels of a lane */
        {"resize", "b", 16, 16},  {"resize", "c", 32, 32},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_groups *groups;
        amct_graph *g = lane_net_prepared(cases[i].net);
        OK(amct_groups_find(&groups, g, NULL, &err));
        uint32_t step =
            amct_group_step(groups, group_named(groups, cases[i].group), cases[i].multiple);
        cr_expect_eq(step, cases[i].step, "%s %s: %u", cases[i].net, cases[i].group, step);
        amct_groups_free(groups);
        amct_graph_free(g);
    }
}

Test(structure_groups, dropping_what_must_stay_is_refused)
{
    amct_groups *groups;
    amct_graph *out, *g = lane_net_prepared("chain");
    OK(amct_groups_find(&groups, g, NULL, &err));
    bool *keep = malloc(groups->lanes->n);
    memset(keep, true, groups->lanes->n);
    keep[groups->lanes->n - 1] = false;
    cr_expect_eq(amct_restructure(&out, g, groups->lanes, keep, NULL, 0, NULL, &err),
                 AMCT_E_INVALID);
    cr_expect_str_eq(err.text,
                     "a channel that must stay is dropped: 'y' is an output of the network");
    memset(keep, true, groups->lanes->n);
    memset(keep, false, 16); /* all of a */
    cr_expect_eq(amct_restructure(&out, g, groups->lanes, keep, NULL, 0, NULL, &err),
                 AMCT_E_INVALID);
    cr_expect(strstr(err.text, "no channel of "));
    free(keep);
    amct_groups_free(groups);
    amct_graph_free(g);
}
