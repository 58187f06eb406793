/*
 * Variables of a SavedModel. Under which names they are in the checkpoint is said by the part of
 * the graph that restores them: RestoreV2 takes a list of names, and its results are assigned to
 * variables, in the graph itself (TensorFlow 1) or in a function that is called with them.
 */
#include "tf_saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHAIN = 16 };

/* The node that a name of the graph stands for, behind Identities; -1 if it is none. *index is
 * which of its results. */
static int64_t source_of(const tf_graph *g, wire_span name, uint64_t *index)
{
    for (int i = 0; i < MAX_CHAIN; i++) {
        wire_span node, output;
        tf_split_name(name, &node, &output, index);
        int64_t at = tf_graph_find(g, (const char *)node.data, node.size);
        if (at < 0 || strcmp(g->nodes[at].op, "Identity") != 0 || !g->nodes[at].n_src)
            return at;
        name = g->nodes[at].src[0];
    }
    return -1;
}

/* Texts of a constant, which are read once. */
typedef struct texts {
    wire_span *at;
    size_t n;
} texts;

static int32_t read_texts(tf_reader *r, const tf_node *node, texts *list)
{
    wire_span tensor = wire_bytes(tf_attr(node, "value"), 8), rest = tensor, text;
    size_t n = 0;
    while (wire_each(&rest, 8, &text))
        n++;
    list->at = import_alloc(&r->memory, n + 1, sizeof *list->at);
    if (!list->at)
        return tf_nomem(r);
    for (rest = tensor; wire_each(&rest, 8, &text);)
        list->at[list->n++] = text;
    return AMCT_OK;
}

/* The name that a result of RestoreV2 has in the checkpoint, empty if it is none. lists are of the
 * graph's nodes. */
static int32_t restored_key(tf_reader *r, const tf_graph *g, texts *lists, wire_span value,
                            wire_span *out)
{
    uint64_t index, ignored;
    int64_t restore = source_of(g, value, &index), names;
    *out = (wire_span){NULL, 0};
    if (restore < 0 || strcmp(g->nodes[restore].op, "RestoreV2") != 0 ||
        g->nodes[restore].n_src < 2)
        return AMCT_OK;
    names = source_of(g, g->nodes[restore].src[1], &ignored);
    if (names < 0 || strcmp(g->nodes[names].op, "Const") != 0)
        return AMCT_OK;
    if (!lists[names].at)
        TF_TRY(read_texts(r, &g->nodes[names], &lists[names]));
    if (index < lists[names].n)
        *out = lists[names].at[index];
    return AMCT_OK;
}

int32_t tf_restored_add(tf_reader *r, tf_saved *saved, wire_span variable, wire_span key)
{
    if (saved->n_restored == saved->cap_restored) {
        size_t cap = saved->cap_restored ? 2 * saved->cap_restored : 64;
        tf_restored *more = import_alloc(&r->memory, cap, sizeof *more);
        if (!more)
            return tf_nomem(r);
        if (saved->n_restored)
            memcpy(more, saved->restored, saved->n_restored * sizeof *more);
        saved->restored = more;
        saved->cap_restored = cap;
    }
    tf_restored *to = &saved->restored[saved->n_restored];
    TF_TRY(tf_copy(r, variable, &to->variable));
    TF_TRY(tf_copy(r, key, &to->key));
    saved->n_restored++;
    return AMCT_OK;
}

/* Every assignment of what is restored; call is that of the function g, NULL for the graph. */
static int32_t scan(tf_reader *r, tf_saved *saved, const tf_graph *g, const tf_node *call)
{
    texts *lists = import_alloc(&r->memory, (size_t)g->n_nodes + 1, sizeof *lists);
    if (!lists)
        return tf_nomem(r);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const tf_node *node = &g->nodes[i];
        wire_span key, name, output;
        uint64_t ignored;
        if (strcmp(node->op, "Assign") != 0 && strcmp(node->op, "AssignVariableOp") != 0)
            continue;
        if (node->n_src < 2)
            continue;
        TF_TRY(restored_key(r, g, lists, node->src[1], &key));
        if (!key.data)
            continue;
        tf_split_name(node->src[0], &name, &output, &ignored);
        int64_t arg = call ? tf_graph_arg(g, (const char *)name.data, name.size) : -1;
        if (arg >= 0 && arg < call->n_src)
            tf_split_name(call->src[arg], &name, &output, &ignored);
        TF_TRY(tf_restored_add(r, saved, name, key));
    }
    return AMCT_OK;
}

static int compare_restored(const void *a, const void *b)
{
    return strcmp(((const tf_restored *)a)->variable, ((const tf_restored *)b)->variable);
}

void tf_restored_sort(tf_saved *saved)
{
    if (saved->n_restored)
        qsort(saved->restored, saved->n_restored, sizeof *saved->restored, compare_restored);
}

int32_t tf_restored_find(tf_reader *r, tf_saved *saved, const char *restore_op)
{
    wire_span name = {(const uint8_t *)restore_op, strlen(restore_op)}, output;
    uint64_t ignored;
    const char *function = "";
    tf_graph *f = NULL;
    const tf_node *call = NULL;
    tf_split_name(name, &name, &output, &ignored);
    int64_t at = tf_graph_find(&saved->graph, (const char *)name.data, name.size);
    if (at >= 0) {
        call = &saved->graph.nodes[at];
        TF_TRY(tf_copy(r, wire_bytes(wire_bytes(tf_attr(call, "f"), 10), 1), &function));
        if (function[0])
            TF_TRY(tf_function_get(r, function, &f));
    }
    TF_TRY(scan(r, saved, &saved->graph, NULL));
    if (f)
        TF_TRY(scan(r, saved, f, call));
    tf_restored_sort(saved);
    return AMCT_OK;
}

/* ---- Values -------------------------------------------------------------------------------- */

static const char *key_of(const tf_saved *saved, const char *variable)
{
    const tf_restored wanted = {.variable = variable};
    const tf_restored *found = saved->n_restored
                                   ? bsearch(&wanted, saved->restored, saved->n_restored,
                                             sizeof *saved->restored, compare_restored)
                                   : NULL;
    return found ? found->key : variable; /* what they are called without a saver's word */
}

static int32_t fail_missing(tf_reader *r, const tf_saved *saved, const char *variable)
{
    enum { SHOWN = 10 };
    char text[1500];
    size_t n = 1, used;
    snprintf(text, sizeof text, "'%.100s'", variable);
    for (size_t i = 0; i < saved->n_restored; i++) {
        const tf_restored *other = &saved->restored[i];
        if (strcmp(other->variable, variable) == 0 || tf_bundle_find(&saved->bundle, other->key))
            continue;
        if (n++ >= SHOWN)
            continue;
        used = strlen(text);
        snprintf(text + used, sizeof text - used, ", '%.100s'", other->variable);
    }
    if (n > SHOWN) {
        used = strlen(text);
        snprintf(text + used, sizeof text - used, " and %zu more", n - SHOWN);
    }
    return tf_fail(r, AMCT_E_FORMAT, "variables that are not in variables/variables.index: %s",
                   text);
}

static int32_t open_bundle(tf_reader *r, tf_saved *saved)
{
    amct_view index = {.struct_size = sizeof index};
    char place[sizeof r->place];
    if (saved->opened)
        return AMCT_OK;
    saved->opened = true;
    tf_crc_init(&saved->crc);
    TF_TRY(r->sink->map(r->sink->ctx, "variables/variables.index", &index));
    memcpy(place, r->place, sizeof place);
    tf_at(r, "variables/variables.index");
    TF_TRY(tf_bundle_read(r, (wire_span){index.data, index.size}, &saved->bundle));
    memcpy(r->place, place, sizeof place);
    saved->shards = import_alloc(&r->memory, saved->bundle.n_shards, sizeof *saved->shards);
    return saved->shards ? AMCT_OK : tf_nomem(r);
}

int32_t tf_shard_open(tf_reader *r, tf_saved *saved, uint32_t i, amct_view *out)
{
    char name[100];
    amct_view *shard = &saved->shards[i];
    if (!shard->struct_size) {
        snprintf(name, sizeof name, "variables/variables.data-%05u-of-%05u", i,
                 saved->bundle.n_shards);
        shard->struct_size = sizeof *shard;
        TF_TRY(r->sink->map(r->sink->ctx, name, shard));
        r->n_mapped_bytes += shard->size;
    }
    *out = *shard;
    return AMCT_OK;
}

/* What the graph says of the variable's shape must be what the checkpoint has. */
static int32_t check_shape(tf_reader *r, const tf_saved *saved, const char *variable,
                           const tf_shape *found)
{
    int64_t at = tf_graph_find(&saved->graph, variable, strlen(variable));
    wire_span value = at < 0 ? (wire_span){NULL, 0} : tf_attr(&saved->graph.nodes[at], "shape");
    tf_shape said;
    bool known;
    char one[200], other[200];
    if (!value.data)
        return AMCT_OK;
    TF_TRY(tf_read_shape(r, wire_bytes(value, 7), &said, &known));
    bool fits = !known || said.rank == found->rank;
    for (uint32_t i = 0; known && fits && i < said.rank; i++)
        fits = said.dims[i] < 0 || said.dims[i] == found->dims[i];
    return fits ? AMCT_OK
                : tf_fail(r, AMCT_E_FORMAT, "is %s in the checkpoint, %s in the graph",
                          tf_shape_text(found, one, sizeof one),
                          tf_shape_text(&said, other, sizeof other));
}

int32_t tf_variable_get(tf_reader *r, const char *variable, const char *name, tf_value **out)
{
    tf_saved *saved = r->saved;
    tf_place place;
    amct_view shard;
    int64_t count;
    tf_value *v;
    if (!saved)
        return tf_fail(r, AMCT_E_FORMAT,
                       "the value of variable '%.200s' is not in the file: freeze the network, or "
                       "give the SavedModel that it is of",
                       variable);
    TF_TRY(open_bundle(r, saved));
    const tf_entry *entry = tf_bundle_find(&saved->bundle, key_of(saved, variable));
    if (!entry && !saved->asked) {
        saved->asked = true;
        TF_TRY(tf_objects_find(r, saved));
        entry = tf_bundle_find(&saved->bundle, key_of(saved, variable));
    }
    if (!entry)
        return fail_missing(r, saved, variable);
    tf_at(r, "variable '%.150s'", variable);
    TF_TRY(tf_bundle_place(r, &saved->bundle, entry, &place));
    TF_TRY(check_shape(r, saved, variable, &place.shape));
    TF_TRY(tf_value_new(r, name, tf_dtype(place.type), &place.shape, &v));
    TF_TRY(tf_count(r, &place.shape, &count));
    size_t width = tf_dtype_bits(v->dtype) / 8;
    if (!width || count < 0)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "its element type %s is not supported",
                       tf_dtype_name(place.type));
    if (place.size != (uint64_t)count * width)
        return tf_fail(r, AMCT_E_FORMAT, "has %llu bytes in the checkpoint, %llu wanted",
                       (unsigned long long)place.size, (unsigned long long)count * width);
    TF_TRY(tf_shard_open(r, saved, place.shard, &shard));
    if (place.offset > shard.size || place.size > shard.size - place.offset)
        return tf_fail(r, AMCT_E_FORMAT, "lies beyond the end of %s (%zu bytes)", shard.name,
                       shard.size);
    const wire_span bytes = {(const uint8_t *)shard.data + place.offset, (size_t)place.size};
    if (place.has_crc && tf_crc_masked(&saved->crc, bytes) != place.crc)
        return tf_fail(r, AMCT_E_FORMAT, "is damaged in %s: its checksum is not that of the index",
                       shard.name);
    v->kind = TF_CONSTANT;
    v->data = bytes.data;
    v->data_size = (size_t)place.size;
    *out = v;
    return AMCT_OK;
}
