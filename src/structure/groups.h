/*
 * groups.h - channel groups: the lanes (lanes.h) that lie in the same places, so that it is only a
 * question of how many of them are kept. One gene of the search decides over one group.
 */
#ifndef AMCT_STRUCTURE_GROUPS_H
#define AMCT_STRUCTURE_GROUPS_H

#include "structure/lanes.h"

/* A place of a group: (a part of) a dim of a constant. */
typedef struct amct_member {
    uint32_t operand; /* in lanes->operands */
    uint32_t width;   /* indices of that dim that belong to each lane */
    int64_t offset;   /* the first index that belongs to one */
} amct_member;

typedef struct amct_group {
    const char *name;      /* of the layer that makes its first channel; "": of none */
    const char *blocked;   /* why nothing can be dropped; NULL if something can */
    const uint32_t *lanes; /* ascending */
    uint32_t n_lanes;
    const amct_member *members;
    uint32_t n_members;
} amct_group;

typedef struct amct_groups {
    const amct_graph *graph;
    amct_lanes *lanes;
    amct_group *groups; /* by their first lane; those that are blocked, too */
    uint32_t n;
    const uint32_t *of_lane; /* per lane: its group */
    amct_arena *arena;
} amct_groups;

/* Of a prepared graph of known shapes, which must outlive the result; other as of amct_lanes_find.
 */
amct_status amct_groups_find(amct_groups **out, const amct_graph *graph, const amct_graph *other,
                             amct_err *err);
void amct_groups_free(amct_groups *groups); /* NULL is allowed */

/* The number of lanes that are kept must be a multiple of this, so that every layer makes and reads
 * a multiple of `multiple` channels of the group. At n_lanes or more, nothing can be dropped. */
uint32_t amct_group_step(const amct_groups *groups, const amct_group *group, uint32_t multiple);

/* Why none of a layer's own channels can be dropped; NULL if some can. */
const char *amct_groups_why(const amct_groups *groups, uint32_t node);

#endif
