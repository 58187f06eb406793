/*
 * tf_saved.h - a SavedModel being read: its graph, and where its variables are.
 */
#ifndef TF_SAVED_H
#define TF_SAVED_H

#include "tf_bundle.h"
#include "tf_crc.h"

/* Under which name a variable of the graph is in the checkpoint. */
typedef struct tf_restored {
    const char *variable, *key;
} tf_restored;

typedef struct tf_saved {
    tf_graph graph;
    tf_restored *restored; /* sorted by variable */
    size_t n_restored, cap_restored;
    wire_span objects; /* SavedObjectGraph */
    tf_bundle bundle;
    bool opened;       /* the bundle has been read */
    bool asked;        /* tf_objects_find has been */
    amct_view *shards; /* struct_size 0: not mapped yet */
    tf_crc crc;        /* ready as soon as the bundle is */
} tf_saved;

/* Finds out which names variables have, from the part of the graph that would restore them.
 * restore_op is what SaverDef names. */
int32_t tf_restored_find(tf_reader *r, tf_saved *saved, const char *restore_op);
/* The same from the objects that the graph's functions are bound to. */
int32_t tf_objects_find(tf_reader *r, tf_saved *saved);
int32_t tf_restored_add(tf_reader *r, tf_saved *saved, wire_span variable, wire_span key);
void tf_restored_sort(tf_saved *saved);
/* File i of the checkpoint's data. */
int32_t tf_shard_open(tf_reader *r, tf_saved *saved, uint32_t i, amct_view *out);

#endif
