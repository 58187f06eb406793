/*
 * search_synthetic - how many evaluations the searches need on problems whose optimum is known.
 *
 *     search_synthetic [SEEDS]
 *
 * For each problem and algorithm over all seeds: in how many runs, and after how many evaluations
 * (median of those runs) the cheapest candidate asked with a loss within the reference is within
 * 1 % of the optimum; the final gap; samples per evaluation and per rejected candidate, as shares
 * of a full measurement; processor time of the search itself per evaluation. The reference is the
 * loss that "auto" ends up allowing itself, for all algorithms.
 */
#include "search/engine.h"
#include "search/search.h"

#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 1024, SEEDS_MAX = 100 };

typedef struct outcome {
    double limit; /* loss that the search allows itself at the end */
    double gap;   /* of the best candidate to the optimum */
    uint32_t evaluations_to_1_percent, evaluations, rejected;
    uint64_t samples, rejected_samples;
    double cpu_s;
} outcome;

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const amct_err *err)
{
    fprintf(stderr, "search_synthetic: %s\n", err->text);
    exit(1);
}

/* loss and optimum: the reference; 0 if it is not known yet. */
static outcome run(synthetic *net, const char *algorithm, uint64_t seed, double loss,
                   double optimum)
{
    static amct_result results[1024];
    amct_search_problem problem = synthetic_problem(net, SAMPLES, 0);
    amct_search_options options = amct_search_defaults();
    amct_search *search;
    const amct_ask *asks;
    amct_err err;
    size_t n;
    outcome out = {.gap = INFINITY};
    options.algorithm = algorithm;
    options.seed = seed;
    if (amct_search_new(&search, &problem, &options, &err) != AMCT_OK)
        fail(&err);
    for (;;) {
        double before = cpu_now();
        if (amct_search_ask(search, &asks, &n, &err) != AMCT_OK)
            fail(&err);
        out.cpu_s += cpu_now() - before;
        if (n == 0)
            break;
        for (size_t i = 0; i < n; i++) {
            results[i] = synthetic_measure(net, &asks[i]);
            if (asks[i].race.looks[asks[i].race.n_looks - 1].n < SAMPLES)
                continue;
            out.evaluations++;
            if (optimum > 0 && synthetic_loss(net, asks[i].genome) <= loss)
                out.gap = fmin(out.gap, asks[i].cost_ns / optimum - 1);
            if (out.gap <= 0.01 && !out.evaluations_to_1_percent)
                out.evaluations_to_1_percent = out.evaluations;
        }
        before = cpu_now();
        if (amct_search_tell(search, results, n, &err) != AMCT_OK)
            fail(&err);
        out.cpu_s += cpu_now() - before;
    }
    amct_search_progress progress = amct_search_get_progress(search);
    out.limit = search->drop.limit_loss;
    out.rejected = progress.rejected;
    out.samples = progress.samples;
    out.rejected_samples = progress.rejected_samples;
    if (!isfinite(out.gap)) /* only the original is within the loss */
        out.gap = progress.original_ns / optimum - 1;
    amct_search_free(search);
    return out;
}

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void print(const char *problem, const char *algorithm, const outcome *runs, int n)
{
    uint32_t reached[SEEDS_MAX];
    int n_reached = 0;
    double gap = 0, evaluations = 0, samples = 0, rejected = 0, rejected_samples = 0, cpu = 0;
    for (int i = 0; i < n; i++) {
        if (runs[i].evaluations_to_1_percent)
            reached[n_reached++] = runs[i].evaluations_to_1_percent;
        gap += runs[i].gap / n;
        evaluations += runs[i].evaluations;
        samples += (double)runs[i].samples / SAMPLES;
        rejected += runs[i].rejected;
        rejected_samples += (double)runs[i].rejected_samples / SAMPLES;
        cpu += runs[i].cpu_s;
    }
    char median[16] = "-", share[16] = "-";
    qsort(reached, (size_t)n_reached, sizeof *reached, by_number);
    if (n_reached)
        snprintf(median, sizeof median, "%u", reached[n_reached / 2]);
    if (rejected > 0)
        snprintf(share, sizeof share, "%.3f", rejected_samples / rejected);
    printf("%-28s %-14s %3d/%-3d %7s %8.2f %% %7.0f %9.2f %9s %8.0f\n", problem, algorithm,
           n_reached, n, median, 100 * gap, evaluations / n, samples / evaluations, share,
           1e6 * cpu / evaluations);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        synthetic_shape shape;
    } problems[] = {
        {"10 genes x 4, separable", {.n_genes = 10, .n_levels = 4, .noise = true}},
        {"11 genes x 3, boundaries",
         {.n_genes = 11, .n_levels = 3, .boundary = 0.5, .noise = true}},
        {"6 genes x 4, enumerable", {.n_genes = 6, .n_levels = 4, .boundary = 0.2, .noise = true}},
    };
    static const char *algorithms[] = {"auto",  "nsga2",         "random",
                                       "chain", "amct-rollback", "uniform"};
    enum { N = sizeof algorithms / sizeof *algorithms };
    static synthetic net;
    static outcome outcomes[N][SEEDS_MAX];
    int seeds = argc > 1 ? atoi(argv[1]) : 10;
    if (seeds < 1 || seeds > SEEDS_MAX) {
        fprintf(stderr, "usage: search_synthetic [SEEDS], 1 to %d\n", SEEDS_MAX);
        return 2;
    }
    printf("%-28s %-14s %7s %7s %10s %7s %9s %9s %8s\n", "problem", "algorithm", "within", "evals",
           "final gap", "evals", "samples", "rejected", "us/eval");
    for (size_t p = 0; p < sizeof problems / sizeof *problems; p++) {
        for (int seed = 1; seed <= seeds; seed++) {
            synthetic_make(&net, problems[p].shape, (uint64_t)seed);
            double loss = run(&net, "auto", (uint64_t)seed, 0, 0).limit;
            double optimum = synthetic_optimum(&net, loss);
            for (int a = 0; a < N; a++)
                outcomes[a][seed - 1] = run(&net, algorithms[a], (uint64_t)seed, loss, optimum);
        }
        for (int a = 0; a < N; a++)
            print(problems[p].name, algorithms[a], outcomes[a], seeds);
    }
    return 0;
}
