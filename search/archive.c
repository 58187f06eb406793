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

/* Members in order of cost, each with its chance to be proven. */
typedef struct chances {
    const entry *list;
    double *at;
    uint32_t n;
} chances;

/* The cheapest that has that chance, else the one that has most. */
static uint32_t first_with(const chances *c, double wanted)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->at[i] >= wanted)
            return i;
        if (c->at[i] > c->at[most])
            most = i;
    }
    return most;
}

static uint32_t first_good(const amct_archive *archive, const chances *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (archive->members[c->list[i].number].drop.margin >= 0)
            return i;
    return first_with(c, INFINITY);
}

double amct_archive_rung(uint32_t r, uint32_t k)
{
    const double safest = 0.98, sure = 0.8, bold = 0.15;
    if (r == 0)
        return safest;
    double from = amct_normal_quantile(sure), to = amct_normal_quantile(bold);
    return amct_normal_cdf(k > 2 ? from + (to - from) * (r - 1) / (k - 2) : from);
}

/* Marks one for each of k > 1 chances, unless one that is marked costs nearly the same. */
static void take_rungs(bool *taken, const chances *c, uint32_t k)
{
    const double apart = 0.002;
    uint32_t last = UINT32_MAX;
    for (uint32_t r = 0; r < k; r++) {
        uint32_t i = first_with(c, amct_archive_rung(r, k));
        if (last != UINT32_MAX && c->list[i].key > (1 - apart) * c->list[last].key)
            continue;
        taken[i] = true;
        last = i;
    }
}

uint32_t amct_archive_finalists(const amct_archive *archive, const amct_drop_model *model,
                                double below_ns, uint32_t *numbers, uint32_t k)
{
    uint32_t n_full, n = 0;
    entry *list = full_by_cost(archive, below_ns, &n_full);
    bool *taken = calloc(n_full + (size_t)1, sizeof *taken);
    chances c = {list, malloc((n_full + (size_t)1) * sizeof *c.at), n_full};
    for (uint32_t i = 0; c.at && i < n_full; i++) {
        const amct_member *m = &archive->members[list[i].number];
        c.at[i] = amct_drop_chance(model, &m->score, m->ratio);
    }
    if (taken && c.at && n_full && k == 1)
        taken[first_good(archive, &c)] = true;
    else if (taken && c.at && n_full && k)
        take_rungs(taken, &c, k);
    for (uint32_t i = 0; taken && i < n_full; i++)
        if (taken[i])
            numbers[n++] = list[i].number;
    free(c.at);
    free(taken);
    free(list);
    return n;
}
