#include "latency_screening.h"

#include "base/pcg.h"
#include "synthetic.h"
#include "tune/cost_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEARNT = 1000, TESTED = 500 };

double latency_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- A network's genes --------------------------------------------------------------------- */

typedef struct subject {
    amct_config *config;
    amct_structure *structure;
    amct_costing *costing;
    amct_genes genes;
    amct_cost_table *table;
    uint8_t *genome, *choices;
} subject;

static void end(subject *s)
{
    amct_cost_table_free(s->table);
    amct_genes_free(&s->genes);
    amct_costing_free(s->costing);
    amct_structure_free(s->structure);
    amct_config_free(s->config);
    free(s->genome);
    free(s->choices);
}

static amct_status add_structure(subject *s, const amct_plugins *plugins, const amct_model *m,
                                 amct_err *err)
{
    amct_structure_options options = {.multiple = s->config->multiple};
    AMCT_TRY(
        amct_structure_outline(&s->structure, m->graph, m->layers, m->n_layers, &options, err));
    amct_costing_free(s->costing);
    s->costing = NULL;
    AMCT_TRY(amct_costing_new(&s->costing, plugins, s->config, m->graph, m->layers, m->n_layers,
                              s->structure, err));
    return amct_genes_add_structure(&s->genes, s->config, m->layers, s->structure, s->costing, err);
}

static amct_status begin(subject *s, const amct_plugins *plugins, const amct_model *m,
                         const char *chip, bool structure, amct_err *err)
{
    *s = (subject){.config = NULL};
    AMCT_TRY(amct_config_new(&s->config, err));
    s->config->estimator = "ascend";
    AMCT_TRY(amct_config_set_target(s->config, "chip", chip, err));
    AMCT_TRY(amct_costing_new(&s->costing, plugins, s->config, m->graph, m->layers, m->n_layers,
                              NULL, err));
    AMCT_TRY(amct_genes_make(&s->genes, s->config, m->layers, m->n_layers, s->costing, err));
    if (structure)
        AMCT_TRY(add_structure(s, plugins, m, err));
    s->genome = calloc(s->genes.n + (size_t)1, 1);
    s->choices = calloc(s->genes.n_choices + (size_t)1, 1);
    return s->genome && s->choices ? AMCT_OK : amct_fail_nomem(err);
}

static amct_status estimate(double *ns, subject *s, const uint8_t *genome, amct_err *err)
{
    amct_graph_cost total;
    amct_genes_express(&s->genes, genome, s->choices);
    AMCT_TRY(amct_costing_total(s->costing, s->choices, &total, err));
    *ns = total.latency_ns;
    return AMCT_OK;
}

/* ---- The table's error --------------------------------------------------------------------- */

typedef struct errors {
    double mean, largest, without_bias, tau; /* ratios */
    double estimates_s, table_s;             /* genomes a second */
} errors;

static double tau_of(const double *a, const double *b)
{
    double same = 0, other = 0;
    for (int i = 0; i < TESTED; i++)
        for (int k = i + 1; k < TESTED; k++) {
            double product = (a[i] - a[k]) * (b[i] - b[k]);
            same += product > 0;
            other += product < 0;
        }
    return same + other > 0 ? (same - other) / (same + other) : 1;
}

static void sum_up(errors *e, const double *table, const double *exact)
{
    double bias = 0;
    *e = (errors){.tau = tau_of(table, exact)};
    for (int i = 0; i < TESTED; i++)
        bias += (table[i] / exact[i] - 1) / TESTED;
    for (int i = 0; i < TESTED; i++) {
        double error = table[i] / exact[i] - 1;
        e->mean += fabs(error) / TESTED;
        e->largest = fmax(e->largest, fabs(error));
        e->without_bias += fabs(error - bias) / TESTED;
    }
}

/* genomes: TESTED of them. */
static amct_status test(errors *e, subject *s, const uint8_t *genomes, amct_err *err)
{
    enum { AGAIN = 10 };
    static double table[TESTED], exact[TESTED];
    double ignored, begun = latency_now(), estimated, known;
    for (int i = 0; i < TESTED; i++)
        AMCT_TRY(estimate(&exact[i], s, genomes + (size_t)i * s->genes.n, err));
    estimated = latency_now() - begun;
    for (int i = 0; i < TESTED; i++)
        AMCT_TRY(amct_cost_table_ns(&table[i], s->table, genomes + (size_t)i * s->genes.n, err));
    begun = latency_now();
    for (int i = 0; i < AGAIN * TESTED; i++)
        AMCT_TRY(amct_cost_table_ns(&ignored, s->table, genomes + (size_t)(i % TESTED) * s->genes.n,
                                    err));
    known = latency_now() - begun;
    sum_up(e, table, exact);
    e->estimates_s = TESTED / estimated;
    e->table_s = AGAIN * TESTED / known;
    return AMCT_OK;
}

static void draw(const subject *s, amct_pcg *rng, uint8_t *genome)
{
    for (uint32_t g = 0; g < s->genes.n; g++)
        genome[g] = (uint8_t)amct_pcg_below(rng, s->genes.n_levels[g]);
}

/* From all genes at their last levels, as long as a change of one makes it faster. */
static amct_status descend(subject *s, amct_err *err)
{
    double least, ns;
    bool better = true;
    for (uint32_t g = 0; g < s->genes.n; g++)
        s->genome[g] = s->genes.n_levels[g] - 1;
    AMCT_TRY(amct_cost_table_ns(&least, s->table, s->genome, err));
    while (better) {
        better = false;
        for (uint32_t g = 0; g < s->genes.n; g++)
            for (uint8_t l = 0; l < s->genes.n_levels[g]; l++) {
                uint8_t had = s->genome[g];
                s->genome[g] = l;
                AMCT_TRY(amct_cost_table_ns(&ns, s->table, s->genome, err));
                if (ns < least)
                    least = ns;
                else
                    s->genome[g] = had;
                better |= s->genome[g] != had;
            }
    }
    return AMCT_OK;
}

static amct_status measure(subject *s, uint8_t *genomes, const char *label, const char *chip,
                           bool structure, amct_err *err)
{
    amct_pcg rng = amct_pcg_new(1, 1);
    errors random, near;
    double ignored;
    size_t n = s->genes.n;
    AMCT_TRY(amct_cost_table_new(&s->table, &s->genes, s->costing, err));
    uint64_t before = amct_cost_table_get_stats(s->table).estimated;
    for (int i = 0; i < LEARNT; i++) {
        draw(s, &rng, s->genome);
        AMCT_TRY(amct_cost_table_ns(&ignored, s->table, s->genome, err));
    }
    uint64_t learnt = amct_cost_table_get_stats(s->table).estimated - before;
    for (int i = 0; i < TESTED; i++)
        draw(s, &rng, genomes + (size_t)i * n);
    AMCT_TRY(test(&random, s, genomes, err));
    AMCT_TRY(descend(s, err));
    for (int i = 0; i < TESTED; i++) {
        uint8_t *genome = memcpy(genomes + (size_t)i * n, s->genome, n);
        for (uint32_t k = amct_pcg_below(&rng, 6) + 1; k > 0; k--) {
            uint32_t g = amct_pcg_below(&rng, s->genes.n);
            genome[g] = (uint8_t)amct_pcg_below(&rng, s->genes.n_levels[g]);
        }
    }
    AMCT_TRY(test(&near, s, genomes, err));
    printf("%-24s %-12s %-5s %6u %9.0f %9.0f %7llu %8.4f %7.3f %7.4f %8.4f %7.3f %8.4f\n", label,
           chip, structure ? "all" : "bits", s->genes.n, random.estimates_s, near.table_s,
           (unsigned long long)learnt, 100 * random.mean, 100 * random.largest, random.tau,
           100 * near.mean, 100 * near.largest, 100 * near.without_bias);
    fflush(stdout);
    return AMCT_OK;
}

void latency_screening_heading(void)
{
    printf("\nThe search's table of latencies; errors in %%.\n"
           "%-24s %-12s %-5s %6s %9s %9s %7s %8s %7s %7s %8s %7s %8s\n",
           "", "", "", "", "estimates", "known", "of 1000", "random", "", "", "near", "",
           "without");
    printf("%-24s %-12s %-5s %6s %9s %9s %7s %8s %7s %7s %8s %7s %8s\n", "network", "chip", "space",
           "genes", "/s", "/s", "new", "mean", "most", "tau", "mean", "most", "bias");
}

amct_status latency_screening_table(const amct_plugins *plugins, const amct_model *model,
                                    const char *label, const char *chip, bool structure,
                                    amct_err *err)
{
    subject s;
    amct_status status = begin(&s, plugins, model, chip, structure, err);
    uint8_t *genomes = calloc(s.genes.n + (size_t)1, TESTED);
    if (status == AMCT_OK)
        status = genomes ? measure(&s, genomes, label, chip, structure, err) : amct_fail_nomem(err);
    free(genomes);
    end(&s);
    return status;
}

/* ---- A search ------------------------------------------------------------------------------ */

static amct_status cost(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    subject *s = ctx;
    return s->table ? amct_cost_table_exact(cost_ns, s->table, genome, err)
                    : estimate(cost_ns, s, genome, err);
}

static amct_status screen(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    subject *s = ctx;
    if (!s->table)
        AMCT_TRY(amct_cost_table_new(&s->table, &s->genes, s->costing, err));
    return amct_cost_table_ns(cost_ns, s->table, genome, err);
}

/* Losses as of a network with as many genes. */
static void make_up(synthetic *net, const subject *s)
{
    synthetic_make(net, (synthetic_shape){.n_genes = s->genes.n, .n_levels = 4, .noise = true}, 1);
    for (uint32_t g = 0; g < s->genes.n; g++) {
        net->n_levels[g] = s->genes.n_levels[g];
        net->kinds[g] = (uint8_t)s->genes.genes[g].kind;
        for (uint32_t l = 4; l < net->n_levels[g]; l++)
            net->loss[g][l] = net->loss[g][l - 1] * 1.5;
    }
}

static amct_status search(subject *s, const synthetic *net, const amct_search_problem *problem,
                          const char *label, amct_err *err)
{
    amct_search_options options = amct_search_defaults();
    amct_result results[8];
    amct_search *made;
    const amct_ask *asks;
    size_t n = 1;
    double seconds = 0;
    AMCT_TRY(amct_search_new(&made, problem, &options, err));
    amct_status status = AMCT_OK;
    while (status == AMCT_OK && n) {
        double begun = latency_now();
        status = amct_search_ask(made, &asks, &n, err);
        seconds += latency_now() - begun;
        for (size_t i = 0; status == AMCT_OK && i < n; i++)
            results[i] = synthetic_measure(net, &asks[i]);
        if (status == AMCT_OK && n)
            status = amct_search_tell(made, results, n, err);
    }
    if (status == AMCT_OK) {
        amct_search_progress p = amct_search_get_progress(made);
        uint64_t estimates =
            s->table ? amct_cost_table_get_stats(s->table).estimated : p.cost_calls;
        printf("%-24s %-8s %6u %11llu %9llu %9llu %8.2f %9.4f\n", label,
               problem->screen ? "table" : "exact", p.evaluations,
               (unsigned long long)p.screen_calls, (unsigned long long)p.cost_calls,
               (unsigned long long)estimates, seconds, p.best_ns / 1e6);
        fflush(stdout);
    }
    amct_search_free(made);
    return status;
}

amct_status latency_screening_search(const amct_plugins *plugins, const amct_model *model,
                                     const char *label, const char *chip, bool structure,
                                     amct_err *err)
{
    static synthetic net;
    amct_status status = AMCT_OK;
    printf("\nSearches on %s over %s, with losses that are made up.\n%-24s %-8s %6s %11s %9s %9s "
           "%8s %9s\n",
           chip, structure ? "bits, channels and ranks" : "bits", "network", "by", "cand.",
           "screened", "costs", "estimates", "s", "best ms");
    for (int table = 0; table < 2 && status == AMCT_OK; table++) {
        subject s;
        status = begin(&s, plugins, model, chip, structure, err);
        if (status == AMCT_OK && s.genes.n > SYNTHETIC_GENES)
            status = amct_fail(err, AMCT_E_LIMIT, "%u genes are too many", s.genes.n);
        if (status == AMCT_OK) {
            make_up(&net, &s);
            amct_search_problem problem = synthetic_problem(&net, 1024, 0);
            problem.cost = cost;
            problem.screen = table ? screen : NULL;
            problem.cost_ctx = &s;
            status = search(&s, &net, &problem, label, err);
        }
        end(&s);
    }
    return status;
}
