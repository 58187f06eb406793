/*
 * sparsity - what channels dropped and layers factorised cost in accuracy, without a search.
 *
 *     sparsity CALIBRATION.yaml N [SCORED.yaml] [--what channels|spatial|channel-form]
 *              [--macs 25,37,49] [--choice energy] [--multiple 4] [--ridge 0]
 *
 * Files and N as of bench/ptq. Rows: uniform (the same part everywhere) by L1 and by --choice,
 * least squares, then rebuilt sequentially; and by need: what each level of each group or layer
 * alone adds in KL divergence, on every fourth calibration sample with weights fitted to the
 * others.
 */
#include "base/fork.h"
#include "bench/allocation.h"
#include "bench/scoring.h"
#include "structure/fixed_rank.h"
#include "structure/refit.h"
#include "structure/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TARGETS = 8 };
static const size_t LIMIT_BYTES = (size_t)4 << 30;

typedef struct sparsity {
    scoring s;
    amct_calibration *calibration;
    const amct_gram **grams, **fitted; /* of all samples, of three in four */
    uint32_t *held;                    /* the others */
    uint32_t n_held;
    allocation_what what;
    amct_structure_options options;
    double targets[MOST_TARGETS];
    uint32_t n_targets;
} sparsity;

static double graph_macs(const amct_layer *layers, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (double)layers[i].macs;
    return sum;
}

/* ---- Forms ------------------------------------------------------------------------------------
 */

static amct_status print_restored(sparsity *p, const char *text, const amct_structured *c,
                                  const amct_lanes *lanes, amct_err *err)
{
    amct_selection first;
    amct_feed feed = scoring_feed(&p->s, &first);
    amct_restore_options options = {0, LIMIT_BYTES};
    amct_graph *restored;
    amct_exec *exec;
    double start = scoring_now();
    AMCT_TRY(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err));
    AMCT_TRY(amct_restore(&restored, c->graph, p->s.model.graph, lanes, c->keep, exec, &feed,
                          &options, err));
    amct_exec_free(exec);
    printf("%5.1f s  ", scoring_now() - start);
    AMCT_TRY(scoring_print(&p->s, text, restored, err));
    amct_graph_free(restored);
    return AMCT_OK;
}

static amct_status print_genome(sparsity *p, amct_structure *structure,
                                const amct_structure_genome *genome, const char *what,
                                bool sequential, amct_err *err)
{
    char text[128];
    amct_structured c;
    double start = scoring_now();
    AMCT_TRY(amct_structure_build(&c, structure, genome, err));
    double all = graph_macs(p->s.model.layers, p->s.model.n_layers),
           now = graph_macs(c.layers, c.n_layers);
    printf("%5.1f s  ", scoring_now() - start);
    snprintf(text, sizeof text, "%+.1f %% MACs, %s", 100 * (now / all - 1), what);
    AMCT_TRY(scoring_print(&p->s, text, c.graph, err));
    snprintf(text, sizeof text, "%+.1f %% MACs, %s, sequential", 100 * (now / all - 1), what);
    if (sequential)
        AMCT_TRY(print_restored(p, text, &c, amct_structure_lanes(structure), err));
    amct_structured_free(&c);
    return AMCT_OK;
}

static amct_status print_form(sparsity *p, allocation *a, amct_structure *structure,
                              const char *what, bool sequential, amct_err *err)
{
    amct_structure_genome genome = allocation_genome(a);
    return print_genome(p, structure, &genome, what, sequential, err);
}

/* ---- Needs ------------------------------------------------------------------------------------
 */

typedef struct needs {
    sparsity *p;
    allocation *a;
    amct_structure *structure;
    float *original; /* rows of the samples that were held back */
    double *need;    /* shared, MOST_LEVELS per gene */
} needs;

enum { MOST_LEVELS = 64 };

/* The levels of a gene alone; of many, some. */
static amct_status measure_gene(void *ctx, uint32_t worker, uint32_t g, amct_err *err)
{
    needs *n = ctx;
    allocation *a = n->a;
    amct_selection held = {n->p->s.data, n->p->held, n->p->n_held};
    amct_feed feed = amct_selection_feed(&held);
    amct_exec *exec;
    float *rows = malloc((n->p->n_held + (size_t)64) * n->p->s.outputs.row * sizeof *rows);
    (void)worker;
    AMCT_TRY(rows ? AMCT_OK : amct_fail_nomem(err));
    AMCT_TRY(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err));
    memset(a->level, 0, a->n_genes * sizeof *a->level);
    for (uint32_t l = 1; l < a->genes[g].n_levels && l < MOST_LEVELS; l++) {
        amct_structured c;
        a->level[g] = l;
        amct_structure_genome genome = allocation_genome(a);
        AMCT_TRY(amct_structure_build(&c, n->structure, &genome, err));
        AMCT_TRY(scoring_run(rows, &n->p->s, exec, c.graph, &feed, err));
        n->need[g * MOST_LEVELS + l] = scoring_kl(&n->p->s, n->original, rows, n->p->n_held);
        amct_structured_free(&c);
    }
    amct_exec_free(exec);
    free(rows);
    return AMCT_OK;
}

static amct_status measure_needs(sparsity *p, allocation *a, amct_err *err)
{
    needs n = {.p = p, .a = a};
    amct_selection held = {p->s.data, p->held, p->n_held};
    amct_feed feed = amct_selection_feed(&held);
    amct_exec *exec;
    n.need = amct_shared_alloc((size_t)a->n_genes * MOST_LEVELS * sizeof *n.need + 1);
    n.original = malloc((p->n_held + (size_t)64) * p->s.outputs.row * sizeof *n.original);
    AMCT_TRY(n.need && n.original ? AMCT_OK : amct_fail_nomem(err));
    AMCT_TRY(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err));
    AMCT_TRY(scoring_run(n.original, &p->s, exec, p->s.model.graph, &feed, err));
    amct_exec_free(exec);
    AMCT_TRY(amct_structure_new(&n.structure, a->graph, a->layers, a->n_layers, p->fitted,
                                p->s.n_calibration, &p->options, err));
    AMCT_TRY(amct_parallel(p->s.jobs, a->n_genes, measure_gene, &n, err));
    for (uint32_t g = 0; g < a->n_genes; g++)
        for (uint32_t l = 0; l < a->genes[g].n_levels; l++)
            a->genes[g].need[l] = l < MOST_LEVELS ? n.need[g * MOST_LEVELS + l] : 1e9;
    amct_structure_free(n.structure);
    free(n.original);
    return AMCT_OK;
}

static void print_levels(const allocation *a)
{
    for (uint32_t i = 0; i < a->n_genes; i++) {
        const gene *g = &a->genes[i];
        printf("    %-40s %u of %u: need %.4f\n", g->name, g->n_levels - 1 - a->level[i],
               g->n_levels - 1, g->need[a->level[i]]);
    }
}

/* ---- The whole --------------------------------------------------------------------------------
 */

static amct_status uniform(sparsity *p, amct_choice choice, bool sequential, amct_err *err)
{
    const amct_model *m = &p->s.model;
    amct_structure *s; /* the system takes it back */
    amct_structure_options options = p->options;
    char what[64];
    options.choice = choice;
    AMCT_TRY(amct_structure_new(&s, m->graph, m->layers, m->n_layers, p->grams, p->s.n_calibration,
                                &options, err));
    allocation a = {.structure = s,
                    .graph = m->graph,
                    .layers = m->layers,
                    .n_layers = m->n_layers,
                    .grams = p->grams};
    AMCT_TRY(allocation_make(&a, p->what, err));
    snprintf(what, sizeof what, "uniform, %s",
             p->what == WHAT_CHANNELS ? amct_choice_name(choice) : "ranks");
    for (uint32_t t = 0; t < p->n_targets; t++) {
        allocation_uniform(&a, graph_macs(m->layers, m->n_layers) * (1 - p->targets[t] / 100));
        AMCT_TRY(print_form(p, &a, s, what, sequential, err));
    }
    return AMCT_OK;
}

/* AMCT's ranks in our factors. */
static amct_status fixed_ranks(sparsity *p, amct_err *err)
{
    const amct_model *m = &p->s.model;
    amct_structure *s;
    AMCT_TRY(amct_structure_new(&s, m->graph, m->layers, m->n_layers, p->grams, p->s.n_calibration,
                                &p->options, err));
    amct_rank *ranks = calloc(m->n_layers + (size_t)1, sizeof *ranks);
    AMCT_TRY(ranks ? AMCT_OK : amct_fail_nomem(err));
    for (uint32_t l = 0; l < m->n_layers; l++)
        if (p->grams[l] && !amct_structure_layer(s, l).why)
            AMCT_TRY(amct_fixed_rank(&ranks[l], &p->grams[l]->columns,
                                     m->graph->tensors[m->layers[l].weights].data, err));
    amct_structure_genome genome = {NULL, ranks};
    return print_genome(p, s, &genome, "amct-fixed-rank", true, err);
}

static amct_status by_need(sparsity *p, amct_err *err)
{
    const amct_model *m = &p->s.model;
    amct_structure *s;
    AMCT_TRY(amct_structure_new(&s, m->graph, m->layers, m->n_layers, p->grams, p->s.n_calibration,
                                &p->options, err));
    allocation a = {.structure = s,
                    .graph = m->graph,
                    .layers = m->layers,
                    .n_layers = m->n_layers,
                    .grams = p->grams};
    AMCT_TRY(allocation_make(&a, p->what, err));
    double start = scoring_now();
    AMCT_TRY(measure_needs(p, &a, err));
    printf("%5.1f s  for needs of %u genes\n", scoring_now() - start, a.n_genes);
    for (uint32_t t = 0; t < p->n_targets; t++) {
        allocation_by_need(&a, graph_macs(m->layers, m->n_layers) * (1 - p->targets[t] / 100));
        if (getenv("AMCT_BENCH_LEVELS"))
            print_levels(&a);
        AMCT_TRY(print_form(p, &a, s, "by need", true, err));
    }
    return AMCT_OK;
}

static amct_status collect(sparsity *p, const amct_gram ***grams, const uint32_t *indices,
                           uint32_t n, amct_err *err)
{
    const amct_model *m = &p->s.model;
    amct_moments *moments; /* the system takes them back */
    bool *wanted = malloc(m->n_layers + (size_t)1);
    *grams = calloc(m->n_layers + (size_t)1, sizeof **grams);
    if (!wanted || !*grams)
        return amct_fail_nomem(err);
    memset(wanted, true, m->n_layers + (size_t)1);
    amct_selection part = {p->s.data, indices, n};
    amct_feed feed = amct_selection_feed(&part);
    AMCT_TRY(amct_moments_collect(&moments, m->graph, m->layers, m->n_layers, wanted,
                                  p->calibration, &feed, p->s.jobs, err));
    for (uint32_t i = 0; i < m->n_layers; i++)
        (*grams)[i] = amct_moments_of(moments, i);
    free(wanted);
    return AMCT_OK;
}

static amct_status run(sparsity *p, const char *calibration, uint32_t n, const char *scored,
                       amct_err *err)
{
    AMCT_TRY(scoring_open(&p->s, calibration, n, scored, err));
    const amct_model *m = &p->s.model;
    amct_selection first;
    amct_feed feed = scoring_feed(&p->s, &first);
    uint32_t *fitted = malloc((n + (size_t)1) * sizeof *fitted), n_fitted = 0;
    p->held = malloc((n + (size_t)1) * sizeof *p->held);
    AMCT_TRY(fitted && p->held ? AMCT_OK : amct_fail_nomem(err));
    for (uint32_t i = 0; i < n; i++)
        if (i % 4 == 3)
            p->held[p->n_held++] = i;
        else
            fitted[n_fitted++] = i;
    if (p->options.ridge <= 0)
        p->options.ridge = amct_refit_ridge(n);
    AMCT_TRY(scoring_print(&p->s, "original", m->graph, err));
    double start = scoring_now();
    AMCT_TRY(amct_calibrate(&p->calibration, m->graph, m->layers, m->n_layers, &feed,
                            &p->s.config->range, p->s.jobs, err));
    AMCT_TRY(collect(p, &p->grams, NULL, n, err));
    AMCT_TRY(collect(p, &p->fitted, fitted, n_fitted, err));
    printf("%5.1f s  for moments, twice\n", scoring_now() - start);
    if (p->what == WHAT_CHANNELS)
        AMCT_TRY(uniform(p, AMCT_CHOOSE_L1, false, err));
    AMCT_TRY(uniform(p, p->options.choice, true, err));
    if (p->what == WHAT_SPATIAL)
        AMCT_TRY(fixed_ranks(p, err));
    return by_need(p, err);
}

static bool read_option(sparsity *p, const char *name, const char *value)
{
    static const char *const whats[] = {"channels", "spatial", "channel-form"};
    if (strcmp(name, "--multiple") == 0)
        return (p->options.multiple = (uint32_t)atoi(value)) > 0;
    if (strcmp(name, "--ridge") == 0)
        return (p->options.ridge = atof(value)) >= 0;
    for (int c = 0; strcmp(name, "--choice") == 0 && c < AMCT_N_CHOICES; c++)
        if (strcmp(value, amct_choice_name((amct_choice)c)) == 0)
            return p->options.choice = (amct_choice)c, true;
    for (int w = 0; strcmp(name, "--what") == 0 && w < 3; w++)
        if (strcmp(value, whats[w]) == 0)
            return p->what = (allocation_what)w, true;
    if (strcmp(name, "--macs") != 0)
        return false;
    char *end = NULL;
    p->n_targets = 0;
    for (const char *at = value; p->n_targets < MOST_TARGETS; at = end + 1) {
        p->targets[p->n_targets++] = strtod(at, &end);
        if (end == at || !*end)
            break;
    }
    return end && !*end;
}

int main(int argc, char **argv)
{
    sparsity p = {.options = {.multiple = 4, .limit_bytes = LIMIT_BYTES},
                  .targets = {25, 37, 49},
                  .n_targets = 3};
    amct_err err = {0};
    bool good = true;
    while (argc > 4 && strncmp(argv[argc - 2], "--", 2) == 0) {
        good &= read_option(&p, argv[argc - 2], argv[argc - 1]);
        argc -= 2;
    }
    if (!good || argc < 3 || argc > 4) {
        fprintf(stderr, "usage: sparsity CALIBRATION.yaml N [SCORED.yaml] [--what WHAT] "
                        "[--macs LIST] [--choice NAME] [--multiple M] [--ridge R]\n");
        return 2;
    }
    amct_status status =
        run(&p, argv[1], (uint32_t)strtoul(argv[2], NULL, 10), argc == 4 ? argv[3] : NULL, &err);
    if (status != AMCT_OK) /* the system takes back what it held */
        fprintf(stderr, "sparsity: %s\n", err.text);
    return status == AMCT_OK ? 0 : 1;
}
