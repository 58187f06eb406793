/*
 * GraphDef: 1 node, 2 library, 4 versions; NodeDef: 1 name, 2 op, 3 input, 5 attr{1 key, 2 value};
 * FunctionDefLibrary: 1 function; FunctionDef: 1 signature, 3 node_def, 4 ret{1 key, 2 value};
 * OpDef: 1 name, 2 input_arg, 3 output_arg; ArgDef: 1 name.
 */
#define _GNU_SOURCE /* qsort_r */
#include "tf_reader.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 1 << 22 };

static size_t count_fields(wire_span message, uint32_t number)
{
    wire_span bytes;
    size_t n = 0;
    while (wire_each(&message, number, &bytes))
        n++;
    return n;
}

/* Inputs of a node, but not "^name", which only says what must run before. */
static int32_t read_inputs(tf_reader *r, tf_node *node)
{
    wire_span rest = node->message, name;
    node->src = import_alloc(&r->memory, count_fields(rest, 3) + 1, sizeof *node->src);
    if (!node->src)
        return tf_nomem(r);
    while (wire_each(&rest, 3, &name))
        if (name.size == 0 || name.data[0] != '^')
            node->src[node->n_src++] = name;
    return AMCT_OK;
}

/* Of a name that does not end with a zero byte. */
static int compare_name(const char *other, const char *name, size_t length)
{
    int way = strncmp(other, name, length);
    return way == 0 && other[length] ? 1 : way;
}

static int compare_args(const void *a, const void *b, void *args)
{
    const char *const *names = args;
    return strcmp(names[*(const uint32_t *)a], names[*(const uint32_t *)b]);
}

static int compare_nodes(const void *a, const void *b, void *nodes)
{
    const tf_node *x = (const tf_node *)nodes + *(const uint32_t *)a;
    const tf_node *y = (const tf_node *)nodes + *(const uint32_t *)b;
    return strcmp(x->name, y->name);
}

static int32_t sort_nodes(tf_reader *r, tf_graph *g)
{
    g->by_name = import_alloc(&r->memory, g->n_nodes + 1, sizeof *g->by_name);
    if (!g->by_name)
        return tf_nomem(r);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        g->by_name[i] = i;
    qsort_r(g->by_name, g->n_nodes, sizeof *g->by_name, compare_nodes, g->nodes);
    for (uint32_t i = 1; i < g->n_nodes; i++)
        if (strcmp(g->nodes[g->by_name[i - 1]].name, g->nodes[g->by_name[i]].name) == 0)
            return tf_fail(r, AMCT_E_FORMAT, "two nodes have the name '%.200s'",
                           g->nodes[g->by_name[i]].name);
    return AMCT_OK;
}

int32_t tf_graph_read(tf_reader *r, wire_span message, uint32_t number, tf_graph *out)
{
    size_t n = count_fields(message, number);
    wire_span rest = message, bytes;
    if (!wire_valid(message))
        return tf_fail(r, AMCT_E_FORMAT, "the file is cut short or damaged");
    if (n > MAX_NODES)
        return tf_fail(r, AMCT_E_LIMIT, "%zu nodes are too many", n);
    out->nodes = import_alloc(&r->memory, n + 1, sizeof *out->nodes);
    if (!out->nodes)
        return tf_nomem(r);
    while (wire_each(&rest, number, &bytes)) {
        tf_node *node = &out->nodes[out->n_nodes];
        node->message = bytes;
        if (!wire_valid(bytes))
            return tf_fail(r, AMCT_E_FORMAT, "node %u is damaged", out->n_nodes);
        TF_TRY(tf_copy(r, wire_bytes(bytes, 1), &node->name));
        TF_TRY(tf_copy(r, wire_bytes(bytes, 2), &node->op));
        if (!node->name[0] || !node->op[0])
            return tf_fail(r, AMCT_E_FORMAT, "node %u has no %s", out->n_nodes,
                           node->name[0] ? "operator" : "name");
        TF_TRY(read_inputs(r, node));
        if (strstr(node->op, "Conv") && tf_attr_is(node, "data_format", "NCHW", ""))
            r->channels_first = true;
        out->n_nodes++;
    }
    return sort_nodes(r, out);
}

int64_t tf_graph_find(const tf_graph *graph, const char *name, size_t length)
{
    uint32_t low = 0, high = graph->n_nodes;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *other = graph->nodes[graph->by_name[middle]].name;
        int way = compare_name(other, name, length);
        if (way == 0)
            return graph->by_name[middle];
        if (way < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int64_t tf_graph_arg(const tf_graph *graph, const char *name, size_t length)
{
    uint32_t low = 0, high = graph->n_args;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int way = compare_name(graph->args[graph->args_by_name[middle]], name, length);
        if (way == 0)
            return graph->args_by_name[middle];
        if (way < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* ---- Functions ----------------------------------------------------------------------------- */

static int compare_functions(const void *a, const void *b)
{
    return strcmp(((const tf_graph *)a)->name, ((const tf_graph *)b)->name);
}

int32_t tf_functions_list(tf_reader *r, wire_span library)
{
    wire_span rest = library, bytes;
    size_t n = count_fields(library, 1);
    if (!wire_valid(library) || n > MAX_NODES)
        return tf_fail(r, AMCT_E_FORMAT, "the library of functions is damaged");
    r->functions = import_alloc(&r->memory, n + 1, sizeof *r->functions);
    r->n_functions = 0;
    if (!r->functions)
        return tf_nomem(r);
    while (wire_each(&rest, 1, &bytes)) {
        tf_graph *f = &r->functions[r->n_functions++];
        f->message = bytes;
        TF_TRY(tf_copy(r, wire_bytes(wire_bytes(bytes, 1), 1), &f->name));
    }
    qsort(r->functions, r->n_functions, sizeof *r->functions, compare_functions);
    for (uint32_t i = 1; i < r->n_functions; i++)
        if (strcmp(r->functions[i - 1].name, r->functions[i].name) == 0)
            return tf_fail(r, AMCT_E_FORMAT, "two functions have the name '%.200s'",
                           r->functions[i].name);
    return AMCT_OK;
}

/* Names of arguments: field 2 of the signature are inputs, 3 outputs. */
static int32_t read_names(tf_reader *r, wire_span signature, uint32_t number, const char ***out,
                          uint32_t *n)
{
    size_t count = count_fields(signature, number);
    wire_span arg;
    const char **names = import_alloc(&r->memory, count + 1, sizeof *names);
    if (!names)
        return tf_nomem(r);
    for (*n = 0; wire_each(&signature, number, &arg); (*n)++)
        TF_TRY(tf_copy(r, wire_bytes(arg, 1), &names[*n]));
    *out = names;
    return AMCT_OK;
}

typedef struct pair {
    const char *key, *value;
} pair;

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const pair *)a)->key, ((const pair *)b)->key);
}

/* What each output is in the body. */
static int32_t read_results(tf_reader *r, tf_graph *f)
{
    size_t n = count_fields(f->message, 4), i = 0;
    wire_span rest = f->message, entry;
    pair *pairs = import_alloc(&r->memory, n + 1, sizeof *pairs);
    if (!pairs)
        return tf_nomem(r);
    for (; wire_each(&rest, 4, &entry); i++) {
        TF_TRY(tf_copy(r, wire_bytes(entry, 1), &pairs[i].key));
        TF_TRY(tf_copy(r, wire_bytes(entry, 2), &pairs[i].value));
    }
    qsort(pairs, n, sizeof *pairs, compare_pairs);
    for (uint32_t k = 0; k < f->n_results; k++) {
        const pair wanted = {.key = f->results[k]};
        const pair *found = bsearch(&wanted, pairs, n, sizeof *pairs, compare_pairs);
        if (!found || !found->value[0])
            return tf_fail(r, AMCT_E_FORMAT, "its output '%.200s' is not made", f->results[k]);
        f->results[k] = found->value;
    }
    return AMCT_OK;
}

static int32_t read_function(tf_reader *r, tf_graph *f)
{
    wire_span signature = wire_bytes(f->message, 1);
    f->read = true;
    TF_TRY(tf_graph_read(r, f->message, 3, f));
    TF_TRY(read_names(r, signature, 2, &f->args, &f->n_args));
    TF_TRY(read_names(r, signature, 3, &f->results, &f->n_results));
    f->args_by_name = import_alloc(&r->memory, (size_t)f->n_args + 1, sizeof *f->args_by_name);
    if (!f->args_by_name)
        return tf_nomem(r);
    for (uint32_t i = 0; i < f->n_args; i++)
        f->args_by_name[i] = i;
    qsort_r(f->args_by_name, f->n_args, sizeof *f->args_by_name, compare_args, f->args);
    return read_results(r, f);
}

int32_t tf_function_get(tf_reader *r, const char *name, tf_graph **out)
{
    const tf_graph wanted = {.name = name};
    tf_graph *f = r->n_functions ? bsearch(&wanted, r->functions, r->n_functions,
                                           sizeof *r->functions, compare_functions)
                                 : NULL;
    if (!f)
        return tf_fail(r, AMCT_E_FORMAT, "calls the function '%.200s', which is not in the file",
                       name);
    if (!f->read)
        TF_TRY(read_function(r, f));
    *out = f;
    return AMCT_OK;
}

/* ---- Attributes ---------------------------------------------------------------------------- */

wire_span tf_attr(const tf_node *node, const char *name)
{
    wire_span rest = node->message, entry;
    while (wire_each(&rest, 5, &entry))
        if (wire_is(wire_bytes(entry, 1), name))
            return wire_bytes(entry, 2);
    return (wire_span){NULL, 0};
}

int64_t tf_attr_int(const tf_node *node, const char *name, int64_t otherwise)
{
    return wire_int(tf_attr(node, name), 3, otherwise);
}

bool tf_attr_bool(const tf_node *node, const char *name, bool otherwise)
{
    return wire_int(tf_attr(node, name), 5, otherwise) != 0;
}

uint32_t tf_attr_type(const tf_node *node, const char *name, uint32_t otherwise)
{
    int64_t type = wire_int(tf_attr(node, name), 6, -1);
    return type < 0 ? otherwise : tf_dtype(type);
}

float tf_attr_float(const tf_node *node, const char *name, float otherwise)
{
    wire_field field;
    float f;
    if (!wire_find(tf_attr(node, name), 4, WIRE_FIXED32, &field))
        return otherwise;
    memcpy(&f, field.bytes.data, sizeof f);
    return f;
}

bool tf_attr_is(const tf_node *node, const char *name, const char *text, const char *otherwise)
{
    wire_span value = wire_bytes(tf_attr(node, name), 2);
    return value.size ? wire_is(value, text) : strcmp(otherwise, text) == 0;
}

int32_t tf_attr_ints(tf_reader *r, const tf_node *node, const char *name, int64_t *out,
                     uint32_t max, uint32_t *n)
{
    wire_span list = wire_bytes(tf_attr(node, name), 1), packed = {NULL, 0};
    int64_t value;
    for (*n = 0; wire_each_int(&list, &packed, 3, &value); out[(*n)++] = value)
        if (*n == max)
            return tf_fail(r, AMCT_E_FORMAT, "%s has more than %u numbers", name, max);
    return AMCT_OK;
}
