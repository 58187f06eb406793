#include "tune/cost_table_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEVELS_MAX = 4096,
    IN_VAIN_MAX = 8,
    CHANGES_MAX = 16, /* of a place: more is an estimator that contradicts itself */
    SPARE_ROWS = 256, /* for what one genome may teach */
};

static bool is_worth_it(const amct_genes *genes)
{
    uint64_t levels = 0;
    for (uint32_t g = 0; g < genes->n; g++)
        levels += genes->n_levels[g];
    return levels <= LEVELS_MAX;
}

static amct_status start(amct_cost_table *t, amct_err *err)
{
    t->choices = calloc(t->genes->n_choices + (size_t)1, 1);
    t->classes = calloc(t->genes->n + (size_t)1, 1);
    t->genome = calloc(t->genes->n + (size_t)1, 1);
    t->all_ns = calloc(amct_costing_n_nodes(t->costing), sizeof *t->all_ns);
    if (!t->choices || !t->classes || !t->genome || !t->all_ns)
        return amct_fail_nomem(err);
    t->plain = !is_worth_it(t->genes);
    if (t->plain)
        return AMCT_OK;
    AMCT_TRY(amct_nearness_find(&t->near, t->genes, t->costing, err));
    t->stats.estimated = t->near.n_estimates;
    /* A row, and in the map two slots of each of its places at most. */
    size_t of_place = 2 * sizeof(double) + 2 * sizeof(struct amct_map_slot);
    size_t row = t->near.n_genes + t->near.n_places * of_place;
    t->max_rows = (uint32_t)(AMCT_COST_TABLE_BYTES / row) + 2 * SPARE_ROWS;
    t->changes = calloc(t->near.n_places + (size_t)1, sizeof *t->changes);
    t->in_vain = calloc(t->near.n_places + (size_t)1, sizeof *t->in_vain);
    return t->changes && t->in_vain ? AMCT_OK : amct_fail_nomem(err);
}

amct_status amct_cost_table_new(amct_cost_table **out, const amct_genes *genes,
                                amct_costing *costing, amct_err *err)
{
    amct_cost_table *t = calloc(1, sizeof *t);
    if (!t)
        return amct_fail_nomem(err);
    t->genes = genes;
    t->costing = costing;
    amct_status status = start(t, err);
    if (status == AMCT_OK)
        *out = t;
    else
        amct_cost_table_free(t);
    return status;
}

void amct_cost_table_free(amct_cost_table *t)
{
    if (!t)
        return;
    amct_nearness_free(&t->near);
    amct_map_free(&t->known);
    free(t->genomes);
    free(t->nodes_ns);
    free(t->own_ns);
    free(t->changes);
    free(t->in_vain);
    free(t->all_ns);
    free(t->choices);
    free(t->classes);
    free(t->genome);
    free(t);
}

static amct_hash key_of(const amct_cost_table *t, uint32_t place, const uint8_t *genome)
{
    const amct_nearness *near = &t->near;
    const uint8_t *classes = near->classes + (size_t)place * near->n_levels;
    const uint32_t *genes = near->near[place];
    uint32_t n = near->n_near[place];
    for (uint32_t i = 0; i < n; i++)
        t->classes[i] = classes[near->first[genes[i]] + genome[genes[i]]];
    return amct_hash_bytes((amct_hash){place, t->changes[place]}, t->classes, n);
}

uint32_t amct_cost_table_known(const amct_cost_table *t, uint32_t place, const uint8_t *genome)
{
    return (uint32_t)(uintptr_t)amct_map_get(&t->known, key_of(t, place, genome));
}

uint32_t amct_cost_table_note(amct_cost_table *t, uint32_t place, uint32_t row)
{
    amct_hash key = key_of(t, place, amct_cost_table_genome(t, row));
    uint32_t known = (uint32_t)(uintptr_t)amct_map_get(&t->known, key);
    if (known)
        return known;
    t->stats.known++;
    return amct_map_put(&t->known, key, (void *)((uintptr_t)row + 1)) ? row + 1 : 0;
}

static amct_status reserve(amct_cost_table *t, amct_err *err)
{
    if (t->n_rows < t->capacity)
        return AMCT_OK;
    size_t capacity = t->capacity ? 2 * (size_t)t->capacity : 256, places = t->near.n_places;
    capacity = capacity < t->max_rows ? capacity : t->max_rows;
    uint8_t *genomes = realloc(t->genomes, capacity * t->near.n_genes);
    t->genomes = genomes ? genomes : t->genomes;
    double *nodes = realloc(t->nodes_ns, (capacity * places + 1) * sizeof *nodes);
    t->nodes_ns = nodes ? nodes : t->nodes_ns;
    double *own = realloc(t->own_ns, (capacity * places + 1) * sizeof *own);
    t->own_ns = own ? own : t->own_ns;
    if (!genomes || !nodes || !own)
        return amct_fail_nomem(err);
    t->capacity = (uint32_t)capacity;
    return AMCT_OK;
}

amct_status amct_cost_table_add(uint32_t *row, double *total_ns, amct_cost_table *t,
                                const uint8_t *genome, amct_err *err)
{
    const amct_nearness *near = &t->near;
    amct_graph_cost total;
    AMCT_TRY(reserve(t, err));
    amct_genes_express(t->genes, genome, t->choices);
    AMCT_TRY(amct_costing_nodes(t->costing, t->choices, &total, t->all_ns, err));
    if (total_ns)
        *total_ns = total.latency_ns;
    t->stats.estimated++;
    *row = t->n_rows++;
    memcpy(t->genomes + (size_t)*row * near->n_genes, genome, near->n_genes);
    double *nodes = t->nodes_ns + (size_t)*row * near->n_places;
    double *own = t->own_ns + (size_t)*row * near->n_places;
    for (uint32_t p = 0; p < near->n_places; p++) {
        nodes[p] = t->all_ns[near->nodes[p]];
        own[p] = nodes[p] - amct_nearness_small(near, p, genome);
    }
    return AMCT_OK;
}

static void start_anew(amct_cost_table *t)
{
    amct_map_free(&t->known);
    t->known = (amct_map){0};
    t->n_rows = 0;
    t->stats.known = 0;
}

/* Estimates the genome and notes what is new. *sum_ns: what is known of its nodes. */
static amct_status estimate(double *total_ns, double *sum_ns, amct_cost_table *t,
                            const uint8_t *genome, amct_err *err)
{
    uint32_t row;
    double sum = 0;
    if (t->n_rows + SPARE_ROWS > t->max_rows)
        start_anew(t);
    AMCT_TRY(amct_cost_table_add(&row, total_ns, t, genome, err));
    double allowed = AMCT_COST_TABLE_TOLERANCE * *total_ns;
    for (uint32_t p = 0; p < t->near.n_places; p++) {
        bool found = true;
        uint32_t known = amct_cost_table_note(t, p, row);
        while (known && found && t->in_vain[p] < IN_VAIN_MAX && t->changes[p] < CHANGES_MAX &&
               t->n_rows + SPARE_ROWS / 2 < t->max_rows &&
               fabs(amct_cost_table_own(t, known - 1, p) - amct_cost_table_own(t, row, p)) >
                   allowed) {
            AMCT_TRY(amct_cost_table_learn(&found, t, p, known - 1, row, allowed, err));
            t->in_vain[p] += !found;
            known = amct_cost_table_note(t, p, row);
        }
        if (!known)
            return amct_fail_nomem(err);
        sum += amct_cost_table_own(t, known - 1, p);
    }
    *sum_ns = sum;
    return AMCT_OK;
}

static amct_status estimate_whole(double *ns, amct_cost_table *t, const uint8_t *genome,
                                  amct_err *err)
{
    amct_graph_cost total;
    amct_genes_express(t->genes, genome, t->choices);
    AMCT_TRY(amct_costing_total(t->costing, t->choices, &total, err));
    t->stats.estimated++;
    *ns = total.latency_ns;
    return AMCT_OK;
}

amct_status amct_cost_table_ns(double *ns, amct_cost_table *t, const uint8_t *genome, amct_err *err)
{
    double sum = 0, total;
    uint32_t known = 1;
    t->stats.asked++;
    if (t->plain)
        return estimate_whole(ns, t, genome, err);
    for (uint32_t p = 0; p < t->near.n_places && known; p++) {
        known = amct_cost_table_known(t, p, genome);
        sum += known ? amct_cost_table_own(t, known - 1, p) : 0;
    }
    if (!known)
        AMCT_TRY(estimate(&total, &sum, t, genome, err));
    sum += amct_nearness_small_sum(&t->near, genome);
    *ns = sum > 0 ? sum : 0;
    return AMCT_OK;
}

amct_status amct_cost_table_exact(double *ns, amct_cost_table *t, const uint8_t *genome,
                                  amct_err *err)
{
    double sum, total;
    if (t->plain)
        return estimate_whole(ns, t, genome, err);
    AMCT_TRY(estimate(&total, &sum, t, genome, err));
    *ns = total;
    return AMCT_OK;
}

amct_cost_table_stats amct_cost_table_get_stats(const amct_cost_table *table)
{
    return table->stats;
}
