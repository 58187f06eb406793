/*
 * tune.h - the whole search: from a configuration to a chosen, confirmed and written model.
 */
#ifndef AMCT_TUNE_TUNE_H
#define AMCT_TUNE_TUNE_H

#include "tune/setup.h"

/* Exit statuses of the program, as result.json has them. */
enum {
    AMCT_EXIT_MET = 0,
    AMCT_EXIT_INTERNAL = 1,
    AMCT_EXIT_USAGE = 2,
    AMCT_EXIT_MISSED = 3,
    AMCT_EXIT_NOT_FASTER = 4,
    AMCT_EXIT_STOPPED = 5,
    AMCT_EXIT_NOT_PROVEN = 6
};

/* A gain of latency that is worth a mention, as a ratio. It must also be more than the estimate of
 * a difference may be wrong (paired_ns): errors of what two networks have in common cancel. */
#define AMCT_FASTER_RATIO 0.01

/* What is known of the loss of a level. */
typedef enum amct_known {
    AMCT_KNOWN_NOT,      /* no candidate had it */
    AMCT_KNOWN_FORESEEN, /* no candidate had it, but other levels of its gene were measured alone */
    AMCT_KNOWN_TOGETHER, /* candidates had it along with other choices */
    AMCT_KNOWN_ALONE,
} amct_known;

typedef struct amct_tuned {
    amct_setup setup;
    amct_search *search; /* NULL: there was nothing to choose */
    bool other;          /* amct_tune_export: chosen by another budget */
    amct_search_progress progress;
    amct_search_end end;
    amct_loop_stats stats;
    amct_finals finals;
    /* What is written: the chosen finalist, or the original. */
    const amct_final *best; /* NULL: the original */
    amct_graph_cost best_cost;
    /* Half width of the 90 % band of what best_cost gains over the original. */
    double paired_ns;
    /* The finalists as they were measured (confirming.h); latency 0: they were not. */
    amct_graph_cost measured[AMCT_FINALISTS];
    bool measured_in_part; /* the user ended that */
    /* The fastest of these that keeps the budget, if the original was measured to be as fast: then
     * the original is what is written. NULL: it was not. */
    const amct_graph_cost *slower;
    amct_layer_cost *original_layers, *best_layers; /* per layer */
    /* Per gene, AMCT_GENE_LEVELS each: the whole network's latency with this gene at that level
     * beside the others' best; the mean loss of that level alone, NAN: not measured. */
    double *other_ns, *alone_loss;
    uint8_t *known; /* amct_known of the same levels */
    amct_verdict verdict;
    bool faster; /* by AMCT_FASTER_RATIO and paired_ns at least */
    int exit_status;
    double seconds; /* of this process, all in all */
} amct_tuned;

typedef struct amct_tune_hooks {
    /* One line about what happens now. */
    void (*stage)(void *ctx, const char *text);
    /* After each batch. */
    void (*progress)(void *ctx, const amct_search_progress *progress, const amct_loop_stats *stats);
    void *ctx;
    const volatile sig_atomic_t *stop; /* in shared memory (base/fork.h); may be NULL */
} amct_tune_hooks;

/* Runs or resumes the search. Bad input fails with nothing written. A budget that the confirm
 * samples cannot prove is refused beforehand with exit_status AMCT_EXIT_NOT_PROVEN. Whatever comes
 * out, *out must be freed; out->exit_status is what the program should end with. */
amct_status amct_tune(amct_tuned *out, const amct_config *config, const amct_tune_hooks *hooks,
                      amct_err *err);
/* Another point of a finished search, without searching: of what the study in config->output holds,
 * the best by another budget is refined, confirmed and written to `folder`. config is that of the
 * search (OUT/search.yaml). */
amct_status amct_tune_export(amct_tuned *out, const amct_config *config, double max_drop_ratio,
                             bool relative, const char *folder, const amct_tune_hooks *hooks,
                             amct_err *err);
/* What is written as it was measured, NULL if it was not. */
const amct_graph_cost *amct_tuned_measured(const amct_tuned *tuned);
void amct_tuned_free(amct_tuned *tuned);

#endif
