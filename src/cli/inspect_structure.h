/*
 * inspect_structure.h - what `inspect` tells of channels and ranks.
 */
#ifndef AMCT_CLI_INSPECT_STRUCTURE_H
#define AMCT_CLI_INSPECT_STRUCTURE_H

#include "report/json.h"
#include "structure/structure.h"

typedef struct amct_shapes {
    const amct_structure *structure; /* an outline will do */
    const amct_layer *layers;
    uint32_t n_layers;
    const uint32_t *layer_of; /* per node; UINT32_MAX: none */
} amct_shapes;

/* The group of channels that layer i makes, one that has a choice if there is one; -1: none. */
int64_t amct_shapes_group(const amct_shapes *shapes, uint32_t i);
/* Why none of these can be dropped; NULL: some can. */
const char *amct_shapes_why(const amct_shapes *shapes, uint32_t i);
/* "32 channel, 48 spatial": the largest ranks that can be chosen; "-" if none can. */
const char *amct_shapes_ranks(char text[64], const amct_shapes *shapes, uint32_t i);

/* The keys group and ranks of a layer. */
void amct_shapes_add_layer(amct_json *json, cJSON *at, const amct_shapes *shapes, uint32_t i);
/* The list of all groups. */
void amct_shapes_add_groups(amct_json *json, cJSON *list, const amct_shapes *shapes);
/* The same on stdout, and why layers have no ranks. */
void amct_shapes_print(const amct_shapes *shapes);

#endif
