/* Which channels are kept: criteria against plain sums, elimination against least squares anew. */
#include "structure/choose.h"
#include "unit/structure_case.h"

#include <math.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

enum { MOST = 32 };

/* A reader's covariance, weights and lanes of columns, places in the group; n_lanes: of none. */
typedef struct reader {
    size_t n, m;
    double *c, *w, energy;
    uint32_t *lane;
} reader;

static reader read_reader(const structure_case *c, const amct_group *group, const char *name)
{
    uint32_t l = structure_layer(c, name);
    const amct_columns *s = &c->grams[l]->columns;
    const amct_lane_operand *taken =
        amct_lanes_operand(c->groups->lanes, c->layers[l].node, AMCT_LANE_TAKEN);
    reader r = {.n = (size_t)s->columns, .m = (size_t)s->outputs};
    double *mean = malloc(r.n * 8);
    r.c = malloc(r.n * r.n * 8);
    r.w = malloc(r.n * r.m * 8);
    r.lane = malloc(r.n * sizeof *r.lane);
    amct_gram_read(r.c, mean, c->grams[l], 0, 0);
    for (size_t i = 0; i < r.n; i++) {
        r.lane[i] = group->n_lanes;
        for (uint32_t k = 0; k < group->n_lanes; k++)
            if (group->lanes[k] == taken->lanes[i / (size_t)s->taps])
                r.lane[i] = k;
        for (size_t k = 0; k < r.n; k++)
            r.c[i * r.n + k] -= mean[i] * mean[k];
        for (size_t o = 0; o < r.m; o++)
            r.w[i * r.m + o] = ((const float *)c->graph->tensors[c->layers[l].weights]
                                    .data)[amct_columns_weight(s, 0, (int64_t)o, (int64_t)i)];
    }
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < r.n; k++)
            for (size_t o = 0; o < r.m; o++)
                r.energy += r.w[i * r.m + o] * r.c[i * r.n + k] * r.w[k * r.m + o];
    free(mean);
    return r;
}

static void free_reader(reader *r)
{
    free(r->c), free(r->w), free(r->lane);
}

/* The least of (w - w')(C + lambda)(w - w') with w' 0 for lanes that are gone, by conjugate
 * gradients from w, one output after the other. */
static double least(const reader *r, const bool *gone, double ridge)
{
    double lambda = 0, total = 0;
    double *x = malloc(r->n * 8), *g = malloc(r->n * 8), *d = malloc(r->n * 8),
           *q = malloc(r->n * 8);
    for (size_t i = 0; i < r->n; i++)
        lambda += ridge * r->c[i * r->n + i] / (double)r->n;
    for (size_t o = 0; o < r->m; o++) { /* x = w' - w, fixed to -w where it is gone */
        double gg = 0;
        for (size_t i = 0; i < r->n; i++)
            x[i] = gone[r->lane[i]] ? -r->w[i * r->m + o] : 0;
        for (size_t i = 0; i < r->n; i++) {
            g[i] = -lambda * x[i];
            for (size_t k = 0; k < r->n; k++)
                g[i] -= r->c[i * r->n + k] * x[k];
            d[i] = g[i] = gone[r->lane[i]] ? 0 : g[i];
            gg += g[i] * g[i];
        }
        for (size_t step = 0; step < 4 * r->n && gg > 1e-22; step++) {
            double dq = 0, next = 0;
            for (size_t i = 0; i < r->n; i++) {
                q[i] = lambda * d[i];
                for (size_t k = 0; k < r->n; k++)
                    q[i] += r->c[i * r->n + k] * d[k];
                dq += d[i] * q[i];
            }
            for (size_t i = 0; i < r->n; i++) {
                x[i] += gg / dq * d[i];
                g[i] = gone[r->lane[i]] ? 0 : g[i] - gg / dq * q[i];
                next += g[i] * g[i];
            }
            for (size_t i = 0; i < r->n; i++)
                d[i] = g[i] + next / gg * d[i];
            gg = next;
        }
        for (size_t i = 0; i < r->n; i++)
            for (size_t k = 0; k < r->n; k++)
                total += x[i] * (r->c[i * r->n + k] + (i == k ? lambda : 0)) * x[k];
    }
    free(x), free(g), free(d), free(q);
    return total / r->energy;
}

static void choose(uint32_t order[MOST], const structure_case *c, const amct_group *group,
                   amct_choice choice)
{
    OK(amct_choose(order, c->groups, group, choice, c->layers, c->n_layers, c->grams, 0.05, &err));
    for (uint32_t i = 0; i < group->n_lanes; i++) { /* all of them, none twice */
        bool found = false;
        for (uint32_t k = 0; k < group->n_lanes; k++)
            found |= order[k] == group->lanes[i];
        cr_assert(found);
    }
}

static uint32_t place(const amct_group *group, uint32_t lane)
{
    uint32_t i = 0;
    while (group->lanes[i] != lane)
        i++;
    return i;
}

/* Readers of the group that are looked at by name. */
static const struct {
    const char *net, *group, *readers[4];
} cases[] = {
    {"chain", "a", {"b"}},
    {"residual", "stem", {"b1", "b3", "down"}},
    {"dense", "stem", {"d1", "d2", "z"}},
    {"tokens", "up", {"down"}},
};

Test(structure_choose, elimination_drops_what_costs_least)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(cases[k].net), 12);
        const amct_group *group = structure_group(&c, cases[k].group);
        uint32_t order[MOST], n = group->n_lanes, n_readers = 0;
        reader readers[4];
        bool gone[MOST + 1] = {false};
        for (; cases[k].readers[n_readers]; n_readers++)
            readers[n_readers] = read_reader(&c, group, cases[k].readers[n_readers]);
        choose(order, &c, group, AMCT_CHOOSE_SCHUR);
        for (uint32_t step = n; step-- > 1;) {
            double best = INFINITY, own = 0;
            for (uint32_t l = 0; l < n; l++) {
                double sum = 0;
                if (gone[l])
                    continue;
                gone[l] = true;
                for (uint32_t i = 0; i < n_readers; i++)
                    sum += least(&readers[i], gone, 0.05);
                gone[l] = false;
                best = fmin(best, sum);
                own = group->lanes[l] == order[step] ? sum : own;
            }
            cr_expect_leq(own, best * (1 + 1e-6), "%s: %g, the least is %g", cases[k].net, own,
                          best);
            gone[place(group, order[step])] = true;
        }
        for (uint32_t i = 0; i < n_readers; i++)
            free_reader(&readers[i]);
        structure_case_end(&c);
    }
}

Test(structure_choose, energy_is_each_channels_share_of_its_readers_results)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(cases[k].net), 12);
        const amct_group *group = structure_group(&c, cases[k].group);
        uint32_t order[MOST];
        double need[MOST + 1] = {0};
        for (uint32_t i = 0; cases[k].readers[i]; i++) {
            reader r = read_reader(&c, group, cases[k].readers[i]);
            for (size_t a = 0; a < r.n; a++)
                for (size_t b = 0; b < r.n; b++)
                    for (size_t o = 0; o < r.m && r.lane[a] == r.lane[b]; o++)
                        need[r.lane[a]] +=
                            r.w[a * r.m + o] * r.c[a * r.n + b] * r.w[b * r.m + o] / r.energy;
            free_reader(&r);
        }
        choose(order, &c, group, AMCT_CHOOSE_ENERGY);
        for (uint32_t i = 0; i + 1 < group->n_lanes; i++)
            cr_expect_geq(need[place(group, order[i])], need[place(group, order[i + 1])] - 1e-9);
        structure_case_end(&c);
    }
}

Test(structure_choose, norms_are_those_of_the_weights_that_make_a_channel)
{
    static const amct_choice choices[] = {AMCT_CHOOSE_L1, AMCT_CHOOSE_L2, AMCT_CHOOSE_BALANCED};
    static const char *const makers[] = {"down", "b4"}; /* tied by an addition */
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("residual"), 2);
    const amct_group *group = structure_group(&c, "b4");
    for (size_t k = 0; k < 3; k++) {
        double need[MOST] = {0};
        for (int m = 0; m < 2; m++) {
            const amct_tensor *w =
                &c.graph->tensors[c.layers[structure_layer(&c, makers[m])].weights];
            double norm[MOST] = {0}, low = INFINITY, high = 0;
            int64_t each = amct_shape_count(&w->shape, 1, 4);
            for (int64_t i = 0; i < 20 * each; i++) {
                double x = fabs((double)((const float *)w->data)[i]);
                norm[i / each] += k ? x * x : x;
            }
            for (int i = 0; i < 20; i++) {
                norm[i] = k ? sqrt(norm[i]) : norm[i];
                low = fmin(low, norm[i]), high = fmax(high, norm[i]);
            }
            for (int i = 0; i < 20; i++)
                need[i] += k == 2 ? (norm[i] - low) / (high - low) : norm[i];
        }
        uint32_t order[MOST];
        choose(order, &c, group, choices[k]);
        for (uint32_t i = 0; i + 1 < 20; i++)
            cr_expect_geq(need[place(group, order[i])], need[place(group, order[i + 1])], "%s",
                          amct_choice_name(choices[k]));
    }
    structure_case_end(&c);
}

Test(structure_choose, without_moments_the_weights_decide)
{
    structure_case c;
    uint32_t with[MOST], without[MOST];
    structure_case_begin(&c, lane_net_prepared("chain"), 2);
    const amct_group *group = structure_group(&c, "a");
    choose(with, &c, group, AMCT_CHOOSE_L2);
    memset(c.grams, 0, c.n_layers * sizeof *c.grams);
    choose(without, &c, group, AMCT_CHOOSE_SCHUR);
    cr_expect_arr_eq(with, without, group->n_lanes * sizeof *with);
    structure_case_end(&c);
}

Test(structure_choose, amcts_rule_keeps_multiples_of_sixteen)
{
    cr_expect_eq(amct_choice_kept(64, 0.3, true), 48);
    cr_expect_eq(amct_choice_kept(64, 0.3, false), 45);
    cr_expect_eq(amct_choice_kept(64, 0.99, true), 16);
    cr_expect_eq(amct_choice_kept(10, 0.5, true), 10, "never more than there are");
    cr_expect_eq(amct_choice_kept(24, 0, true), 24);
}
