#include "search/genomes.h"
#include "search/memo.h"
#include "search/space.h"

#include "base/pcg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(search_space, a_space_without_genes_or_levels_is_refused)
{
    amct_err err;
    uint8_t levels[3] = {2, 0, 3};
    amct_space none = {.n_genes = 0, .n_levels = levels},
               empty = {.n_genes = 3, .n_levels = levels},
               huge = {.n_genes = AMCT_GENES_MAX + 1, .n_levels = levels};
    cr_assert_eq(amct_space_check(&none, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "the space has 0 genes, wanted 1 to 2048");
    cr_assert_eq(amct_space_check(&huge, &err), AMCT_E_INVALID);
    cr_assert_eq(amct_space_check(&empty, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "gene 1 has 0 levels, wanted 1 to 32");
    levels[1] = AMCT_LEVELS_MAX + 1;
    cr_assert_eq(amct_space_check(&empty, &err), AMCT_E_INVALID);
    levels[1] = 1;
    cr_assert_eq(amct_space_check(&empty, &err), AMCT_OK);
}

Test(search_space, counting_visits_every_genome_once)
{
    uint8_t levels[3] = {2, 1, 3}, genome[3] = {0};
    amct_space space = {.n_genes = 3, .n_levels = levels};
    int seen[2][3] = {{0}}, n = 1;
    seen[0][0]++;
    for (; amct_space_next(&space, genome); n++)
        seen[genome[0]][genome[2]]++;
    cr_assert_eq(n, 6);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(seen[i / 3][i % 3], 1);
    cr_assert_eq(amct_space_size(&space, 100), 6);
    cr_assert_eq(amct_space_size(&space, 5), 5);
}

Test(search_space, the_size_of_a_huge_space_does_not_overflow)
{
    uint8_t levels[2000];
    memset(levels, 16, sizeof levels);
    amct_space space = {.n_genes = 2000, .n_levels = levels};
    cr_assert_eq(amct_space_size(&space, UINT64_MAX), UINT64_MAX);
}

Test(search_space, a_set_of_genomes_finds_each_again)
{
    enum { N = 5000, GENES = 7 };
    amct_genomes set;
    amct_pcg rng = amct_pcg_new(1, 1);
    amct_genomes_start(&set, GENES);
    static uint8_t genomes[N][GENES];
    uint32_t numbers[N];
    uint32_t distinct = 0;
    for (int i = 0; i < N; i++) {
        for (int g = 0; g < GENES; g++)
            genomes[i][g] = (uint8_t)amct_pcg_below(&rng, 3);
        numbers[i] = amct_genomes_find(&set, genomes[i]);
        if (numbers[i] == AMCT_GENOMES_NONE) {
            numbers[i] = amct_genomes_add(&set, genomes[i]);
            cr_assert_eq(numbers[i], distinct++);
        }
    }
    cr_assert_eq(set.count, distinct);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(amct_genomes_find(&set, genomes[i]), numbers[i]);
        cr_assert_arr_eq(amct_genomes_at(&set, numbers[i]), genomes[i], GENES);
    }
    amct_genomes_clear(&set);
    cr_assert_eq(amct_genomes_find(&set, genomes[0]), AMCT_GENOMES_NONE);
    cr_assert_eq(amct_genomes_add(&set, genomes[0]), 0);
    amct_genomes_end(&set);
}

static amct_status sum_cost(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    (void)err;
    ++*(int *)ctx;
    *cost_ns = 100 - genome[0] - 10 * (genome[1] == 2);
    return AMCT_OK;
}

Test(search_space, a_cost_is_asked_once_per_genome)
{
    amct_memo memo;
    amct_err err;
    int calls = 0;
    uint8_t a[3] = {1, 2, 0}, b[3] = {1, 0, 0};
    double cost;
    amct_memo_start(&memo, 3, sum_cost, NULL, &calls);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(amct_memo_cost(&memo, a, &cost, &err), AMCT_OK);
        cr_assert_eq(cost, 89);
        cr_assert_eq(amct_memo_cost(&memo, b, &cost, &err), AMCT_OK);
        cr_assert_eq(cost, 99);
    }
    cr_assert_eq(calls, 2);
    cr_assert_eq(memo.calls, 2);
    amct_memo_end(&memo);
}

static amct_status bad_cost(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    (void)genome;
    *cost_ns = *(double *)ctx;
    return *cost_ns == 7 ? amct_fail(err, AMCT_E_PLUGIN, "chip on fire") : AMCT_OK;
}

Test(search_space, a_cost_that_is_none_is_an_error)
{
    double costs[] = {-1, NAN, INFINITY, 7};
    const char *words[] = {"the estimated latency is -1 ns", "latency is", "latency is inf ns",
                           "chip on fire"};
    for (int i = 0; i < 4; i++) {
        amct_memo memo;
        amct_err err;
        uint8_t genome[1] = {0};
        double cost = 5;
        amct_memo_start(&memo, 1, bad_cost, NULL, &costs[i]);
        cr_assert_eq(amct_memo_cost(&memo, genome, &cost, &err), AMCT_E_PLUGIN);
        cr_assert_not_null(strstr(err.text, words[i]), "%s", err.text);
        cr_assert_eq(cost, 5);
        amct_memo_end(&memo);
    }
}

static amct_status flat_cost(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    (void)ctx;
    (void)genome;
    (void)err;
    *cost_ns = 1;
    return AMCT_OK;
}

Test(search_space, a_full_memory_of_costs_begins_anew)
{
    /* Long genomes fill 64 MiB soon. */
    enum { GENES = 2048 };
    amct_memo memo;
    amct_err err;
    static uint8_t genome[GENES];
    double cost;
    amct_memo_start(&memo, GENES, flat_cost, NULL, NULL);
    uint32_t most = 0;
    for (uint32_t i = 0; i < 40000; i++) {
        memcpy(genome, &i, sizeof i);
        cr_assert_eq(amct_memo_cost(&memo, genome, &cost, &err), AMCT_OK);
        most = memo.known.count > most ? memo.known.count : most;
    }
    cr_assert_eq(memo.calls, 40000);
    cr_assert_leq((size_t)most * GENES, (size_t)AMCT_MEMO_BYTES);
    cr_assert_lt(memo.known.count, most);
    amct_memo_end(&memo);
}
