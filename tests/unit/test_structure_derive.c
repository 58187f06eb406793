/* What layers of structured candidates read, derived and as it is when the candidates run. */
#include "structure/derive.h"
#include "unit/structure_case.h"

#include <math.h>
#include <stdio.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

/* A candidate, what was derived from, and what is collected on the candidate itself. */
typedef struct trial {
    structure_case c;
    amct_structure *structure;
    amct_derive_source source;
    amct_structured out;
    uint32_t *kept;
    amct_rank *ranks;
    amct_calibration *calibration;
    amct_moments *moments;
} trial;

static void begin(trial *t, const char *net)
{
    *t = (trial){.kept = NULL};
    structure_case_begin(&t->c, lane_net_prepared(net), 4);
    amct_structure_options options = {.multiple = 1, .ridge = 0.1, .limit_bytes = SIZE_MAX};
    OK(amct_structure_new(&t->structure, t->c.graph, t->c.layers, t->c.n_layers, t->c.grams,
                          t->c.n_samples, &options, &err));
    t->source = (amct_derive_source){
        t->c.graph, t->c.layers, amct_structure_lanes(t->structure), t->c.calibration, t->c.grams,
        true,       1e-12};
    t->kept = calloc(amct_structure_n_groups(t->structure) + 1, sizeof *t->kept);
    t->ranks = calloc(t->c.n_layers + 1, sizeof *t->ranks);
}

static void keep(trial *t, const char *group, uint32_t kept)
{
    for (uint32_t g = 0; g < amct_structure_n_groups(t->structure); g++)
        if (strcmp(amct_structure_group(t->structure, g).group->name, group) == 0)
            t->kept[g] = kept;
}

static void build(trial *t)
{
    OK(amct_structure_build(&t->out, t->structure, &(amct_structure_genome){t->kept, t->ranks},
                            &err));
    OK(amct_calibrate(&t->calibration, t->out.graph, t->out.layers, t->out.n_layers, &t->c.feed,
                      &amct_range_defaults, 1, &err));
    bool *wanted = malloc(t->out.n_layers + 1);
    memset(wanted, true, t->out.n_layers + 1);
    OK(amct_moments_collect(&t->moments, t->out.graph, t->out.layers, t->out.n_layers, wanted,
                            t->calibration, &t->c.feed, 1, &err));
    free(wanted);
}

static void end(trial *t)
{
    amct_moments_free(t->moments);
    amct_calibration_free(t->calibration);
    amct_structured_free(&t->out);
    amct_structure_free(t->structure);
    free(t->kept);
    free(t->ranks);
    structure_case_end(&t->c);
}

static uint32_t layer_of(const trial *t, const char *name)
{
    uint32_t i = 0;
    while (i < t->out.n_layers && strcmp(t->out.layers[i].name, name) != 0)
        i++;
    cr_assert_lt(i, t->out.n_layers, "no layer '%s'", name);
    return i;
}

/* Largest difference of the moments of two grams, in units of standard deviations. */
static double differ(const amct_gram *a, const amct_gram *b)
{
    size_t k = (size_t)a->columns.columns;
    double *x = malloc(2 * (k * k + k) * sizeof *x), *y = x + k * k + k, most = 0, all = 0;
    cr_assert_eq(a->columns.columns, b->columns.columns);
    cr_assert_eq(a->columns.groups, b->columns.groups);
    cr_assert(a->parts == 1 && b->parts == 1 && a->part_columns == b->part_columns);
    for (int64_t g = 0; g < a->columns.groups; g++) {
        amct_gram_read(x, x + k * k, a, g, 0);
        amct_gram_read(y, y + k * k, b, g, 0);
        for (size_t i = 0; i < k; i++)
            all += y[i * k + i] / (double)k;
        for (size_t i = 0; i < k * k; i++)
            most = fmax(most, fabs(x[i] - y[i]));
        for (size_t i = k * k; i < k * k + k; i++)
            most = fmax(most, (x[i] - y[i]) * (x[i] - y[i]) / 1e-5);
    }
    free(x);
    cr_assert_gt(all, 0);
    return most / all * (double)a->columns.groups;
}

static void check_layer(const trial *t, const char *net, const char *name, bool means)
{
    uint32_t i = layer_of(t, name);
    const amct_layer_stats *is = &t->calibration->layers[i];
    amct_derivation d;
    OK(amct_derive(&d, &t->source, &t->out, i, true, &err));
    cr_assert(d.stats.seen && d.gram);
    cr_expect_eq(d.gram->rows, amct_moments_of(t->moments, i)->rows);
    double moments = differ(d.gram, amct_moments_of(t->moments, i));
    cr_expect_lt(moments, 2e-5, "%s %s: moments %g", net, name, moments);
    cr_assert_eq(d.stats.n_src_channels, is->n_src_channels, "%s %s", net, name);
    for (int64_t k = 0; means && k < is->n_src_channels; k++)
        cr_expect_float_eq(d.stats.src_mean[k], is->src_mean[k], 1e-5, "%s %s: mean %g is %g", net,
                           name, d.stats.src_mean[k], is->src_mean[k]);
    amct_derivation_free(&d);
}

/* Layers whose sources are right, as nothing before them is refitted. */
Test(structure_derive, moments_and_means_are_those_of_the_candidate)
{
    static const struct {
        const char *net, *group;
        uint32_t kept;
        const char *layer; /* that is factorised */
        amct_rank rank;
        const char *checked[5];
        bool no_means; /* of a second factor whose centre does not move over the whole plane */
    } cases[] = {
        {"chain", "a", 10, NULL, {.rank = 0}, {"a", "b"}, false},
        {"chain", "b", 5, NULL, {.rank = 0}, {"a", "b", "c"}, false}, /* flattened */
        {"chain", "c", 7, NULL, {.rank = 0}, {"c", "d"}, false},
        {"chain", "a", 16, "b", {AMCT_SPLIT_AFTER, 5}, {"b.first", "b.second"}, false},
        {"chain", "a", 9, "b", {AMCT_SPLIT_AFTER, 3}, {"b.first", "b.second"}, false},
        {"chain", "a", 9, "b", {AMCT_SPLIT_BEFORE, 3}, {"b.second"}, true},
        {"chain", "a", 9, "b", {AMCT_SPLIT_ROWS, 3}, {"b.second"}, true},
        {"chain", "a", 9, "c", {AMCT_SPLIT_AFTER, 2}, {"b"}, false},
        {"chain", "b", 8, "c", {AMCT_SPLIT_AFTER, 4}, {"c.first", "c.second"}, false},
        {"residual", "b1", 10, "b1", {AMCT_SPLIT_BEFORE, 5}, {"b1.first", "b1.second"}, false},
        {"residual", "stem", 7, "b1", {AMCT_SPLIT_BEFORE, 3}, {"b1.first", "b1.second"}, false},
        {"residual", "stem", 7, "b1", {AMCT_SPLIT_ROWS, 4}, {"b1.first", "b1.second"}, false},
        {"residual", "b1", 6, "b1", {AMCT_SPLIT_COLUMNS, 4}, {"b1.first", "b1.second"}, false},
        {"residual", "stem", 7, "b1", {AMCT_SPLIT_AFTER, 3}, {"b1.first", "b1.second"}, false},
        {"depthwise", "a", 9, NULL, {.rank = 0}, {"a", "dw", "z"}, false},
        {"shuffle", "a", 21, NULL, {.rank = 0}, {"a", "g1"}, false},
        {"shuffle", "g1", 9, NULL, {.rank = 0}, {"g1", "dw", "g2"}, false},
        {"cardinal", "a", 5, NULL, {.rank = 0}, {"a", "g", "z"}, false},
        {"decoder", "up1", 7, NULL, {.rank = 0}, {"up1", "up2", "up3"}, false},
        {"decoder", "up3", 20, NULL, {.rank = 0}, {"up3", "up4"}, false},
        {"tokens", "up", 11, "down", {AMCT_SPLIT_AFTER, 4}, {"down.first", "down.second"}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trial t;
        begin(&t, cases[i].net);
        keep(&t, cases[i].group, cases[i].kept);
        if (cases[i].layer)
            t.ranks[structure_layer(&t.c, cases[i].layer)] = cases[i].rank;
        build(&t);
        for (int k = 0; k < 5 && cases[i].checked[k]; k++)
            check_layer(&t, cases[i].net, cases[i].checked[k], !cases[i].no_means);
        end(&t);
    }
}

Test(structure_derive, ranges_between_factors_are_of_4_and_3_deviations)
{
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        trial t;
        begin(&t, "chain");
        t.ranks[structure_layer(&t.c, "b")] = (amct_rank){AMCT_SPLIT_AFTER, 5};
        t.source.asymmetric = !symmetric;
        build(&t);
        uint32_t i = layer_of(&t, "b.second"), src = t.out.layers[i].src;
        amct_derivation d;
        OK(amct_derive(&d, &t.source, &t.out, i, false, &err));
        cr_assert_null(d.gram);
        size_t n, inner = (size_t)amct_shape_count(&t.out.graph->tensors[src].shape, 2, 4);
        float *z = structure_case_values(&t.c, t.out.graph, src, &n);
        double low[2] = {0}, high[2] = {0}; /* 3, 4 */
        for (size_t k = 0; k < 5; k++) {
            double mean = 0, square = 0, rows = (double)n / 5;
            for (size_t at = 0; at < n; at++)
                if (at / inner % 5 == k) {
                    mean += (double)z[at] / rows;
                    square += (double)z[at] * (double)z[at] / rows;
                }
            for (int s = 0; s < 2; s++) {
                double reach = (3 + s) * sqrt(square - mean * mean);
                low[s] = fmin(low[s], mean - reach);
                high[s] = fmax(high[s], mean + reach);
            }
        }
        free(z);
        amct_qparams narrow = amct_qparams_of_range((float)low[0], (float)high[0], !symmetric, 4);
        amct_qparams wide = amct_qparams_of_range((float)low[1], (float)high[1], !symmetric, 8);
        cr_expect_float_eq(d.stats.src4.scale, narrow.scale, 1e-4 * (double)narrow.scale);
        cr_expect_float_eq(d.stats.src.scale, wide.scale, 1e-4 * (double)wide.scale);
        cr_expect_eq(d.stats.src4.offset, narrow.offset);
        cr_expect_eq(d.stats.src.offset, wide.offset);
        amct_derivation_free(&d);
        end(&t);
    }
}

Test(structure_derive, what_was_not_seen_or_has_no_moments_stays_so)
{
    trial t;
    begin(&t, "chain");
    keep(&t, "a", 9);
    build(&t);
    uint32_t i = layer_of(&t, "b"), from = t.out.origins[i].layer;
    const amct_gram **grams = calloc(t.c.n_layers + 1, sizeof *grams);
    amct_derivation d;
    t.source.grams = grams; /* none */
    OK(amct_derive(&d, &t.source, &t.out, i, true, &err));
    cr_expect_null(d.gram);
    cr_expect_eq(d.stats.n_src_channels, 9);
    cr_expect_eq(d.stats.src.scale, t.c.calibration->layers[from].src.scale);
    amct_derivation_free(&d);
    t.c.calibration->layers[from].seen = false;
    OK(amct_derive(&d, &t.source, &t.out, i, true, &err));
    cr_expect(!d.stats.seen && !d.gram);
    amct_derivation_free(&d);
    free(grams);
    end(&t);
}
