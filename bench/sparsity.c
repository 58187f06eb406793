/*
 * sparsity - what channels dropped and layers factorised cost in accuracy, without a search.
 *
 *     sparsity CALIBRATION.yaml N [SCORED.yaml] [--macs 25,37,49] [--choice energy] [--multiple 4]
 *
 * Files and N as of bench/ptq.
 */
#include "bench/scoring.h"
#include "compress/choose.h"
#include "compress/refit.h"
#include "compress/restore.h"
#include "compress/restructure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TARGETS = 8 };

typedef struct sparsity {
    scoring s;
    amct_groups *groups;
    amct_calibration *calibration;
    const amct_gram **grams, **fresh; /* of three samples in four, and of the others */
    uint32_t **orders;                /* per group */
    uint32_t *kept;                   /* per group */
    uint32_t *place;                  /* per lane: how early it is kept in its group */
    bool *keep;                       /* per lane */
    amct_choice choice;
    uint32_t multiple;
    double targets[MOST_TARGETS];
    uint32_t n_targets;
    double ridge;
} sparsity;

/* ---- Sizes ------------------------------------------------------------------------------------
 */

static bool can_lose(const sparsity *p, const amct_group *g)
{
    return !g->blocked && g->n_members && amct_group_step(p->groups, g, p->multiple) < g->n_lanes;
}

/* Made by one layer: not tied by an addition. */
static bool is_inner(const sparsity *p, const amct_group *g)
{
    uint32_t makers = 0;
    for (uint32_t i = 0; i < g->n_members; i++)
        makers += p->groups->lanes->operands[g->members[i].operand].use == AMCT_LANE_MADE;
    return makers == 1;
}

static void set_keep(sparsity *p)
{
    memset(p->keep, true, p->groups->lanes->n);
    for (uint32_t g = 0; g < p->groups->n; g++)
        for (uint32_t i = p->kept[g]; p->orders[g] && i < p->groups->groups[g].n_lanes; i++)
            p->keep[p->orders[g][i]] = false;
}

static double share_of(const sparsity *p, uint32_t node, amct_lane_use use)
{
    const amct_lane_operand *o = amct_lanes_operand(p->groups->lanes, node, use);
    if (!o)
        return 1;
    const amct_graph *g = p->s.model.graph;
    int64_t n = g->tensors[g->nodes[node].src[o->src]].shape.dims[o->axis], kept = 0;
    for (int64_t i = 0; i < n; i++)
        kept += p->keep[o->lanes[i]];
    return (double)kept / (double)n;
}

/* Multiplications of the network with what is kept. */
static double macs(sparsity *p)
{
    double sum = 0;
    set_keep(p);
    for (uint32_t i = 0; i < p->s.model.n_layers; i++) {
        const amct_layer *l = &p->s.model.layers[i];
        sum += (double)l->macs * share_of(p, l->node, AMCT_LANE_MADE) *
               share_of(p, l->node, AMCT_LANE_TAKEN) * share_of(p, l->node, AMCT_LANE_THROUGH);
    }
    return sum;
}

static double graph_macs(const amct_graph *g, amct_err *err)
{
    amct_layer *layers;
    uint32_t n;
    double sum = 0;
    if (amct_layers_find(&layers, &n, g, err) != AMCT_OK)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (double)layers[i].macs;
    free(layers);
    return sum;
}

static void keep_all(sparsity *p)
{
    for (uint32_t g = 0; g < p->groups->n; g++)
        p->kept[g] = p->groups->groups[g].n_lanes;
}

/* ---- How much of which group ------------------------------------------------------------------
 */

static void keep_uniformly(sparsity *p, double target)
{
    double low = 0, high = 1; /* of a group */
    for (int i = 0; i < 40; i++) {
        double ratio = (low + high) / 2;
        for (uint32_t g = 0; g < p->groups->n; g++) {
            const amct_group *group = &p->groups->groups[g];
            uint32_t step = amct_group_step(p->groups, group, p->multiple);
            p->kept[g] = group->n_lanes;
            if (!p->orders[g] || !is_inner(p, group))
                continue;
            double want = fmax(rint(group->n_lanes * (1 - ratio) / step), 1) * step;
            p->kept[g] = want < group->n_lanes ? (uint32_t)want : group->n_lanes;
        }
        if (macs(p) > target)
            low = ratio;
        else
            high = ratio;
        if (i == 39 && macs(p) > target) { /* the last one that was small enough */
            i = 38;
            low = high;
        }
    }
}

/* Errors of the readers of a group with that many lanes kept, all other groups whole. */
static amct_status curve(double *errors, sparsity *p, uint32_t g, amct_err *err)
{
    const amct_group *group = &p->groups->groups[g];
    uint32_t step = amct_group_step(p->groups, group, p->multiple);
    memset(errors, 0, (group->n_lanes + (size_t)1) * sizeof *errors);
    for (uint32_t i = 0; i < group->n_members; i++) {
        const amct_lane_operand *o = &p->groups->lanes->operands[group->members[i].operand];
        uint32_t l = 0;
        while (l < p->s.model.n_layers && p->s.model.layers[l].node != o->node)
            l++;
        if (o->use != AMCT_LANE_TAKEN || l == p->s.model.n_layers || !p->grams[l])
            continue;
        amct_refit *r;
        AMCT_TRY(amct_refit_new(&r, p->s.model.graph, &p->s.model.layers[l], p->grams[l],
                                p->fresh[l], p->groups->lanes, p->place, p->ridge, err));
        float *weights = malloc((size_t)p->s.model.layers[l].parameters * sizeof *weights);
        float *bias = malloc((size_t)p->s.model.layers[l].channels * sizeof *bias);
        bool *keep = malloc(p->groups->lanes->n);
        amct_status status = weights && bias && keep ? AMCT_OK : amct_fail_nomem(err);
        for (uint32_t k = (group->n_lanes - 1) / step * step; status == AMCT_OK && k > 0;
             k -= step) {
            double error;
            memset(keep, true, p->groups->lanes->n);
            for (uint32_t j = k; j < group->n_lanes; j++)
                keep[p->orders[g][j]] = false;
            status = amct_refit_run(weights, bias, &error, r, keep, err);
            errors[k] += error;
        }
        free(keep);
        free(weights);
        free(bias);
        amct_refit_free(r);
        AMCT_TRY(status);
    }
    return AMCT_OK;
}

/* The next smaller size of a group. */
static uint32_t smaller(const sparsity *p, uint32_t g)
{
    uint32_t step = amct_group_step(p->groups, &p->groups->groups[g], p->multiple);
    return p->kept[g] ? (p->kept[g] - 1) / step * step : 0;
}

/* Always the step that adds the least error for the multiplications that it saves. */
static void keep_by_need(sparsity *p, double *const *curves, double target)
{
    keep_all(p);
    for (double now = macs(p); now > target; now = macs(p)) {
        uint32_t best = p->groups->n;
        double least = INFINITY;
        for (uint32_t g = 0; g < p->groups->n; g++) {
            uint32_t before = p->kept[g], next = smaller(p, g);
            if (!p->orders[g] || !next)
                continue;
            p->kept[g] = next;
            double saved = now - macs(p), cost = (curves[g][next] - curves[g][before]) / saved;
            p->kept[g] = before;
            if (cost < least) {
                least = cost;
                best = g;
            }
        }
        if (best == p->groups->n)
            return;
        p->kept[best] = smaller(p, best);
    }
}

/* ---- Forms ------------------------------------------------------------------------------------
 */

/* Whether a layer reads lanes that are dropped. */
static bool reads_less(const sparsity *p, uint32_t node)
{
    return share_of(p, node, AMCT_LANE_TAKEN) < 1;
}

static amct_status make(amct_graph **out, sparsity *p, bool scale, amct_err *err)
{
    const amct_model *m = &p->s.model;
    amct_layer_form *forms = calloc(m->n_layers + (size_t)1, sizeof *forms);
    set_keep(p);
    for (uint32_t l = 0; l < m->n_layers; l++) {
        if (!p->grams[l] || !reads_less(p, m->layers[l].node))
            continue;
        amct_refit *r;
        double error;
        AMCT_TRY(amct_refit_new(&r, m->graph, &m->layers[l], p->grams[l], NULL, p->groups->lanes,
                                p->place, p->ridge, err));
        amct_refit_size size = amct_refit_size_of(r, p->keep);
        float *weights = malloc((size_t)size.weights * sizeof *weights);
        float *bias = malloc((size_t)size.channels * sizeof *bias);
        AMCT_TRY(
            (scale ? amct_refit_scale : amct_refit_run)(weights, bias, &error, r, p->keep, err));
        forms[l].weights = weights; /* the system takes them back */
        forms[l].bias = bias;
        amct_refit_free(r);
    }
    amct_status status = amct_restructure(out, m->graph, p->groups->lanes, p->keep, m->layers,
                                          m->n_layers, forms, err);
    free(forms);
    return status;
}

static amct_status print_form(sparsity *p, const char *what, bool scale, bool sequential,
                              amct_err *err)
{
    amct_graph *form, *restored;
    char text[128];
    AMCT_TRY(make(&form, p, scale, err));
    double now = graph_macs(form, err), all = graph_macs(p->s.model.graph, err);
    snprintf(text, sizeof text, "%+.1f %% MACs, %s", 100 * (now / all - 1), what);
    if (!sequential)
        return scoring_print(&p->s, text, form, err);
    amct_selection first;
    amct_feed feed = scoring_feed(&p->s, &first);
    amct_restore_options options = {p->ridge, (size_t)6 << 30};
    amct_exec *exec;
    double start = scoring_now();
    AMCT_TRY(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err));
    AMCT_TRY(amct_restore(&restored, form, p->s.model.graph, p->groups->lanes, p->keep, exec, &feed,
                          &options, err));
    amct_exec_free(exec);
    printf("%.1f s ", scoring_now() - start);
    AMCT_TRY(scoring_print(&p->s, text, restored, err));
    amct_graph_free(restored);
    amct_graph_free(form);
    return AMCT_OK;
}

static amct_status order_all(sparsity *p, amct_choice choice, amct_err *err)
{
    for (uint32_t g = 0; g < p->groups->n; g++) {
        const amct_group *group = &p->groups->groups[g];
        free(p->orders[g]);
        p->orders[g] = NULL;
        if (!can_lose(p, group))
            continue;
        p->orders[g] = malloc(group->n_lanes * sizeof **p->orders);
        AMCT_TRY(amct_choose(p->orders[g], p->groups, group, choice, p->s.model.layers,
                             p->s.model.n_layers, p->grams, p->ridge, err));
        for (uint32_t i = 0; i < group->n_lanes; i++)
            p->place[p->orders[g][i]] = i + 1;
    }
    return AMCT_OK;
}

static amct_status prune(sparsity *p, amct_err *err)
{
    double **curves = calloc(p->groups->n + (size_t)1, sizeof *curves), start = scoring_now();
    keep_all(p);
    double all = macs(p);
    AMCT_TRY(order_all(p, AMCT_CHOOSE_L1, err));
    for (uint32_t t = 0; t < p->n_targets; t++) {
        keep_uniformly(p, all * (1 - p->targets[t] / 100));
        AMCT_TRY(print_form(p, "uniform, l1, mean and variance", true, false, err));
        AMCT_TRY(print_form(p, "uniform, l1, least squares", false, false, err));
    }
    start = scoring_now();
    AMCT_TRY(order_all(p, p->choice, err));
    printf("%.1f s for the choice by %s\n", scoring_now() - start, amct_choice_name(p->choice));
    for (uint32_t t = 0; t < p->n_targets; t++) {
        keep_uniformly(p, all * (1 - p->targets[t] / 100));
        AMCT_TRY(print_form(p, "uniform, mean and variance", true, false, err));
        AMCT_TRY(print_form(p, "uniform, least squares", false, false, err));
        AMCT_TRY(print_form(p, "uniform, sequential", false, true, err));
    }
    start = scoring_now();
    for (uint32_t g = 0; g < p->groups->n; g++) {
        curves[g] = calloc(p->groups->groups[g].n_lanes + (size_t)1, sizeof **curves);
        if (p->orders[g])
            AMCT_TRY(curve(curves[g], p, g, err));
    }
    printf("%.1f s for error curves\n", scoring_now() - start);
    for (uint32_t t = 0; t < p->n_targets; t++) {
        keep_by_need(p, curves, all * (1 - p->targets[t] / 100));
        if (getenv("VERBOSE"))
            for (uint32_t g = 0; g < p->groups->n; g++)
                if (p->orders[g])
                    printf("  %s %u of %u: %.4f\n", p->groups->groups[g].name, p->kept[g],
                           p->groups->groups[g].n_lanes, curves[g][p->kept[g]]);
        AMCT_TRY(print_form(p, "by need, least squares", false, false, err));
        AMCT_TRY(print_form(p, "by need, sequential", false, true, err));
    }
    return AMCT_OK;
}

/* Moments of one sample in four of the first n, or of the others. */
static amct_status collect(sparsity *p, const amct_gram ***grams, uint32_t n, bool fourth,
                           amct_err *err)
{
    const amct_model *m = &p->s.model;
    amct_moments *moments; /* the system takes them back */
    uint32_t *indices = malloc((n + (size_t)1) * sizeof *indices), count = 0;
    bool *wanted = malloc(m->n_layers + (size_t)1);
    *grams = calloc(m->n_layers + (size_t)1, sizeof **grams);
    if (!indices || !wanted || !*grams)
        return amct_fail_nomem(err);
    memset(wanted, true, m->n_layers + (size_t)1);
    for (uint32_t i = 0; i < n; i++)
        if ((i % 4 == 3) == fourth)
            indices[count++] = i;
    amct_selection part = {p->s.data, indices, count};
    amct_feed feed = amct_selection_feed(&part);
    AMCT_TRY(amct_moments_collect(&moments, m->graph, m->layers, m->n_layers, wanted,
                                  p->calibration, &feed, p->s.jobs, err));
    for (uint32_t i = 0; i < m->n_layers; i++)
        (*grams)[i] = amct_moments_of(moments, i);
    free(indices);
    free(wanted);
    return AMCT_OK;
}

static amct_status run(sparsity *p, const char *calibration, uint32_t n, const char *scored,
                       amct_err *err)
{
    AMCT_TRY(scoring_open(&p->s, calibration, n, scored, err));
    const amct_model *m = &p->s.model;
    AMCT_TRY(scoring_print(&p->s, "original", m->graph, err));
    AMCT_TRY(amct_groups_find(&p->groups, m->graph, err));
    amct_selection first;
    amct_feed feed = scoring_feed(&p->s, &first);
    double start = scoring_now();
    AMCT_TRY(amct_calibrate(&p->calibration, m->graph, m->layers, m->n_layers, &feed,
                            &p->s.config->range, p->s.jobs, err));
    AMCT_TRY(collect(p, &p->grams, n, false, err));
    AMCT_TRY(collect(p, &p->fresh, n, true, err));
    printf("%.1f s for moments\n", scoring_now() - start);
    p->orders = calloc(p->groups->n + (size_t)1, sizeof *p->orders);
    p->kept = calloc(p->groups->n + (size_t)1, sizeof *p->kept);
    p->place = calloc(p->groups->lanes->n + (size_t)1, sizeof *p->place);
    p->keep = malloc(p->groups->lanes->n + (size_t)1);
    p->ridge = p->ridge > 0 ? p->ridge : amct_refit_ridge(n);
    return prune(p, err);
}

int main(int argc, char **argv)
{
    sparsity p = {.multiple = 4, .targets = {25, 37, 49}, .n_targets = 3};
    amct_err err = {0};
    while (argc > 4 && strncmp(argv[argc - 2], "--", 2) == 0) {
        const char *name = argv[argc - 2] + 2, *value = argv[argc - 1];
        if (strcmp(name, "multiple") == 0)
            p.multiple = (uint32_t)atoi(value);
        if (strcmp(name, "ridge") == 0)
            p.ridge = atof(value);
        for (int c = 0; strcmp(name, "choice") == 0 && c < AMCT_N_CHOICES; c++)
            if (strcmp(value, amct_choice_name((amct_choice)c)) == 0)
                p.choice = (amct_choice)c;
        if (strcmp(name, "macs") == 0) {
            char *end = NULL;
            p.n_targets = 0;
            for (const char *at = value; *at && p.n_targets < MOST_TARGETS;
                 at = end + (*end == ',')) {
                p.targets[p.n_targets++] = strtod(at, &end);
                if (end == at)
                    break;
            }
        }
        argc -= 2;
    }
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: sparsity CALIBRATION.yaml N [SCORED.yaml] [--macs LIST] "
                        "[--choice NAME] [--multiple M] [--ridge R]\n");
        return 2;
    }
    amct_status status =
        run(&p, argv[1], (uint32_t)strtoul(argv[2], NULL, 10), argc == 4 ? argv[3] : NULL, &err);
    if (status != AMCT_OK) /* the system takes back what it held */
        fprintf(stderr, "sparsity: %s\n", err.text);
    return status == AMCT_OK ? 0 : 1;
}
