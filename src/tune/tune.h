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

typedef struct amct_tuned {
    amct_setup setup;
    amct_search *search; /* NULL: there was nothing to choose */
    amct_search_progress progress;
    amct_search_end end;
    amct_loop_stats stats;
    amct_finals finals;
    /* What is written: the chosen finalist, or the original. */
    const amct_final *best; /* NULL: the original */
    amct_graph_cost best_cost;
    amct_layer_cost *original_layers, *best_layers; /* per layer */
    double *other_ns; /* per gene: the whole network's latency with this gene's other level */
    double *alone_loss; /* per gene: the mean loss of its level 1 alone, NAN: not measured */
    amct_verdict verdict;
    bool faster;
    int exit_status;
    double seconds; /* of this process, all in all */
} amct_tuned;

typedef struct amct_tune_hooks {
    /* One line about what happens now. */
    void (*stage)(void *ctx, const char *text);
    /* After each batch. */
    void (*progress)(void *ctx, const amct_search_progress *progress, const amct_loop_stats *stats);
    void *ctx;
    const volatile sig_atomic_t *stop;
} amct_tune_hooks;

/* Runs or resumes the search. Bad input fails with nothing written. A budget that the confirm
 * samples cannot prove is refused beforehand with exit_status AMCT_EXIT_NOT_PROVEN. Whatever comes
 * out, *out must be freed; out->exit_status is what the program should end with. */
amct_status amct_tune(amct_tuned *out, const amct_config *config, const amct_tune_hooks *hooks,
                      amct_err *err);
void amct_tuned_free(amct_tuned *tuned);

/* Predicts what a search would take, after measuring a few samples; writes nothing. */
typedef struct amct_forecast {
    uint32_t genes;
    uint32_t evaluations;
    double seconds;
    uint64_t memory_bytes, disk_bytes;
    double original_ns, fastest_ns; /* all genes at their fastest */
    double fixed_ratio;             /* of the latency that nothing can change */
} amct_forecast;
amct_status amct_forecast_make(amct_forecast *out, amct_setup *setup, amct_err *err);

#endif
