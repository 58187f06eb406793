/* What a search tells of where it is, and of what it has found. */
#include "search/engine.h"
#include "search/finalists.h"

#include <math.h>
#include <stdlib.h>

amct_search_progress amct_search_get_progress(const amct_search *search)
{
    uint32_t left = search->options.evaluations - search->evaluations;
    uint32_t probes_left =
        search->probes_planned > search->probes ? search->probes_planned - search->probes : 0;
    /* What is left will cost what the last ones did on average: all samples until known. */
    double each = search->evaluations
                      ? (double)(search->samples - search->probe_samples) / search->evaluations
                      : search->problem.search_samples;
    if (search->ended != AMCT_SEARCH_RUNNING)
        left = probes_left = 0;
    amct_search_progress progress = {
        .phase = search->phase,
        .evaluations = search->evaluations,
        .evaluations_planned = search->evaluations + left,
        .rejected = search->rejected,
        .samples = search->samples,
        .samples_planned = search->samples + (uint64_t)(each * left) +
                           (uint64_t)probes_left * search->options.probe_samples,
        .rejected_samples = search->rejected_samples,
        .cost_calls = search->memo.calls,
        .screen_calls = search->memo.screens,
        .original_ns = search->original_ns,
        .best_ns = NAN,
        .best_drop = NAN,
        .best_drop_se = NAN,
        .likely_ns = NAN,
        .provable = search->drop.proof != AMCT_PROOF_NONE || !search->drop.confirm_samples,
    };
    if (amct_engine_incumbent_ns(search) < search->original_ns) {
        const amct_member *best = &search->archive.members[search->archive.best];
        progress.best_ns = best->cost_ns;
        progress.best_drop = best->drop.drop;
        progress.best_drop_se = best->drop.se;
    }
    uint32_t likely = search->archive.likely;
    if (likely != AMCT_GENOMES_NONE &&
        search->archive.members[likely].cost_ns < search->original_ns)
        progress.likely_ns = search->archive.members[likely].cost_ns;
    return progress;
}

static size_t describe(const amct_search *search, const uint32_t *numbers, uint32_t n,
                       amct_finalist *out)
{
    for (uint32_t i = 0; i < n; i++) {
        const amct_member *member = &search->archive.members[numbers[i]];
        out[i] = (amct_finalist){
            .number = search->ask_numbers[numbers[i]],
            .genome = amct_genomes_at(&search->archive.genomes, numbers[i]),
            .cost_ns = member->cost_ns,
            .score = member->score,
            .drop = member->drop.drop,
            .drop_se = member->drop.se,
            .feasible = member->drop.margin >= 0,
            .chance = amct_drop_chance(&search->drop, &member->score, member->ratio),
        };
    }
    return n;
}

size_t amct_search_finalists(const amct_search *search, amct_finalist *out, size_t k)
{
    uint32_t numbers[64];
    uint32_t n = amct_finalists(&search->archive, &search->drop, search->original_ns, numbers,
                                (uint32_t)(k < 64 ? k : 64));
    return describe(search, numbers, n, out);
}

size_t amct_search_front(const amct_search *search, amct_finalist *out, size_t n)
{
    uint32_t *numbers = n ? malloc(n * sizeof *numbers) : NULL;
    if (!numbers)
        return 0;
    uint32_t found = amct_archive_front(&search->archive, numbers, (uint32_t)n);
    describe(search, numbers, found, out);
    free(numbers);
    return found;
}
