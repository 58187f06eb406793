/* Levels of structured candidates: where they come from, and what candidates compute with them. */
#include "structure/derived_levels.h"
#include "compress/stitch.h"
#include "unit/structure_case.h"

#include <math.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

typedef struct memo_case {
    structure_case c;
    amct_structure *structure;
    amct_leveldb *db;
    amct_derived *derived;
    uint32_t *kept, n_groups;
    amct_rank *ranks;
} memo_case;

static void begin(memo_case *m, const char *net)
{
    const amct_level_options options = {AMCT_WEIGHTS_GPTQ, true};
    *m = (memo_case){.kept = NULL};
    structure_case_begin(&m->c, lane_net_prepared(net), 6);
    structure_case *c = &m->c;
    OK(amct_structure_new(
        &m->structure, c->graph, c->layers, c->n_layers, c->grams, c->n_samples,
        &(amct_structure_options){.multiple = 1, .ridge = 0.1, .limit_bytes = SIZE_MAX}, &err));
    OK(amct_leveldb_new(&m->db, c->graph, c->layers, c->calibration, &options, NULL, &err));
    OK(amct_leveldb_fill_all(m->db, ~0u, &c->feed, 1, SIZE_MAX, &err));
    amct_derive_source source = {
        c->graph, c->layers, amct_structure_lanes(m->structure), c->calibration, c->grams,
        true,     0.1};
    OK(amct_derived_new(&m->derived, &source, m->db, &options, &err));
    m->n_groups = amct_structure_n_groups(m->structure);
    m->kept = calloc(m->n_groups + 1, sizeof *m->kept);
    m->ranks = calloc(c->n_layers + 1, sizeof *m->ranks);
}

static void end(memo_case *m)
{
    amct_derived_free(m->derived);
    amct_leveldb_free(m->db);
    amct_structure_free(m->structure);
    free(m->kept);
    free(m->ranks);
    structure_case_end(&m->c);
}

/* Some level of every group and every second layer, another one for every seed. */
static void choose(memo_case *m, uint32_t seed)
{
    for (uint32_t g = 0; g < m->n_groups; g++) {
        amct_group_levels l = amct_structure_group(m->structure, g);
        m->kept[g] = l.n ? l.kept[(seed * 5 + g * 3) % ((l.n + 1) / 2)] : 0;
    }
    for (uint32_t l = 0; l < m->c.n_layers; l++) {
        amct_layer_ranks r = amct_structure_layer(m->structure, l);
        m->ranks[l] =
            r.n && (l + seed) % 2 ? r.ranks[(seed * 3 + l * 5) % r.n] : (amct_rank){.rank = 0};
    }
}

static amct_structured build(memo_case *m)
{
    amct_structured out;
    OK(amct_structure_build(&out, m->structure, &(amct_structure_genome){m->kept, m->ranks}, &err));
    return out;
}

/* kind, or W8A8 if the layer cannot have it. */
static amct_level_kind able(const amct_structured *s, uint32_t layer, int kind)
{
    return amct_level_refusal(&s->layers[layer], (amct_level_kind)kind) ? AMCT_LEVEL_W8A8
                                                                        : (amct_level_kind)kind;
}

static const amct_quantised *get(memo_case *m, const amct_structured *s, uint32_t layer,
                                 amct_level_kind kind)
{
    const amct_quantised *q;
    OK(amct_derived_get(&q, m->derived, s, layer, kind, &err));
    return q;
}

static amct_graph *stitched(memo_case *m, const amct_structured *s, amct_level_kind kind)
{
    const amct_quantised **levels = calloc(s->n_layers + 1, sizeof *levels);
    amct_graph *graph;
    for (uint32_t i = 0; i < s->n_layers; i++)
        if (!s->layers[i].no_int8)
            levels[i] = get(m, s, i, able(s, i, kind));
    OK(amct_stitch(&graph, s->graph, s->layers, s->n_layers, levels, &err));
    free(levels);
    return graph;
}

/* Networks in which nothing but layers rounds: both executors must give the same bits. */
static bool is_exact(const char *net)
{
    static const char *const names[] = {"chain", "padded", "cardinal", "decoder", "shuffle"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], net) == 0)
            return true;
    return false;
}

static void check_run(const char *net, const amct_graph *graph)
{
    size_t n, n_fast;
    float *slow = lane_net_run(graph, AMCT_ENGINE_REFERENCE, &n);
    float *fast = lane_net_run(graph, AMCT_ENGINE_ONEDNN, &n_fast);
    cr_assert_eq(n, n_fast);
    for (size_t i = 0; i < n; i++)
        cr_assert(isfinite(slow[i]), "%s", net);
    if (is_exact(net))
        cr_expect_eq(memcmp(slow, fast, n * sizeof *slow), 0, "%s", net);
    free(slow);
    free(fast);
}

Test(structure_derived_levels, every_level_of_every_network_is_stitched_and_runs)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        memo_case m;
        begin(&m, lane_nets[i].name);
        for (uint32_t seed = 0; seed < 3; seed++) {
            choose(&m, seed);
            amct_structured s = build(&m);
            for (int kind = AMCT_LEVEL_W8A8; kind < AMCT_N_LEVELS; kind++) {
                amct_graph *graph = stitched(&m, &s, (amct_level_kind)kind);
                check_run(lane_nets[i].name, graph);
                amct_graph_free(graph);
            }
            amct_structured_free(&s);
        }
        end(&m);
    }
}

/* Error of the result in units of its variance. */
static double error_of(memo_case *m, const amct_structured *s, amct_level_kind kind)
{
    double error, variance;
    amct_graph *graph = stitched(m, s, kind);
    structure_case_compare(&error, &variance, &m->c, s->graph, graph, s->graph->outputs[0]);
    amct_graph_free(graph);
    return error / variance;
}

Test(structure_derived_levels, integers_of_8_bits_change_little)
{
    static const char *const nets[] = {"chain", "residual", "padded", "tokens", "decoder"};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        memo_case m;
        begin(&m, nets[i]);
        for (uint32_t seed = 0; seed < 3; seed++) {
            choose(&m, seed);
            amct_structured s = build(&m);
            double wide = error_of(&m, &s, AMCT_LEVEL_W8A8),
                   half = error_of(&m, &s, AMCT_LEVEL_W4A8);
            cr_expect_lt(wide, 0.02, "%s: %g", nets[i], wide);
            cr_expect_lt(half, 0.3, "%s: %g", nets[i], half);
            cr_expect_lt(wide, half);
            amct_structured_free(&s);
        }
        end(&m);
    }
}

Test(structure_derived_levels, what_is_unchanged_comes_from_the_database)
{
    memo_case m;
    begin(&m, "chain");
    amct_structured s = build(&m); /* nothing is chosen */
    for (uint32_t l = 0; l < s.n_layers; l++)
        for (int kind = 0; kind < AMCT_N_LEVELS; kind++) {
            amct_level_kind may = kind ? able(&s, l, kind) : AMCT_LEVEL_16;
            const amct_quantised *level, *q = get(&m, &s, l, may);
            OK(amct_leveldb_get(&level, m.db, l, may, &err));
            cr_expect_eq(q, level);
        }
    cr_expect_eq(amct_derived_made(m.derived), 0);
    amct_structured_free(&s);
    m.kept[0] = 9; /* of a, which b reads */
    s = build(&m);
    for (uint32_t l = 0; l < s.n_layers; l++) {
        const amct_quantised *level, *q = get(&m, &s, l, AMCT_LEVEL_W4A8);
        OK(amct_leveldb_get(&level, m.db, l, AMCT_LEVEL_W4A8, &err));
        cr_expect_eq(q == level,
                     strcmp(s.layers[l].name, "c") == 0 || strcmp(s.layers[l].name, "d") == 0);
    }
    amct_structured_free(&s);
    end(&m);
}

Test(structure_derived_levels, levels_are_made_once)
{
    memo_case m;
    begin(&m, "residual");
    choose(&m, 1);
    amct_structured s = build(&m), again = build(&m);
    for (int kind = AMCT_LEVEL_W8A8; kind < AMCT_N_LEVELS; kind++)
        for (uint32_t l = 0; l < s.n_layers; l++)
            if (!s.layers[l].no_int8)
                cr_expect_not_null(get(&m, &s, l, able(&s, l, kind)));
    uint32_t made = amct_derived_made(m.derived);
    cr_expect_gt(made, 0);
    for (int kind = AMCT_LEVEL_W8A8; kind < AMCT_N_LEVELS; kind++)
        for (uint32_t l = 0; l < s.n_layers; l++)
            if (!s.layers[l].no_int8)
                cr_expect_eq(get(&m, &s, l, able(&s, l, kind)),
                             get(&m, &again, l, able(&s, l, kind)));
    cr_expect_eq(amct_derived_made(m.derived), made);
    m.kept[0]--; /* of the stem, which others read */
    amct_structured other = build(&m);
    for (uint32_t l = 0; l < other.n_layers; l++)
        if (!other.layers[l].no_int8)
            get(&m, &other, l, AMCT_LEVEL_W4A4);
    cr_expect_gt(amct_derived_made(m.derived), made);
    amct_structured_free(&s);
    amct_structured_free(&again);
    amct_structured_free(&other);
    end(&m);
}

/* Channel i of the result of a candidate's layer is channel at[i] of the original's. */
static void check_cut(memo_case *m, const amct_structured *s, const char *name)
{
    uint32_t l = 0, old = structure_layer(&m->c, name);
    while (strcmp(s->layers[l].name, name) != 0)
        l++;
    const amct_lanes *lanes = amct_structure_lanes(m->structure);
    const amct_quantised *level, *q = get(m, s, l, AMCT_LEVEL_W4A8);
    OK(amct_leveldb_get(&level, m->db, old, AMCT_LEVEL_W4A8, &err));
    size_t row = (size_t)(q->n_weights / q->channels), n = 0;
    for (int64_t i = 0; i < level->channels; i++) {
        if (!s->keep[lanes->of[m->c.layers[old].dst][i]])
            continue;
        cr_assert_eq(memcmp(q->weights + n * row, level->weights + (size_t)i * row, row), 0);
        cr_assert_eq(q->bias[n], level->bias[i]);
        cr_assert_eq(q->scales[n++], level->scales[i]);
    }
    cr_assert_eq((int64_t)n, q->channels);
    cr_assert_lt(q->channels, level->channels);
}

Test(structure_derived_levels, layers_that_only_make_less_are_cut)
{
    static const struct {
        const char *net, *group, *layers[2];
        uint32_t kept;
    } cases[] = {{"chain", "a", {"a"}, 9},
                 {"depthwise", "a", {"a", "dw"}, 7},
                 {"cardinal", "a", {"a", "g"}, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memo_case m;
        begin(&m, cases[i].net);
        for (uint32_t g = 0; g < m.n_groups; g++)
            if (strcmp(amct_structure_group(m.structure, g).group->name, cases[i].group) == 0)
                m.kept[g] = cases[i].kept;
        amct_structured s = build(&m);
        for (int k = 0; k < 2 && cases[i].layers[k]; k++)
            check_cut(&m, &s, cases[i].layers[k]);
        amct_structured_free(&s);
        end(&m);
    }
}

Test(structure_derived_levels, what_cannot_be_is_refused_with_words)
{
    memo_case m;
    begin(&m, "chain");
    m.kept[0] = 9;
    amct_structured s = build(&m);
    const amct_quantised *q;
    uint32_t b = structure_layer(&m.c, "b");
    m.c.calibration->layers[b].seen = false;
    for (int i = 0; i < 2; i++) { /* the memo keeps the words, too */
        cr_expect_eq(amct_derived_get(&q, m.derived, &s, b, AMCT_LEVEL_W8A8, &err),
                     AMCT_E_UNSUPPORTED);
        cr_expect_str_eq(err.text, "not calibrated");
    }
    s.layers[b].no_int8 = "it is not wanted";
    cr_expect_eq(amct_derived_get(&q, m.derived, &s, b, AMCT_LEVEL_W8A8, &err), AMCT_E_UNSUPPORTED);
    cr_expect_str_eq(err.text, "it is not wanted");
    OK(amct_derived_get(&q, m.derived, &s, b, AMCT_LEVEL_16, &err));
    cr_expect_null(q);
    amct_structured_free(&s);
    end(&m);
}
