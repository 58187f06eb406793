/*
 * counted_host.h - the host table of one instance on trial: what host.h gives, and every call is
 * looked at.
 */
#ifndef AMCT_CONFORM_COUNTED_HOST_H
#define AMCT_CONFORM_COUNTED_HOST_H

#include "plugin/host.h"

#include <pthread.h>

typedef struct amct_counted_host {
    amct_host table;         /* what `open` is called with */
    unsigned char later[64]; /* fields of a younger host: table.struct_size may cover them */
    amct_plugin_host *inner;
    pthread_mutex_t lock; /* of what follows */
    uint64_t n_allocs;
    void (*inside)(void *ctx); /* called once, from the first allocation */
    void *inside_ctx;
    uint64_t fail_at; /* the allocation that fails, from 1 on; 0: none */
    bool failed_one;  /* it did */
    char misuse[256]; /* the first call that is against the contract; "" if there is none */
} amct_counted_host;

/* A table that does not move: host is initialised in place. */
amct_status amct_counted_host_init(amct_counted_host *host, const char *plugin_name, amct_err *err);
void amct_counted_host_done(amct_counted_host *host);

#endif
