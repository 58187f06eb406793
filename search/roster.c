#include "search/roster.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    double cost_ns;
    uint32_t changed; /* genes off level 0 */
    uint32_t number;  /* when counting through the space */
} entry;

static int by_cost(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (a->cost_ns != b->cost_ns)
        return a->cost_ns < b->cost_ns ? -1 : 1;
    if (a->changed != b->changed)
        return a->changed < b->changed ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static amct_status fill(amct_roster *roster, uint8_t *counted, entry *list, const amct_space *space,
                        amct_memo *memo, amct_err *err)
{
    size_t n_genes = space->n_genes;
    for (uint32_t i = 0; i < roster->n; i++) {
        uint8_t *genome = counted + i * n_genes;
        if (i > 0) {
            memcpy(genome, genome - n_genes, n_genes);
            amct_space_next(space, genome);
        }
        list[i].number = i;
        for (uint32_t g = 0; g < n_genes; g++)
            list[i].changed += genome[g] != 0;
        AMCT_TRY(amct_memo_cost(memo, genome, &list[i].cost_ns, err));
    }
    qsort(list, roster->n, sizeof *list, by_cost);
    for (uint32_t i = 0; i < roster->n; i++) {
        memcpy(roster->genomes + i * n_genes, counted + list[i].number * n_genes, n_genes);
        roster->costs_ns[i] = list[i].cost_ns;
    }
    return AMCT_OK;
}

amct_status amct_roster_make(amct_roster *out, const amct_space *space, amct_memo *memo,
                             amct_err *err)
{
    uint64_t size = amct_space_size(space, AMCT_ROSTER_MAX + 1);
    amct_roster roster = {.n_genes = space->n_genes};
    if (size > AMCT_ROSTER_MAX) {
        *out = roster;
        return AMCT_OK;
    }
    roster.n = (uint32_t)size;
    roster.genomes = calloc(size, space->n_genes);
    roster.costs_ns = calloc(size, sizeof *roster.costs_ns);
    uint8_t *counted = calloc(size, space->n_genes);
    entry *list = calloc(size, sizeof *list);
    amct_status status = roster.genomes && roster.costs_ns && counted && list
                             ? fill(&roster, counted, list, space, memo, err)
                             : amct_fail_nomem(err);
    free(counted);
    free(list);
    if (status == AMCT_OK)
        *out = roster;
    else
        amct_roster_free(&roster);
    return status;
}

void amct_roster_free(amct_roster *roster)
{
    free(roster->genomes);
    free(roster->costs_ns);
    *roster = (amct_roster){0};
}
