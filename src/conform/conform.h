/*
 * conform.h - does a plugin keep the contract of amct/plugin.h? One case for each rule that can be
 * tried, each in a process of its own: a plugin that crashes, hangs or ends the process fails that
 * case and no other. Not while other threads run.
 */
#ifndef AMCT_CONFORM_CONFORM_H
#define AMCT_CONFORM_CONFORM_H

#include "graph/graph.h"

enum amct_conform_verdict {
    AMCT_CONFORM_OK,
    AMCT_CONFORM_FAIL, /* a rule is broken */
    AMCT_CONFORM_WARN, /* allowed, but hardly meant */
    AMCT_CONFORM_SKIP  /* could not be tried */
};

/* What is tried with what. All is borrowed. */
typedef struct amct_conform_subject {
    const char *plugin;         /* its file */
    const char *model;          /* importers: a file that it reads; NULL: there is none */
    const char *weights;        /* importers: the model's weights, or NULL */
    const amct_graph *graph;    /* estimators: a network besides our own; NULL: none */
    const amct_option *options; /* for every `open` that is to succeed */
    size_t n_options;
    uint32_t limit_ms; /* of one case */
} amct_conform_subject;

typedef struct amct_conform_result {
    const char *name;  /* "unknown-option" */
    const char *rule;  /* what is wanted */
    uint32_t verdict;  /* amct_conform_verdict */
    const char *found; /* what the plugin did, or why the case was skipped; "" if all is well */
} amct_conform_result;

typedef struct amct_conform_counts {
    uint32_t ok, failed, warned, skipped;
} amct_conform_counts;

/* Who the plugin says it is. */
typedef struct amct_conform_identity {
    uint32_t kind; /* amct_plugin_kind; 0: it cannot be loaded */
    char name[65], version[65];
} amct_conform_identity;

typedef void amct_conform_each(void *ctx, const amct_conform_result *result);

/* Loads the plugin, in a process of its own; whether it can be is a result. AMCT_E_IO if there is
 * no such file. */
amct_status amct_conform_load(amct_conform_identity *out, const amct_conform_subject *subject,
                              amct_conform_each *each, void *ctx, amct_conform_counts *counts,
                              amct_err *err);
/* Tries all other cases of its kind, in a fixed order, and adds to counts. Fails only if no process
 * can be started. */
amct_status amct_conform_run(const amct_conform_identity *identity,
                             const amct_conform_subject *subject, amct_conform_each *each,
                             void *ctx, amct_conform_counts *counts, amct_err *err);

#endif
