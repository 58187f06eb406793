/*
 * lane_net.h - small networks, one for each way in which channels are tied together, and what is
 * needed to compare them with channels dropped. For the tests of src/compress. What goes wrong in
 * building ends the program.
 */
#ifndef TESTS_LANE_NET_H
#define TESTS_LANE_NET_H

#include "structure/groups.h"
#include "exec/plan.h"
#include "unit/export_net.h"

typedef struct lane_net {
    const char *name;
    amct_graph *(*build)(void);
    /* The groups that can lose channels, in order: "layer:lanes layer:lanes". */
    const char *groups;
} lane_net;

extern const lane_net lane_nets[];
extern const uint32_t n_lane_nets;

/* The network of that name, prepared. */
amct_graph *lane_net_prepared(const char *name);

/* All outputs of a graph on numbers that only depend on the place, one behind the other; *n is how
 * many there are. */
float *lane_net_run(const amct_graph *graph, amct_engine engine, size_t *n);

#endif
