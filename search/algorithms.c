/* The algorithms by name. */
#include "search/engine.h"

#include <stdio.h>
#include <string.h>

static const amct_algorithm *const algorithms[] = {
    &amct_algorithm_auto,      &amct_algorithm_nsga2,        &amct_algorithm_random,
    &amct_algorithm_uniform,   &amct_algorithm_bits_only,    &amct_algorithm_prune_only,
    &amct_algorithm_rank_only, &amct_algorithm_chain,        &amct_algorithm_rollback,
    &amct_algorithm_ilp,       &amct_algorithm_greedy_prune, &amct_algorithm_fixed_rank,
};
enum { N_ALGORITHMS = sizeof algorithms / sizeof *algorithms };

const char *amct_search_algorithm(size_t i, const char **summary)
{
    if (i >= N_ALGORITHMS)
        return NULL;
    if (summary)
        *summary = algorithms[i]->summary;
    return algorithms[i]->name;
}

amct_status amct_algorithm_find(const amct_algorithm **out, const char *name, amct_err *err)
{
    char known[256] = "";
    for (size_t i = 0; i < N_ALGORITHMS; i++) {
        if (!name || strcmp(algorithms[i]->name, name) == 0) {
            *out = algorithms[i];
            return AMCT_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", algorithms[i]->name);
    }
    return amct_fail(err, AMCT_E_INVALID, "unknown search algorithm '%s', known are %s", name,
                     known);
}

uint32_t amct_search_algorithm_kinds(const char *name)
{
    const amct_algorithm *algorithm;
    amct_err err;
    if (amct_algorithm_find(&algorithm, name, &err) != AMCT_OK)
        return 0;
    return algorithm->kinds ? algorithm->kinds : (1u << AMCT_GENE_KINDS) - 1;
}

amct_status amct_search_check_algorithm(const char *name, amct_err *err)
{
    const amct_algorithm *algorithm;
    return amct_algorithm_find(&algorithm, name, err);
}
