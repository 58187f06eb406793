/*
 * estimate.h - instances of an estimator on trial, and their answers.
 */
#ifndef AMCT_CONFORM_ESTIMATE_H
#define AMCT_CONFORM_ESTIMATE_H

#include "conform/counted_host.h"
#include "conform/sample_graphs.h"

typedef struct amct_instance {
    amct_counted_host host;
    amct_option *options;
    void *self; /* NULL if it could not be opened */
    int32_t code;
    amct_status status;
    amct_err err;
    bool touched; /* a failed `open` changed *self */
    bool strict;  /* misuse of the host fails the case */
    amct_estimator_info info;
} amct_instance;

/* Opens in place with the subject's options, and one more, or NULL. */
void amct_instance_open(amct_trial *trial, amct_instance *e, const char *key, const char *value);
/* The same with the subject's options alone and an allocation that fails, counted from 1. */
void amct_instance_open_failing(amct_trial *trial, amct_instance *e, uint64_t fail_at);
/* It must succeed. */
void amct_instance_must(amct_trial *trial, amct_instance *e, const char *key, const char *value);
/* Closes it, if it was opened. Fails the case if blocks of the host are left. */
void amct_instance_close(amct_trial *trial, amct_instance *e);

typedef struct amct_estimate {
    int32_t code;
    amct_status status;
    amct_err err;
    uint32_t n;
    amct_node_cost *costs; /* per node */
    amct_graph_cost total;
    bool beyond; /* bytes beyond the structs were changed */
} amct_estimate;

/* Asks, and checks the answer. The costs are `more` bytes longer than ours. */
void amct_estimate_do(amct_trial *trial, amct_estimate *out, amct_instance *e,
                      const amct_graph_view *view, uint32_t more);
/* The answer must be right. */
void amct_estimate_must(amct_trial *trial, amct_estimate *out, amct_instance *e,
                        const amct_sample *sample);
bool amct_estimate_equal(const amct_estimate *a, const amct_estimate *b);
void amct_estimate_free(amct_estimate *estimate);

#endif
