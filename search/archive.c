#include "search/archive.h"

#include "base/grow.h"
#include "base/stats.h"

#include <math.h>
#include <stdlib.h>

void amct_archive_start(amct_archive *archive, uint32_t n_genes)
{
    *archive = (amct_archive){.best = AMCT_GENOMES_NONE, .likely = AMCT_GENOMES_NONE};
    amct_genomes_start(&archive->genomes, n_genes);
}

void amct_archive_end(amct_archive *archive)
{
    amct_genomes_end(&archive->genomes);
    free(archive->members);
    *archive = (amct_archive){0};
}

uint32_t amct_archive_add(amct_archive *archive, const uint8_t *genome, double cost_ns)
{
    amct_err ignored;
    if (amct_grow(&archive->members, archive->genomes.count, &archive->capacity,
                  sizeof *archive->members, &ignored) != AMCT_OK)
        return AMCT_GENOMES_NONE;
    uint32_t number = amct_genomes_add(&archive->genomes, genome);
    if (number != AMCT_GENOMES_NONE)
        archive->members[number] = (amct_member){.cost_ns = cost_ns, .ratio = 1};
    return number;
}

static void keep_cheaper(const amct_archive *archive, uint32_t *best, uint32_t number)
{
    if (*best == AMCT_GENOMES_NONE ||
        archive->members[number].cost_ns < archive->members[*best].cost_ns)
        *best = number;
}

void amct_archive_refresh(amct_archive *archive, const amct_drop_model *model)
{
    archive->best = archive->likely = AMCT_GENOMES_NONE;
    for (uint32_t i = 0; i < archive->genomes.count; i++) {
        amct_member *member = &archive->members[i];
        if (member->state != AMCT_MEMBER_FULL)
            continue;
        member->drop = amct_drop_estimate(model, &member->score, member->ratio);
        const amct_score *score = &member->score;
        double left = model->budget - ((double)score->lost - score->gained) / score->n;
        if (member->counted && left < 0) {
            member->drop.within = fmin(member->drop.within, left);
            member->drop.margin = fmin(member->drop.margin, left);
        }
        if (member->drop.margin >= 0)
            keep_cheaper(archive, &archive->best, i);
        if (member->drop.within >= 0)
            keep_cheaper(archive, &archive->likely, i);
    }
}

/* One member of a list to be sorted; numbers make all orders total. */
typedef struct entry {
    double key;
    uint32_t number;
} entry;

static int by_key(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static entry *full_by_cost(const amct_archive *archive, double below_ns, uint32_t *n)
{
    entry *list = malloc((archive->genomes.count + 1) * sizeof *list);
    *n = 0;
    for (uint32_t i = 0; list && i < archive->genomes.count; i++)
        if (archive->members[i].state == AMCT_MEMBER_FULL && archive->members[i].cost_ns < below_ns)
            list[(*n)++] = (entry){archive->members[i].cost_ns, i};
    if (*n)
        qsort(list, *n, sizeof *list, by_key);
    return list;
}

uint32_t amct_archive_front(const amct_archive *archive, uint32_t *numbers, uint32_t n)
{
    uint32_t n_full, n_front = 0;
    entry *list = full_by_cost(archive, INFINITY, &n_full);
    double least = INFINITY;
    for (uint32_t i = 0; i < n_full;) {
        /* Of equally cheap ones only the best is on the front. */
        uint32_t best = i, next = i;
        for (; next < n_full && list[next].key == list[i].key; next++)
            if (archive->members[list[next].number].drop.drop <
                archive->members[list[best].number].drop.drop)
                best = next;
        if (archive->members[list[best].number].drop.drop < least) {
            least = archive->members[list[best].number].drop.drop;
            if (n_front < n)
                numbers[n_front] = list[best].number;
            n_front++;
        }
        i = next;
    }
    free(list);
    return n_front < n ? n_front : n;
}

static double promise(const amct_archive *archive, const amct_drop_model *model, uint32_t number)
{
    const amct_drop *drop = &archive->members[number].drop;
    return drop->drop + amct_normal_two_sided(model->confidence) * drop->se;
}

/* Of the list in order of cost: the place of the first that promises that share of the limit or
 * less, else of the one that promises least. */
static uint32_t first_within(const amct_archive *archive, const amct_drop_model *model,
                             const entry *list, uint32_t n, double share)
{
    uint32_t least = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (promise(archive, model, list[i].number) <= share * model->limit_drop)
            return i;
        if (promise(archive, model, list[i].number) < promise(archive, model, list[least].number))
            least = i;
    }
    return least;
}

/* Marks members that are good enough, until `have` of the marked ones are k; how many are then. */
static uint32_t take_good(bool *taken, const amct_archive *archive, const entry *list, uint32_t n,
                          uint32_t have, uint32_t k)
{
    for (uint32_t i = 0; i < n && have < k; i++)
        if (!taken[i] && archive->members[list[i].number].drop.margin >= 0)
            taken[i] = true, have++;
    return have;
}

/* Whether one that is marked costs nearly the same. */
static bool has_near(const bool *taken, const entry *list, uint32_t n, uint32_t i)
{
    const double apart = 0.005;
    for (uint32_t k = 0; k < n; k++)
        if (taken[k] && fabs(list[k].key / list[i].key - 1) < apart)
            return true;
    return false;
}

/* Marks members that are not good enough though the confirm samples may well prove them: of each
 * of k chances, spread evenly from the least to that of good ones, the cheapest that has it, unless
 * one is marked that costs nearly the same. How many are. */
static uint32_t take_bold(bool *taken, const amct_archive *archive, const amct_drop_model *model,
                          const entry *list, uint32_t n, uint32_t k)
{
    const double least = 0.2, good = 0.8; /* drop.h */
    uint32_t have = 0;
    for (uint32_t b = 0; b < k; b++) {
        double wanted = least + (good - least) * b / k;
        for (uint32_t i = 0; i < n; i++) {
            const amct_member *m = &archive->members[list[i].number];
            if (m->drop.margin >= 0)
                break;
            if (!has_near(taken, list, n, i) &&
                amct_drop_chance(model, &m->score, m->ratio) >= wanted) {
                taken[i] = true, have++;
                break;
            }
        }
    }
    return have;
}

/* Whether any is good enough; then they are marked. */
static bool take_finalists(bool *taken, const amct_archive *archive, const amct_drop_model *model,
                           const entry *list, uint32_t n, uint32_t k)
{
    const double safe = 0.5; /* of the limit */
    uint32_t bold = (k - 1) / 2, rungs = k - bold - 1;
    uint32_t have = take_good(taken, archive, list, n, 0, 1);
    if (!have)
        return false;
    if (model->confirm_samples)
        have += take_bold(taken, archive, model, list, n, bold);
    for (uint32_t r = 1; r <= rungs; r++) {
        uint32_t at = first_within(archive, model, list, n, 1 - (1 - safe) * r / rungs);
        have += !taken[at];
        taken[at] = true;
    }
    take_good(taken, archive, list, n, have, k);
    return true;
}

uint32_t amct_archive_finalists(const amct_archive *archive, const amct_drop_model *model,
                                double below_ns, uint32_t *numbers, uint32_t k)
{
    uint32_t n_full, n = 0;
    entry *list = full_by_cost(archive, below_ns, &n_full);
    bool *taken = calloc(n_full + (size_t)1, sizeof *taken);
    if (taken && n_full && k && take_finalists(taken, archive, model, list, n_full, k)) {
        for (uint32_t i = 0; i < n_full; i++)
            if (taken[i])
                numbers[n++] = list[i].number;
    } else if (n_full) {
        for (uint32_t i = 0; i < n_full; i++)
            list[i].key = promise(archive, model, list[i].number);
        qsort(list, n_full, sizeof *list, by_key);
        for (; n < k && n < n_full; n++)
            numbers[n] = list[n].number;
    }
    free(taken);
    free(list);
    return n;
}
