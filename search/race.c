#include "search/race.h"

#include "base/stats.h"

#include <math.h>
#include <string.h>

enum { LOOK_SAMPLES_MIN = 24 };
static const double wrong_rejections = 0.3;

void amct_race_plan(amct_race *race, uint32_t n)
{
    memset(race, 0, sizeof *race); /* padding too: a race may travel and be compared as bytes */
    for (uint32_t parts = 16; parts >= 1; parts /= 2) {
        if (parts > 1 && (n < AMCT_RACE_SAMPLES_MIN || n / parts < LOOK_SAMPLES_MIN))
            continue;
        race->looks[race->n_looks].n = n / parts;
        race->looks[race->n_looks++].z = INFINITY;
    }
}

void amct_race_spend(amct_race *race)
{
    double spent = 0, all = race->looks[race->n_looks - 1].n;
    for (uint32_t i = 0; i + 1 < race->n_looks; i++) {
        double upto = wrong_rejections * log1p((M_E - 1) * race->looks[i].n / all);
        race->looks[i].z = -amct_normal_quantile(upto - spent);
        spent = upto;
    }
}

double amct_score_drop(const amct_score *score, bool expected)
{
    return (expected ? score->expected_sum : (double)score->lost - score->gained) / score->n;
}

double amct_score_drop_sq(const amct_score *score, bool expected)
{
    return (expected ? score->expected_sum_sq : (double)score->lost + score->gained) / score->n;
}

/* The least drop that the last look may show, given this one. */
static double least_drop(const amct_race *race, const amct_race_look *look, const amct_score *score)
{
    double all = race->looks[race->n_looks - 1].n, rest = 1 - score->n / all;
    double log_loss = log(score->loss_sum / score->n / race->limit_loss) + look->log_ratio;
    double by_loss = race->limit_drop * exp(race->exponent * log_loss);
    double low = race->limit_drop * exp(race->exponent * (log_loss - look->z * look->sd));
    double square = amct_score_drop_sq(score, race->expected);
    double chance = sqrt(fmax(square, race->spread) * rest / all); /* of those not seen yet */
    double changes = (1 - rest) * amct_score_drop(score, race->expected);
    double lossy = 1 - race->weight * (1 - rest);
    return lossy * by_loss + race->weight * changes -
           hypot(lossy * (by_loss - low), race->weight * look->z * chance);
}

amct_race_verdict amct_race_step(const amct_race *race, const amct_score *score, uint32_t *upto)
{
    if (score->n == 0) {
        *upto = race->looks[0].n;
        return AMCT_RACE_CONTINUE;
    }
    if (!isfinite(score->loss_sum) || !isfinite(score->loss_sum_sq) ||
        !isfinite(score->expected_sum) || !isfinite(score->expected_sum_sq))
        return AMCT_RACE_REJECTED;
    for (uint32_t i = 0; i < race->n_looks; i++) {
        const amct_race_look *look = &race->looks[i];
        if (look->n != score->n)
            continue;
        if (i + 1 == race->n_looks)
            return AMCT_RACE_COMPLETE;
        if (isfinite(look->z) && least_drop(race, look, score) > race->limit_drop)
            return AMCT_RACE_REJECTED;
        *upto = look[1].n;
        return AMCT_RACE_CONTINUE;
    }
    return AMCT_RACE_REJECTED;
}
