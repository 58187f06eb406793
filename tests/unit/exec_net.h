/*
 * exec_net.h - small networks of random numbers, run by every engine and compared with the plain C
 * reference. A network is made from a seed, so that a failure can be told in one line and run alone
 * again: AMCT_EXEC_SEED=N with the test's name.
 */
#ifndef TESTS_EXEC_NET_H
#define TESTS_EXEC_NET_H

#include "base/pcg.h"
#include "exec/plan.h"
#include "graph/graph.h"

#include <criterion/criterion.h>

enum { EXEC_MAX_ATTRS = 8, EXEC_MAX_ENDS = 70 };

typedef struct exec_net {
    amct_graph *graph;
    amct_pcg rng;
    uint64_t seed;
    amct_attr attrs[EXEC_MAX_ATTRS]; /* of the next node */
    uint32_t n_attrs;
    amct_err err;
} exec_net;

#define DIMS(...)                                                                                  \
    amct_shape_of((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                   \
                  (const int64_t[]){__VA_ARGS__})
#define SCALAR ((amct_shape){0})
#define IDS(...)                                                                                   \
    sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (const uint32_t[])                       \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define NUMBERS(...)                                                                               \
    sizeof((double[]){__VA_ARGS__}) / sizeof(double), (const double[])                             \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

void net_begin(exec_net *n, uint64_t seed);
void net_end(exec_net *n);

int64_t net_between(exec_net *n, int64_t least, int64_t greatest);
double net_real(exec_net *n, double least, double greatest);
static inline bool net_chance(exec_net *n, uint32_t one_in)
{
    return amct_pcg_below(&n->rng, one_in) == 0;
}

uint32_t net_input(exec_net *n, uint32_t dtype, amct_shape shape);
/* Constants: random within [least, greatest] (whole numbers for integer types), or given. */
uint32_t net_random(exec_net *n, uint32_t dtype, amct_shape shape, double least, double greatest);
uint32_t net_constant(exec_net *n, uint32_t dtype, amct_shape shape, size_t count,
                      const double *numbers);
/* int64 vectors and float scalars. */
uint32_t net_ints(exec_net *n, size_t count, const double *numbers);
uint32_t net_float(exec_net *n, double number);

/* Attributes of the node that is added next. */
void net_int(exec_net *n, const char *name, int64_t value);
void net_real_attr(exec_net *n, const char *name, double value);
void net_text(exec_net *n, const char *name, const char *value);
void net_list(exec_net *n, const char *name, int32_t count, const int64_t *values);
/* Appends a node, with its attributes; returns its (first) result. Sources of AMCT_NO_TENSOR are
 * left out. */
uint32_t net_node(exec_net *n, const char *op, size_t n_src, const uint32_t *src);
uint32_t net_nodes(exec_net *n, const char *op, size_t n_src, const uint32_t *src, uint32_t n_dst);
void net_output(exec_net *n, uint32_t tensor);

/* AscendQuant; Dequant with `count` random scales around 1 / range. */
uint32_t net_quant(exec_net *n, uint32_t src, double scale, double offset);
uint32_t net_dequant(exec_net *n, uint32_t sums, int64_t count, double range, bool relu);

/* Infers everything so far. */
const amct_shape *net_shape(exec_net *n, uint32_t tensor);
uint32_t net_dtype(exec_net *n, uint32_t tensor);

/* The values of all outputs, in the graph's arena. */
typedef struct net_result {
    uint32_t dtype;
    amct_shape shape;
    const void *data;
} net_result;
/* Fills the inputs of a plan with the network's own random numbers (variant: others). */
void net_fill(const exec_net *n, amct_plan *plan, uint64_t variant);
void net_read(const exec_net *n, const amct_plan *plan, net_result *results);
/* Runs a fresh plan. */
void net_run(exec_net *n, amct_engine engine, const amct_plan_options *options,
             net_result *results);
/* All outputs on all engines, inputs in both layouts: |a - b| <= limit * (|b| + largest |b|), the
 * largest taken as at least 0.25; of integers none may be further away than steps. */
void net_check(exec_net *n, double limit, int64_t steps);
/* Compares two sets of results in that way; `what` is for the message. */
void net_compare(const exec_net *n, const net_result *found, const net_result *wanted, double limit,
                 int64_t steps, const char *what);

/* How step i of the plan for the network runs on that engine: "reference" ... */
bool net_runs_by(exec_net *n, amct_engine engine, const char *how);
uint32_t net_steps(exec_net *n, amct_engine engine);

/* Runs one for seeds 1 .. count, or those of AMCT_EXEC_SEED: N, or N-M. */
void net_seeds(uint32_t count, void (*one)(exec_net *n));

#endif
