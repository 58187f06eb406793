#include "tune/nearness.h"

#include "base/pcg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COMPANIES = AMCT_NEARNESS_COMPANIES };

typedef struct trial {
    amct_nearness *to;
    const amct_genes *genes;
    amct_costing *costing;
    uint32_t n_nodes;
    uint8_t *companies; /* genomes */
    uint8_t *genome, *choices;
    double *company_ns; /* [company][node] */
    double allowed_ns[COMPANIES];
    double *ns;  /* [level of a gene][company][node] */
    bool *takes; /* per node: any time at all */
} trial;

static amct_status estimate(double *ns, trial *t, const uint8_t *genome, amct_err *err)
{
    amct_genes_express(t->genes, genome, t->choices);
    amct_graph_cost ignored;
    AMCT_TRY(amct_costing_nodes(t->costing, t->choices, &ignored, ns, err));
    t->to->n_estimates++;
    for (uint32_t n = 0; n < t->n_nodes; n++)
        t->takes[n] |= ns[n] != 0;
    return AMCT_OK;
}

/* The original, all genes at their last levels, and random ones. */
static amct_status find_companies(trial *t, amct_err *err)
{
    uint32_t n = t->genes->n;
    amct_pcg rng = amct_pcg_new(1, 0);
    for (uint32_t c = 0; c < COMPANIES; c++) {
        uint8_t *genome = t->companies + (size_t)c * n;
        double *ns = t->company_ns + (size_t)c * t->n_nodes, total = 0;
        for (uint32_t g = 0; g < n; g++) {
            uint8_t n_levels = t->genes->n_levels[g];
            genome[g] = c == 0   ? 0
                        : c == 1 ? n_levels - 1
                                 : (uint8_t)amct_pcg_below(&rng, n_levels);
        }
        AMCT_TRY(estimate(ns, t, genome, err));
        for (uint32_t i = 0; i < t->n_nodes; i++)
            total += ns[i];
        t->allowed_ns[c] = AMCT_NEARNESS_TOLERANCE * total;
    }
    return AMCT_OK;
}

static double *at(const trial *t, uint32_t level, uint32_t company)
{
    return t->ns + ((size_t)level * COMPANIES + company) * t->n_nodes;
}

static bool alike(const trial *t, uint32_t node, uint32_t a, uint32_t b)
{
    for (uint32_t c = 0; c < COMPANIES; c++)
        if (fabs(at(t, a, c)[node] - at(t, b, c)[node]) > t->allowed_ns[c])
            return false;
    return true;
}

static void classify(const trial *t, uint32_t gene, uint32_t node)
{
    size_t first = (size_t)node * t->to->n_levels + t->to->first[gene];
    uint8_t *classes = t->to->classes + first;
    for (uint8_t l = 1; l < t->genes->n_levels[gene]; l++) {
        uint8_t same = 0;
        while (same < l && (classes[same] != same || !alike(t, node, l, same)))
            same++;
        double small = 0;
        for (uint32_t c = 0; c < COMPANIES; c++)
            small += at(t, l, c)[node] - at(t, same, c)[node];
        classes[l] = same;
        t->to->small_ns[first + l] = (float)(small / COMPANIES);
    }
}

static amct_status try_gene(trial *t, uint32_t gene, amct_err *err)
{
    for (uint32_t c = 0; c < COMPANIES; c++) {
        const uint8_t *company = t->companies + (size_t)c * t->genes->n;
        memcpy(t->genome, company, t->genes->n);
        for (uint8_t l = 0; l < t->genes->n_levels[gene]; l++) {
            t->genome[gene] = l;
            if (l == company[gene])
                memcpy(at(t, l, c), t->company_ns + (size_t)c * t->n_nodes,
                       t->n_nodes * sizeof(double));
            else
                AMCT_TRY(estimate(at(t, l, c), t, t->genome, err));
        }
    }
    for (uint32_t n = 0; n < t->n_nodes; n++)
        classify(t, gene, n);
    return AMCT_OK;
}

static amct_status list(amct_nearness *to, uint32_t place, uint32_t gene, amct_err *err)
{
    uint32_t n = to->n_near[place], *genes = to->near[place];
    for (uint32_t i = 0; i < n; i++)
        if (genes[i] == gene)
            return AMCT_OK;
    genes = realloc(genes, (n + (size_t)1) * sizeof *genes);
    if (!genes)
        return amct_fail_nomem(err);
    genes[n] = gene;
    to->near[place] = genes;
    to->n_near[place] = n + 1;
    return AMCT_OK;
}

static bool any_class(const uint8_t *classes, uint32_t n)
{
    for (uint32_t l = 1; l < n; l++)
        if (classes[l])
            return true;
    return false;
}

/* Leaves out nodes that take no time, and lists the near genes of the others. */
static amct_status conclude(trial *t, amct_err *err)
{
    amct_nearness *to = t->to;
    size_t n = to->n_levels;
    for (uint32_t node = 0; node < t->n_nodes; node++) {
        if (!t->takes[node])
            continue;
        uint32_t place = to->n_places++;
        uint8_t *classes = to->classes + place * n;
        float *small = to->small_ns + place * n;
        to->nodes[place] = node;
        memmove(classes, to->classes + node * n, n);
        memmove(small, to->small_ns + node * n, n * sizeof *small);
        for (uint32_t i = 0; i < n; i++)
            to->small_sums_ns[i] += (double)small[i];
        for (uint32_t g = 0; g < to->n_genes; g++)
            if (any_class(classes + to->first[g], t->genes->n_levels[g]))
                AMCT_TRY(list(to, place, g, err));
    }
    return AMCT_OK;
}

static amct_status try_all(trial *t, amct_err *err)
{
    amct_nearness *to = t->to;
    size_t n_nodes = t->n_nodes, n = to->n_genes;
    to->first = amct_space_first(&(amct_space){to->n_genes, t->genes->n_levels, NULL});
    if (!to->first)
        return amct_fail_nomem(err);
    to->n_levels = to->first[n];
    to->nodes = calloc(n_nodes, sizeof *to->nodes);
    to->n_near = calloc(n_nodes, sizeof *to->n_near);
    to->near = calloc(n_nodes, sizeof *to->near);
    to->classes = calloc(n_nodes, to->n_levels);
    to->small_ns = calloc(n_nodes * to->n_levels, sizeof *to->small_ns);
    to->small_sums_ns = calloc(to->n_levels, sizeof *to->small_sums_ns);
    t->companies = calloc(COMPANIES, n);
    t->genome = calloc(n, 1);
    t->choices = calloc(t->genes->n_choices + (size_t)1, 1);
    t->company_ns = calloc(COMPANIES * n_nodes, sizeof *t->company_ns);
    t->ns = calloc((size_t)AMCT_GENE_LEVELS * COMPANIES * n_nodes, sizeof *t->ns);
    t->takes = calloc(n_nodes, sizeof *t->takes);
    if (!to->nodes || !to->n_near || !to->near || !to->classes || !to->small_ns ||
        !to->small_sums_ns || !t->companies || !t->genome || !t->choices || !t->company_ns ||
        !t->ns || !t->takes)
        return amct_fail_nomem(err);
    AMCT_TRY(find_companies(t, err));
    for (uint32_t g = 0; g < n; g++)
        AMCT_TRY(try_gene(t, g, err));
    return conclude(t, err);
}

amct_status amct_nearness_find(amct_nearness *out, const amct_genes *genes, amct_costing *costing,
                               amct_err *err)
{
    amct_nearness near = {.n_genes = genes->n};
    trial t = {
        .to = &near, .genes = genes, .costing = costing, .n_nodes = amct_costing_n_nodes(costing)};
    amct_status status = try_all(&t, err);
    free(t.companies);
    free(t.genome);
    free(t.choices);
    free(t.company_ns);
    free(t.ns);
    free(t.takes);
    if (status == AMCT_OK)
        *out = near;
    else
        amct_nearness_free(&near);
    return status;
}

void amct_nearness_free(amct_nearness *nearness)
{
    for (uint32_t p = 0; p < nearness->n_places; p++)
        free(nearness->near[p]);
    free(nearness->first);
    free(nearness->nodes);
    free(nearness->n_near);
    free(nearness->near);
    free(nearness->classes);
    free(nearness->small_ns);
    free(nearness->small_sums_ns);
    *nearness = (amct_nearness){0};
}

amct_status amct_nearness_add(amct_nearness *nearness, uint32_t place, uint32_t gene,
                              const uint8_t *classes, amct_err *err)
{
    uint32_t first = nearness->first[gene], n = nearness->first[gene + 1] - first;
    size_t at = (size_t)place * nearness->n_levels + first;
    AMCT_TRY(list(nearness, place, gene, err));
    memcpy(nearness->classes + at, classes, n);
    for (uint32_t l = 0; l < n; l++) {
        nearness->small_sums_ns[first + l] -= (double)nearness->small_ns[at + l];
        nearness->small_ns[at + l] = 0;
    }
    return AMCT_OK;
}

double amct_nearness_small(const amct_nearness *nearness, uint32_t place, const uint8_t *genome)
{
    const float *small = nearness->small_ns + (size_t)place * nearness->n_levels;
    double sum = 0;
    for (uint32_t g = 0; g < nearness->n_genes; g++)
        sum += (double)small[nearness->first[g] + genome[g]];
    return sum;
}

double amct_nearness_small_sum(const amct_nearness *nearness, const uint8_t *genome)
{
    double sum = 0;
    for (uint32_t g = 0; g < nearness->n_genes; g++)
        sum += nearness->small_sums_ns[nearness->first[g] + genome[g]];
    return sum;
}
