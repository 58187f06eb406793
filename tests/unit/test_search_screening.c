/* A second cost function that is only nearly right (memo.h). */
#include "base/hash.h"
#include "search/search.h"

#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static synthetic net;
static amct_search_problem problem;
static amct_search_options options;
static amct_err err;
static amct_hash calls; /* of all calls of both functions, in order */
static double noise;    /* of what screens, as a ratio */

static amct_status cost(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    (void)error;
    calls = amct_hash_bytes(calls, genome, net.shape.n_genes);
    *cost_ns = synthetic_cost(ctx, genome);
    return AMCT_OK;
}

/* Too high throughout, and off by a little for each genome. */
static amct_status screen(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    (void)error;
    calls = amct_hash_bytes(calls, genome, net.shape.n_genes);
    amct_hash own = amct_hash_bytes((amct_hash){5, 5}, genome, net.shape.n_genes);
    double luck = (double)(own.lo % 2001) / 1000 - 1;
    *cost_ns = synthetic_cost(ctx, genome) * (1 + 10 * noise + noise * luck);
    return AMCT_OK;
}

static void set_up_network(uint64_t seed)
{
    synthetic_make(&net, (synthetic_shape){.n_genes = 24, .n_levels = 4, .boundary = 0.15}, seed);
    problem = synthetic_problem(&net, 512, 0);
    problem.cost = cost;
    options = amct_search_defaults();
    options.evaluations = 80;
    noise = 2e-4;
}

static void set_up(void)
{
    set_up_network(5);
}

typedef struct outcome {
    amct_hash asks, calls;
    amct_search_progress progress;
} outcome;

static outcome run(void)
{
    outcome out = {.asks = {1, 1}};
    amct_search *search = NULL;
    const amct_ask *asks;
    amct_result results[8];
    size_t n;
    calls = (amct_hash){2, 2};
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK, "%s", err.text);
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            cr_assert_eq(asks[i].cost_ns, synthetic_cost(&net, asks[i].genome));
            out.asks = amct_hash_bytes(out.asks, asks[i].genome, net.shape.n_genes);
            results[i] = synthetic_measure(&net, &asks[i]);
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK, "%s", err.text);
    }
    out.calls = calls;
    out.progress = amct_search_get_progress(search);
    amct_search_free(search);
    return out;
}

Test(search_screening, without_an_error_it_changes_no_ask, .init = set_up)
{
    outcome without = run();
    noise = 0;
    problem.screen = screen;
    outcome with = run();
    cr_expect(amct_hash_equal(without.asks, with.asks));
    cr_expect_eq(without.progress.best_ns, with.progress.best_ns);
    cr_expect_eq(without.progress.screen_calls, 0);
    cr_expect_gt(with.progress.screen_calls, 4 * with.progress.cost_calls);
    cr_expect_lt(4 * with.progress.cost_calls, without.progress.cost_calls);
}

/* Where the search goes differs then, so that one network says little. */
Test(search_screening, with_small_errors_it_finds_as_much, .init = set_up)
{
    enum { NETWORKS = 8 };
    double ratios = 0;
    for (uint64_t seed = 1; seed <= NETWORKS; seed++) {
        set_up_network(seed);
        outcome without = run();
        problem.screen = screen;
        outcome with = run();
        ratios += with.progress.best_ns / without.progress.best_ns;
    }
    cr_assert_leq(ratios / NETWORKS, 1.01, "%g", ratios / NETWORKS);
}

Test(search_screening, the_same_calls_come_in_the_same_order, .init = set_up)
{
    problem.screen = screen;
    for (size_t i = 0; amct_search_algorithm(i, NULL); i++) {
        options.algorithm = amct_search_algorithm(i, NULL);
        outcome once = run(), again = run();
        cr_expect(amct_hash_equal(once.calls, again.calls), "%s", options.algorithm);
        cr_expect(amct_hash_equal(once.asks, again.asks), "%s", options.algorithm);
    }
}

static amct_status no_number(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    (void)ctx;
    (void)genome;
    (void)error;
    *cost_ns = NAN;
    return AMCT_OK;
}

static amct_status failing(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    (void)ctx;
    (void)genome;
    (void)cost_ns;
    return amct_fail(error, AMCT_E_PLUGIN, "out of chips");
}

Test(search_screening, what_it_cannot_tell_fails_the_ask, .init = set_up)
{
    static const struct {
        amct_cost_fn *screen;
        const char *words;
    } cases[] = {{no_number, "the estimated latency is nan ns"}, {failing, "out of chips"}};
    for (size_t i = 0; i < 2; i++) {
        amct_search *search = NULL;
        const amct_ask *asks;
        size_t n;
        problem.screen = cases[i].screen;
        cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
        cr_expect_eq(amct_search_ask(search, &asks, &n, &err), AMCT_E_PLUGIN);
        cr_expect_str_eq(err.text, cases[i].words);
        amct_search_free(search);
    }
}
