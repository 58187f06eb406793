/*
 * reading.h - one import on trial: open, read, close, all of it counted, failing where it is told
 * to.
 */
#ifndef AMCT_CONFORM_READING_H
#define AMCT_CONFORM_READING_H

#include "conform/trial.h"

typedef struct amct_reading {
    /* How. */
    const void *data;
    size_t size;
    const char *folder; /* where further files may be read */
    const amct_option *options;
    size_t n_options;
    uint64_t fail_alloc_at;    /* allocation that fails, from 1 on; 0: none */
    uint64_t fail_sink_at;     /* call of the sink that fails, with AMCT_FAILED_SINK */
    bool younger;              /* the host's structs have fields that the plugin does not know */
    void (*inside)(void *ctx); /* called from the sink's first tensor */
    void *inside_ctx;

    /* What came of it. */
    const char *call;   /* "open" or "read", which came last */
    int32_t code;       /* that it returned */
    amct_status status; /* of the import */
    amct_err err;       /* if it failed */
    bool touched;       /* a failed `open` changed *self */
    bool alloc_failed;  /* fail_alloc_at was reached */
    uint64_t n_allocs;
    uint64_t n_sink_calls;
    const char *failed_call; /* of the sink, the one that failed; NULL: none did */
    uint32_t model_flags;    /* that the plugin told */
    bool bare;               /* a constant came without data, and the flags do not say so */
    uint64_t n_calls_after;  /* of the sink, after that */
    size_t n_blocks;         /* that the plugin still had at the end */
    char misuse[256];        /* of the host table, "" if all is well */
    uint32_t n_tensors;
    amct_hash digest; /* of the graph, if it was read */
} amct_reading;

#define AMCT_FAILED_SINK AMCT_E_LIMIT

/* Reads; the graph is looked at and freed. Failures of ours end the case. */
void amct_reading_do(amct_trial *trial, amct_reading *reading);

/* The model of the subject: its bytes, its folder, its options with `weights` among them. Skips the
 * case if there is none. */
void amct_reading_of_model(amct_trial *trial, amct_reading *out);
/* Reads it; the case is skipped if it cannot be read. */
void amct_reading_must(amct_trial *trial, amct_reading *reading);

/* A read-only copy that ends where memory ends: to read beyond it crashes. */
const void *amct_reading_guarded(amct_trial *trial, const void *data, size_t size);
void amct_reading_unguard(const void *copy, size_t size);

#endif
