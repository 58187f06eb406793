#include "search/foresee.h"

#include <math.h>

static const double common_part = 0.45;

void amct_foresee(amct_race *race, const amct_lossbins *lossbins, double loss)
{
    double cv_sq = amct_lossbins_cv_sq(lossbins, loss);
    double n = 0, all = race->looks[race->n_looks - 1].n;
    for (uint32_t b = 0; b < AMCT_LOSSBINS_BINS; b++)
        n += amct_lossbins_nearness(b, loss) * lossbins->bins[b].looks;
    for (uint32_t i = 0; i < race->n_looks; i++) {
        amct_race_look *look = &race->looks[i];
        double sum = 0, sum_sq = 0;
        for (uint32_t b = 0; b < AMCT_LOSSBINS_BINS; b++) {
            double near = amct_lossbins_nearness(b, loss);
            sum += near * lossbins->bins[b].ratio[i];
            sum_sq += near * lossbins->bins[b].ratio_sq[i];
        }
        double plain = log1p(cv_sq * (1 / (double)look->n - 1 / all));
        double common = common_part * plain, own = (1 - common_part) * plain;
        if (!(plain > 0)) { /* the last look */
            look->log_ratio = look->sd = 0;
            continue;
        }
        double mean = sum / (n + own / common);
        double around = fmax(sum_sq - 2 * mean * sum + n * mean * mean, 0);
        enum { PSEUDO = 4 };
        own = (PSEUDO * own + around) / (PSEUDO + n);
        look->log_ratio = mean;
        look->sd = sqrt(own + 1 / (1 / common + n / own));
    }
}
