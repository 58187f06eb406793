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

uint32_t *amct_archive_by_cost(const amct_archive *archive, double below_ns, uint32_t *n)
{
    entry *list = malloc((archive->genomes.count + (size_t)1) * sizeof *list);
    uint32_t *numbers = malloc((archive->genomes.count + (size_t)1) * sizeof *numbers);
    *n = 0;
    for (uint32_t i = 0; list && i < archive->genomes.count; i++)
        if (archive->members[i].state == AMCT_MEMBER_FULL && archive->members[i].cost_ns < below_ns)
            list[(*n)++] = (entry){archive->members[i].cost_ns, i};
    if (*n)
        qsort(list, *n, sizeof *list, by_key);
    for (uint32_t i = 0; numbers && i < *n; i++)
        numbers[i] = list[i].number;
    if (!list) {
        free(numbers);
        numbers = NULL;
    }
    free(list);
    return numbers;
}

uint32_t amct_archive_front(const amct_archive *archive, uint32_t *numbers, uint32_t n)
{
    uint32_t n_full, n_front = 0;
    uint32_t *list = amct_archive_by_cost(archive, INFINITY, &n_full);
    const amct_member *members = archive->members;
    double least = INFINITY;
    for (uint32_t i = 0; list && i < n_full;) {
        /* Of equally cheap ones only the best is on the front. */
        uint32_t best = list[i], next = i;
        double cost_ns = members[best].cost_ns;
        for (; next < n_full && members[list[next]].cost_ns == cost_ns; next++)
            if (members[list[next]].drop.drop < members[best].drop.drop)
                best = list[next];
        if (members[best].drop.drop < least) {
            least = members[best].drop.drop;
            if (n_front < n)
                numbers[n_front] = best;
            n_front++;
        }
        i = next;
    }
    free(list);
    return n_front < n ? n_front : n;
}
