/* What an algorithm makes of the space, and the tables that it is given. */
#include "search/search.h"
#include "tune/settle.h"
#include "tune/tables.h"
#include "unit/structure_case.h"

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

static amct_config settled(const char *algorithm, amct_config *asked)
{
    amct_config out;
    asked->algorithm = algorithm;
    OK(amct_settle(&out, asked, &err));
    return out;
}

Test(tune_settle, algorithms_of_one_kind_find_the_others_off)
{
    amct_config *asked;
    OK(amct_config_new(&asked, &err)); /* all kinds */
    amct_config c = settled("auto", asked);
    cr_assert(c.levels[AMCT_LEVEL_W8A8] && c.levels[AMCT_LEVEL_W4A4] && c.n_ratios &&
              c.rank_levels);
    c = settled("prune-only", asked);
    cr_assert(!c.levels[AMCT_LEVEL_W8A8] && !c.levels[AMCT_LEVEL_W4A4]);
    cr_assert(c.n_ratios == 5 && c.ratios[0] == 0.125 && c.ratios[4] == 0.75 && !c.rank_levels);
    cr_assert(!c.amct_channels && settled("amct-greedy-prune", asked).amct_channels);
    c = settled("rank-only", asked);
    cr_assert(!c.levels[AMCT_LEVEL_W8A8] && !c.n_ratios && c.rank_levels == 3);
    cr_assert(!c.amct_ranks && settled("amct-fixed-rank", asked).amct_ranks);
    c = settled("bits-only", asked);
    cr_assert(c.levels[AMCT_LEVEL_W8A8] && c.levels[AMCT_LEVEL_W4A4]);
    cr_assert(!c.n_ratios && !c.rank_levels);
    amct_config_free(asked);
}

Test(tune_settle, a_space_without_the_kind_of_the_algorithm_is_refused)
{
    static const struct {
        const char *algorithm, *why;
    } cases[] = {{"bits-only", "bits has 16 alone"},
                 {"amct-rollback", "bits has 16 alone"},
                 {"prune-only", "sparsity: ratios is empty"},
                 {"rank-only", "rank: levels is 0"}};
    amct_config *asked, out;
    OK(amct_config_new(&asked, &err));
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        asked->levels[k] = false;
    asked->n_ratios = 0;
    asked->rank_levels = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asked->algorithm = cases[i].algorithm;
        cr_assert_eq(amct_settle(&out, asked, &err), AMCT_E_INVALID);
        cr_assert_not_null(strstr(err.text, cases[i].why), "%s", err.text);
    }
    settled("auto", asked); /* which says by itself that there is nothing to search */
    amct_config_free(asked);
}

Test(tune_settle, what_the_user_said_of_that_kind_stays)
{
    double ratios[] = {0.1};
    amct_config *asked;
    OK(amct_config_new(&asked, &err));
    asked->ratios = ratios;
    asked->n_ratios = 1;
    asked->rank_levels = 5;
    asked->levels[AMCT_LEVEL_W4A4] = false;
    amct_config c = settled("prune-only", asked);
    cr_assert(c.n_ratios == 1 && c.ratios == ratios && !c.rank_levels);
    c = settled("rank-only", asked);
    cr_assert(c.rank_levels == 5 && !c.n_ratios);
    c = settled("bits-only", asked);
    cr_assert(c.levels[AMCT_LEVEL_W8A8] && !c.levels[AMCT_LEVEL_W4A4] && !c.n_ratios);
    c = settled("chain", asked);
    cr_assert(c.levels[AMCT_LEVEL_W8A8] && c.n_ratios == 1 && c.rank_levels == 5);
    asked->algorithm = "annealing";
    cr_assert_eq(amct_settle(&c, asked, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "known are auto, nsga2"));
    amct_config_free(asked);
}

Test(tune_settle, a_network_without_such_layers_is_refused)
{
    amct_config *asked;
    OK(amct_config_new(&asked, &err));
    structure_case s;
    structure_case_begin(&s, lane_net_prepared(lane_nets[0].name), 2);
    for (int steps = 0; steps < 2; steps++) {
        asked->multiple = steps ? 1 : 4096;
        static const char *const names[] = {"prune-only", "rank-only"};
        for (int k = 0; k < 2; k++) {
            amct_config c = settled(names[k], asked);
            amct_status status = amct_settle_check(&c, s.graph, s.layers, s.n_layers, 9, &err);
            cr_assert_eq(status, steps ? AMCT_OK : AMCT_E_INVALID);
            cr_assert(steps || strstr(err.text, names[k]));
        }
    }
    amct_config c = settled("bits-only", asked);
    OK(amct_settle_check(&c, s.graph, s.layers, s.n_layers, 1, &err));
    cr_assert_eq(amct_settle_check(&c, s.graph, s.layers, s.n_layers, 0, &err), AMCT_E_INVALID);
    c = settled("auto", asked);
    OK(amct_settle_check(&c, s.graph, s.layers, s.n_layers, 0, &err));
    structure_case_end(&s);
    amct_config_free(asked);
}

/* Multiplications of a candidate, by building it with its weights. */
static double macs_of(const structure_case *c, amct_structure *s, const uint8_t *choices)
{
    amct_structure_genome genome;
    amct_structured built;
    double macs = 0;
    OK(amct_choices_genome(&genome, choices, c->n_layers, s, &err));
    OK(amct_structure_build(&built, s, &genome, &err));
    for (uint32_t i = 0; i < built.n_layers; i++)
        macs += (double)built.layers[i].macs;
    amct_structured_free(&built);
    amct_choices_free(&genome);
    return macs;
}

Test(tune_settle, bit_operations_are_multiplications_times_bits)
{
    uint32_t structured = 0;
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 2);
        amct_structure *s;
        amct_structure_options options = {.multiple = 1, .ridge = 0.1, .limit_bytes = SIZE_MAX};
        OK(amct_structure_new(&s, c.graph, c.layers, c.n_layers, c.grams, 2, &options, &err));
        uint32_t n = amct_parts_choices(c.n_layers, s);
        uint8_t *choices = calloc(n, 1);
        double original, ops;
        OK(amct_tables_bit_ops(&original, choices, c.graph, c.layers, c.n_layers, s, &err));
        cr_assert_eq(original, macs_of(&c, s, choices) * 256);
        for (uint32_t k = 0; k < n; k++) {
            bool bits = k < c.n_layers;
            uint32_t l = k - (n - c.n_layers), g = k - c.n_layers;
            if (bits ? c.layers[k].no_int8 != NULL
                     : (k >= n - c.n_layers ? amct_structure_layer(s, l).n
                                            : amct_structure_group(s, g).n) == 0)
                continue;
            choices[k] = bits ? AMCT_LEVEL_W4A8 : 1;
            OK(amct_tables_bit_ops(&ops, choices, c.graph, c.layers, c.n_layers, s, &err));
            double wanted = bits ? original - (double)c.layers[k].macs * (256 - 32)
                                 : macs_of(&c, s, choices) * 256;
            cr_assert_eq(ops, wanted, "%s, choice %u: %g, wanted %g", lane_nets[i].name, k, ops,
                         wanted);
            cr_assert(bits || ops < original);
            structured += !bits;
            choices[k] = 0;
        }
        free(choices);
        amct_structure_free(s);
        structure_case_end(&c);
    }
    cr_assert_gt(structured, 10);
}
