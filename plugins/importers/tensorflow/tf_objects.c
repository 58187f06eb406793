/*
 * The other way from a variable to its name in the checkpoint, for files whose saver restores
 * copies: SavedObjectGraph{2 concrete_functions{1 key, 2 value}}; SavedConcreteFunction{2
 * bound_inputs} says which objects the last arguments of a function are; the checkpoint's own
 * TrackableObjectGraph {1 nodes{2 attributes{3 checkpoint_key}}} has the same objects under the
 * same numbers.
 */
#include "tf_saved.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_OBJECTS = 1 << 22 };

/* The checkpoint's object graph: a text, as a varint of its length, a checksum of that, itself. */
static int32_t read_objects(tf_reader *r, tf_saved *saved, wire_span *out)
{
    const tf_entry *entry = tf_bundle_find(&saved->bundle, "_CHECKPOINTABLE_OBJECT_GRAPH");
    enum { CHECKSUM = 4 };
    tf_place place;
    amct_view shard;
    uint64_t length;
    *out = (wire_span){NULL, 0};
    if (!entry)
        return AMCT_OK;
    TF_TRY(tf_bundle_place(r, &saved->bundle, entry, &place));
    TF_TRY(tf_shard_open(r, saved, place.shard, &shard));
    if (place.offset > shard.size || place.size > shard.size - place.offset)
        return tf_fail(r, AMCT_E_FORMAT, "lies beyond the end of %s (%zu bytes)", shard.name,
                       shard.size);
    wire_span text = {(const uint8_t *)shard.data + place.offset, (size_t)place.size};
    if (wire_varint(&text, &length) < 0 || text.size < CHECKSUM || length > text.size - CHECKSUM)
        return tf_fail(r, AMCT_E_FORMAT, "the checkpoint's object graph is damaged");
    *out = (wire_span){text.data + CHECKSUM, (size_t)length};
    return AMCT_OK;
}

/* The checkpoint's names of objects, by number; empty of those that are no variables. */
static int32_t read_keys(tf_reader *r, wire_span graph, wire_span **out, size_t *n)
{
    wire_span rest = graph, node;
    size_t count = 0;
    while (wire_each(&rest, 1, &node))
        count++;
    if (count > MAX_OBJECTS)
        return tf_fail(r, AMCT_E_LIMIT, "%zu objects are too many", count);
    wire_span *keys = import_alloc(&r->memory, count + 1, sizeof *keys);
    if (!keys)
        return tf_nomem(r);
    rest = graph;
    for (*n = 0; wire_each(&rest, 1, &node); (*n)++) {
        wire_span attribute;
        if (wire_each(&node, 2, &attribute))
            keys[*n] = wire_bytes(attribute, 3);
    }
    *out = keys;
    return AMCT_OK;
}

/* A SavedConcreteFunction, by its name. */
typedef struct concrete {
    const char *name;
    wire_span message;
} concrete;

static int compare_concretes(const void *a, const void *b)
{
    return strcmp(((const concrete *)a)->name, ((const concrete *)b)->name);
}

static int32_t read_concretes(tf_reader *r, wire_span objects, concrete **out, size_t *n)
{
    wire_span rest = objects, entry;
    size_t count = 0, i = 0;
    while (wire_each(&rest, 2, &entry))
        count++;
    concrete *all = import_alloc(&r->memory, count + 1, sizeof *all);
    if (!all)
        return tf_nomem(r);
    for (rest = objects; wire_each(&rest, 2, &entry); i++) {
        TF_TRY(tf_copy(r, wire_bytes(entry, 1), &all[i].name));
        all[i].message = wire_bytes(entry, 2);
    }
    qsort(all, count, sizeof *all, compare_concretes);
    *out = all;
    *n = count;
    return AMCT_OK;
}

/* Names the variables that a call of the graph hands over. */
static int32_t read_call(tf_reader *r, tf_saved *saved, const tf_node *call, wire_span bound,
                         const wire_span *keys, size_t n_keys)
{
    wire_span rest = bound, packed = {NULL, 0};
    int64_t object;
    uint32_t n = 0;
    while (wire_each_int(&rest, &packed, 2, &object))
        n++;
    if (n > call->n_src)
        return AMCT_OK;
    rest = bound;
    packed = (wire_span){NULL, 0};
    for (uint32_t i = call->n_src - n; wire_each_int(&rest, &packed, 2, &object); i++) {
        wire_span name, output;
        uint64_t ignored;
        if (object < 0 || (uint64_t)object >= n_keys || !keys[object].size)
            continue;
        tf_split_name(call->src[i], &name, &output, &ignored);
        TF_TRY(tf_restored_add(r, saved, name, keys[object]));
    }
    return AMCT_OK;
}

int32_t tf_objects_find(tf_reader *r, tf_saved *saved)
{
    wire_span graph, *keys = NULL;
    concrete *concretes = NULL;
    size_t n_keys = 0, n = 0;
    TF_TRY(read_objects(r, saved, &graph));
    TF_TRY(read_keys(r, graph, &keys, &n_keys));
    TF_TRY(read_concretes(r, saved->objects, &concretes, &n));
    for (uint32_t i = 0; n_keys && n && i < saved->graph.n_nodes; i++) {
        const tf_node *node = &saved->graph.nodes[i];
        wire_span function = wire_bytes(wire_bytes(tf_attr(node, "f"), 10), 1);
        concrete wanted;
        if (!function.size)
            continue;
        TF_TRY(tf_copy(r, function, &wanted.name));
        const concrete *found = bsearch(&wanted, concretes, n, sizeof wanted, compare_concretes);
        if (found)
            TF_TRY(read_call(r, saved, node, found->message, keys, n_keys));
    }
    tf_restored_sort(saved);
    return AMCT_OK;
}
