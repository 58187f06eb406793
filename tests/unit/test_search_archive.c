#include "search/archive.h"
#include "search/finalists.h"

#include "base/pcg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* Adds a member measured in full on 4096 samples. */
static uint32_t add(amct_archive *archive, uint8_t name, double cost_ns, double loss)
{
    uint8_t genome[2] = {name, 0};
    uint32_t number = amct_archive_add(archive, genome, cost_ns);
    double drop = 0.17 * loss, changed = fmax(0.2 * sqrt(loss), drop);
    archive->members[number].state = AMCT_MEMBER_FULL;
    archive->members[number].score =
        (amct_score){.n = 4096,
                     .lost = (uint32_t)lround((changed + drop) / 2 * 4096),
                     .gained = (uint32_t)lround((changed - drop) / 2 * 4096),
                     .loss_sum = loss * 4096,
                     .loss_sum_sq = 10 * loss * loss * 4096};
    return number;
}

static amct_drop_model model_of(const amct_archive *archive, uint32_t confirm)
{
    amct_drop_model model;
    amct_lossbins lossbins = {0};
    amct_race plan;
    amct_race_plan(&plan, 4096);
    for (uint32_t i = 0; i < archive->genomes.count; i++)
        if (archive->members[i].state == AMCT_MEMBER_FULL)
            amct_lossbins_add(&lossbins, &plan, &archive->members[i].score, 1);
    amct_drop_start(&model, 0.01, 0.95, confirm, true, false);
    amct_drop_fit(&model, &lossbins, 4096);
    return model;
}

Test(search_archive, the_best_is_the_cheapest_that_is_good_enough)
{
    amct_archive archive;
    amct_archive_start(&archive, 2);
    add(&archive, 1, 100, 0.3);
    add(&archive, 2, 200, 0.03);
    uint32_t best = add(&archive, 3, 180, 0.03);
    add(&archive, 4, 190, 0.01);
    uint8_t rejected[2] = {9, 9};
    archive.members[amct_archive_add(&archive, rejected, 1)].state = AMCT_MEMBER_REJECTED;
    amct_drop_model model = model_of(&archive, 0);
    amct_archive_refresh(&archive, &model);
    cr_assert_eq(archive.best, best);
    cr_assert_eq(archive.likely, best);
    amct_archive_end(&archive);
}

Test(search_archive, what_cannot_be_proven_is_likely_but_not_best)
{
    amct_archive archive;
    amct_archive_start(&archive, 2);
    uint32_t likely = add(&archive, 1, 100, 0.03), proven = add(&archive, 2, 200, 0.002);
    amct_drop_model model = model_of(&archive, 2000);
    amct_archive_refresh(&archive, &model);
    cr_assert_eq(archive.best, proven);
    cr_assert_eq(archive.likely, likely);
    amct_archive_end(&archive);
}

Test(search_archive, the_front_has_no_dominated_member)
{
    amct_archive archive;
    amct_archive_start(&archive, 2);
    amct_pcg rng = amct_pcg_new(1, 1);
    for (int i = 0; i < 120; i++)
        add(&archive, (uint8_t)i, 100 + amct_pcg_below(&rng, 60),
            0.001 + 0.2 * amct_pcg_unit(&rng));
    amct_drop_model model = model_of(&archive, 0);
    amct_archive_refresh(&archive, &model);
    uint32_t front[120], n = amct_archive_front(&archive, front, 120), on_front = 0;
    for (uint32_t i = 0; i < 120; i++) {
        const amct_member *a = &archive.members[i];
        bool dominated = false, listed = false;
        for (uint32_t k = 0; k < 120; k++) {
            const amct_member *b = &archive.members[k];
            dominated |= b->cost_ns <= a->cost_ns && b->drop.drop <= a->drop.drop &&
                         (b->cost_ns < a->cost_ns || b->drop.drop < a->drop.drop);
        }
        for (uint32_t k = 0; k < n; k++)
            listed |= front[k] == i;
        cr_assert_eq(listed, !dominated, "member %u", i);
        on_front += listed;
    }
    cr_assert_eq(on_front, n);
    for (uint32_t k = 1; k < n; k++)
        cr_assert_gt(archive.members[front[k]].cost_ns, archive.members[front[k - 1]].cost_ns);
    cr_assert_eq(amct_archive_front(&archive, front, 3), 3);
    amct_archive_end(&archive);
}

static double chance_of(const amct_archive *archive, const amct_drop_model *model, uint32_t number)
{
    const amct_member *m = &archive->members[number];
    return amct_drop_chance(model, &m->score, m->ratio);
}

/* What finalists are expected to save, those of the mask, with one luck for all; numbers are in
 * order of cost. */
static double saved_by(const amct_archive *archive, const amct_drop_model *model, uint32_t mask,
                       double original_ns)
{
    double saved = 0, slower_ns = original_ns;
    for (uint32_t i = archive->genomes.count; i-- > 0;) {
        if (!(mask >> i & 1))
            continue;
        double chance = chance_of(archive, model, i);
        saved += (chance >= 0.98 ? 1 : chance) * (slower_ns - archive->members[i].cost_ns);
        slower_ns = archive->members[i].cost_ns;
    }
    return saved;
}

Test(search_archive, finalists_are_those_that_are_expected_to_save_most)
{
    enum { MEMBERS = 12 };
    amct_pcg rng = amct_pcg_new(3, 1);
    uint32_t numbers[MEMBERS], several = 0;
    for (int trial = 0; trial < 40; trial++) {
        amct_archive archive;
        amct_archive_start(&archive, 2);
        double cost_ns = 100;
        for (int i = 0; i < MEMBERS; i++) {
            add(&archive, (uint8_t)i, cost_ns, 0.06 * exp(-3 * amct_pcg_unit(&rng)));
            cost_ns += 0.1 + 10 * amct_pcg_unit(&rng);
        }
        amct_drop_model model = model_of(&archive, 4000);
        amct_archive_refresh(&archive, &model);
        for (uint32_t k = 2; k < 6; k++) {
            double most = 0, fewer = 0; /* of all up to k, up to one less than were chosen */
            uint32_t n = amct_finalists(&archive, &model, 300, numbers, k), mask = 0;
            cr_assert(n > 0 && n <= k);
            for (uint32_t i = 0; i < n; i++) {
                mask |= 1U << numbers[i];
                cr_assert(i == 0 || numbers[i] > numbers[i - 1]);
                cr_expect(i == 0 || chance_of(&archive, &model, numbers[i]) >
                                        chance_of(&archive, &model, numbers[i - 1]));
            }
            for (uint32_t other = 1; other < 1U << MEMBERS; other++) {
                uint32_t size = (uint32_t)__builtin_popcount(other);
                double saved = size <= k ? saved_by(&archive, &model, other, 300) : 0;
                most = fmax(most, saved);
                fewer = fmax(fewer, size < n ? saved : 0);
            }
            bool has_safe = false;
            for (uint32_t i = 0; i < MEMBERS; i++)
                has_safe |= chance_of(&archive, &model, i) >= 0.98;
            cr_expect(!has_safe || chance_of(&archive, &model, numbers[n - 1]) >= 0.9);
            double saved = saved_by(&archive, &model, mask, 300), least = 1e-3 * (300 - most);
            cr_expect_geq(saved, most - least * (1 + 1e-9), "%d, %u", trial, k);
            cr_expect(n == 1 || fewer < most - least, "%d, %u: fewer would do", trial, k);
            several += n > 2;
        }
        cr_assert_eq(amct_finalists(&archive, &model, 300, numbers, 1), 1);
        if (archive.best != AMCT_GENOMES_NONE)
            cr_assert_eq(numbers[0], archive.best);
        amct_archive_end(&archive);
    }
    cr_assert_gt(several, 50);
}

Test(search_archive, finalists_stop_where_the_fastest_is_safe)
{
    amct_archive archive;
    amct_archive_start(&archive, 2);
    uint32_t fastest = add(&archive, 1, 100, 0.0001);
    add(&archive, 2, 120, 0.00005);
    add(&archive, 3, 170, 0.00001);
    amct_drop_model model = model_of(&archive, 4000);
    amct_archive_refresh(&archive, &model);
    uint32_t numbers[8];
    cr_assert_eq(amct_finalists(&archive, &model, 160, numbers, 8), 1);
    cr_assert_eq(numbers[0], fastest);
    cr_assert_eq(amct_finalists(&archive, &model, 80, numbers, 3), 0);
    amct_archive_end(&archive);
}

Test(search_archive, finalists_of_nearly_the_same_cost_are_one)
{
    amct_archive archive;
    amct_archive_start(&archive, 2);
    add(&archive, 1, 99.9, 0.03);
    uint32_t surer = add(&archive, 2, 100, 0.0001);
    amct_drop_model model = model_of(&archive, 4000);
    amct_archive_refresh(&archive, &model);
    uint32_t numbers[6];
    cr_assert_eq(amct_finalists(&archive, &model, 1000, numbers, 6), 1);
    cr_assert_eq(numbers[0], surer);
    amct_archive_end(&archive);
}

Test(search_archive, what_may_be_proven_by_luck_comes_first)
{
    amct_archive archive;
    amct_archive_start(&archive, 2);
    add(&archive, 1, 100, 0.03);
    add(&archive, 2, 200, 0.002);
    add(&archive, 3, 210, 0.001);
    amct_drop_model model = model_of(&archive, 2000); /* too few to prove what is near the budget */
    amct_archive_refresh(&archive, &model);
    cr_assert_neq(archive.likely, archive.best);
    cr_assert_neq(archive.best, AMCT_GENOMES_NONE);
    uint32_t numbers[3];
    cr_assert_eq(amct_finalists(&archive, &model, 1000, numbers, 3), 3);
    cr_assert_eq(numbers[0], archive.likely);
    cr_assert_eq(numbers[1], archive.best);
    cr_assert_eq(amct_finalists(&archive, &model, 1000, numbers, 1), 1);
    cr_assert_eq(numbers[0], archive.best);
    amct_archive_end(&archive);
}

Test(search_archive, without_a_good_one_what_comes_nearest_is_the_finalist)
{
    amct_archive archive;
    amct_archive_start(&archive, 2);
    add(&archive, 1, 90, 0.5);
    uint32_t nearest = add(&archive, 2, 100, 0.1);
    add(&archive, 3, 80, 0.2);
    amct_drop_model model = model_of(&archive, 0);
    amct_archive_refresh(&archive, &model);
    cr_assert_eq(archive.best, AMCT_GENOMES_NONE);
    for (uint32_t k = 1; k < 3; k++) {
        uint32_t numbers[2];
        cr_assert_eq(amct_finalists(&archive, &model, 1000, numbers, k), 1);
        cr_assert_eq(numbers[0], nearest);
    }
    amct_archive_end(&archive);
}
