/*
 * export_net.h - small networks of all kinds of layers that can be quantised, with random weights,
 * and what surrounds them. For the tests of src/export and the tool that makes files for other
 * runtimes. What goes wrong in building ends the program.
 */
#ifndef TESTS_EXPORT_NET_H
#define TESTS_EXPORT_NET_H

#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>

/* Ends a test that cannot even make its network. */
static inline void net_must(amct_status status, const amct_err *err)
{
    if (status == AMCT_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    abort();
}

typedef struct export_net {
    const char *name;
    amct_graph *(*build)(void); /* as an importer would hand it over: not prepared */
} export_net;

extern const export_net export_nets[];
extern const uint32_t n_export_nets;

/* The network of that name, prepared. */
amct_graph *export_net_prepared(const char *name);

/* ---- Building ------------------------------------------------------------------------------ */

amct_graph *net_new(void);
uint32_t net_input(amct_graph *g, const char *name, int32_t rank, const int64_t *dims);
/* A constant of random floats within +-limit. */
uint32_t net_random(amct_graph *g, const char *name, float limit, int32_t rank,
                    const int64_t *dims);
uint32_t net_ints(amct_graph *g, const char *name, int64_t n, const int64_t *values);
uint32_t net_scalar(amct_graph *g, const char *name, float value);
/* Appends a node over up to three sources, ended by AMCT_NO_TENSOR, and returns its result, which
 * is named like the node. */
uint32_t net_node(amct_graph *g, const char *op, const char *name, const uint32_t *src);
/* Attributes of the node that was added last. */
void net_int(amct_graph *g, const char *name, int64_t value);
void net_text(amct_graph *g, const char *name, const char *value);
void net_list(amct_graph *g, const char *name, size_t n, const int64_t *values);
/* An output of its own name. */
void net_output(amct_graph *g, uint32_t t, const char *name);

/* Weights and bias of their own; kernel k x k, padding k / 2. */
uint32_t net_conv(amct_graph *g, const char *name, uint32_t x, int64_t in, int64_t out, int64_t k,
                  int64_t stride, int64_t groups);

#endif
