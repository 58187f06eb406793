#include "search/bisect.h"

void amct_bisect_start(amct_bisect *bisect, uint32_t n)
{
    *bisect = (amct_bisect){.bad = n + 1, .member = AMCT_GENOMES_NONE};
}

static bool is_original(const amct_search *search, const uint8_t *genome)
{
    for (uint32_t g = 0; g < search->problem.space.n_genes; g++)
        if (genome[g])
            return false;
    return true;
}

static void judge(amct_bisect *b, const amct_search *search, double share)
{
    bool good = b->member == AMCT_GENOMES_NONE || amct_engine_within(search, b->member, share);
    *(good ? &b->good : &b->bad) = b->at;
    b->at = 0;
}

amct_status amct_bisect_next(amct_bisect *b, bool *over, amct_search *search, double share,
                             amct_bisect_make_fn *make, void *self, uint8_t *genome, amct_err *err)
{
    /* A demand for proof that no loss could meet would leave nothing to find. */
    while (!(search->drop.limit_loss > 0) && amct_engine_demand_less(search))
        continue;
    for (bool first = b->good == 0 && b->at == 0;; first = false) {
        if (b->at)
            judge(b, search, share);
        *over = b->bad - b->good <= 1;
        if (*over)
            return AMCT_OK;
        uint32_t at = first ? b->bad - 1 : b->good + (b->bad - b->good) / 2;
        AMCT_TRY(make(self, search, at, genome, err));
        if (!is_original(search, genome) && !amct_engine_asked(search, genome) &&
            !amct_engine_room(search)) {
            amct_engine_finish(search, AMCT_SEARCH_EVALUATIONS);
            *over = true;
            return AMCT_OK;
        }
        b->at = at;
        b->member = AMCT_GENOMES_NONE;
        if (is_original(search, genome))
            continue;
        bool added;
        AMCT_TRY(amct_engine_propose(search, genome, AMCT_SLOT_UNRACED, &added, err));
        b->member = amct_engine_member(search, genome);
        if (added)
            return AMCT_OK;
    }
}
