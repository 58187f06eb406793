/*
 * GraphProto: 1 node, 2 name, 3 parameter, 5 input, 6 output. NodeProto: 1 input, 2 output, 3 name,
 * 4 op_type, 5 attribute, 7 domain. ValueInfoProto: 1 name, 2 tensor.
 */
#include "ms_reader.h"

#include <stdlib.h>
#include <string.h>

int ms_compare_spans(wire_span a, wire_span b)
{
    size_t n = a.size < b.size ? a.size : b.size;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_names(const void *a, const void *b)
{
    return ms_compare_spans(((const ms_named *)a)->name, ((const ms_named *)b)->name);
}

const ms_named *ms_graph_find(const ms_graph *graph, wire_span name)
{
    const ms_named wanted = {.name = name};
    return graph->n_names
               ? bsearch(&wanted, graph->names, graph->n_names, sizeof wanted, compare_names)
               : NULL;
}

/* How often a message has each field up to 7; fails if it is damaged. */
static int32_t count_fields(ms_reader *r, wire_span message, uint32_t counts[8])
{
    wire_field f;
    int more;
    memset(counts, 0, 8 * sizeof *counts);
    while ((more = wire_next(&message, &f)) > 0)
        if (f.number < 8 && f.wire == WIRE_LENGTH)
            counts[f.number]++;
    return more < 0 ? ms_damaged(r, message.data) : AMCT_OK;
}

static int32_t read_node(ms_reader *r, wire_span message, ms_node *out)
{
    uint32_t counts[8];
    MS_TRY(count_fields(r, message, counts));
    *out = (ms_node){.message = message,
                     .name = wire_bytes(message, 2),
                     .op = wire_bytes(message, 4),
                     .label = wire_bytes(message, 7),
                     .n_src = counts[1]};
    if (!out->name.size || !out->op.size)
        return ms_fail(r, AMCT_E_FORMAT, "a node without a result or an operator");
    out->src = import_alloc(&r->memory, counts[1], sizeof *out->src);
    if (!out->src)
        return ms_nomem(r);
    for (uint32_t i = 0; i < counts[1]; i++)
        wire_each(&message, 1, &out->src[i]);
    return AMCT_OK;
}

static int32_t list_names(ms_reader *r, ms_graph *g)
{
    uint32_t n = 0;
    g->names = import_alloc(&r->memory, (size_t)g->n_nodes + g->n_inputs + g->n_parameters,
                            sizeof *g->names);
    if (!g->names)
        return ms_nomem(r);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        g->names[n++] = (ms_named){g->nodes[i].name, MS_NAMED_NODE, i};
    for (uint32_t i = 0; i < g->n_inputs; i++)
        g->names[n++] = (ms_named){wire_bytes(g->inputs[i], 1), MS_NAMED_INPUT, i};
    for (uint32_t i = 0; i < g->n_parameters; i++)
        g->names[n++] = (ms_named){wire_bytes(g->parameters[i], 7), MS_NAMED_PARAMETER, i};
    g->n_names = n;
    qsort(g->names, n, sizeof *g->names, compare_names);
    for (uint32_t i = 0; i < n; i++) {
        if (!g->names[i].name.size)
            return ms_fail(r, AMCT_E_FORMAT, "an input or a parameter without a name");
        if (i && compare_names(&g->names[i - 1], &g->names[i]) == 0)
            return ms_fail(r, AMCT_E_FORMAT, "the name '%.*s' is there twice",
                           MS_SHOWN(g->names[i].name));
    }
    return AMCT_OK;
}

int32_t ms_graph_read(ms_reader *r, wire_span message, ms_graph *out)
{
    uint32_t counts[8];
    wire_field f;
    MS_TRY(count_fields(r, message, counts));
    ms_graph g = {.name = wire_bytes(message, 2), .message = message};
    g.nodes = import_alloc(&r->memory, counts[1], sizeof *g.nodes);
    g.parameters = import_alloc(&r->memory, counts[3], sizeof *g.parameters);
    g.values = import_alloc(&r->memory, counts[3], sizeof *g.values);
    g.inputs = import_alloc(&r->memory, counts[5], sizeof *g.inputs);
    g.outputs = import_alloc(&r->memory, counts[6], sizeof *g.outputs);
    if (!g.nodes || !g.parameters || !g.values || !g.inputs || !g.outputs)
        return ms_nomem(r);
    ms_at(r, "graph '%.*s'", MS_SHOWN(g.name));
    while (wire_next(&message, &f) > 0) {
        if (f.wire != WIRE_LENGTH)
            continue;
        switch (f.number) {
        case 1:
            MS_TRY(read_node(r, f.bytes, &g.nodes[g.n_nodes]));
            g.n_nodes++;
            break;
        case 3: g.parameters[g.n_parameters++] = f.bytes; break;
        case 5: g.inputs[g.n_inputs++] = f.bytes; break;
        case 6: g.outputs[g.n_outputs++] = f.bytes; break;
        default: break;
        }
    }
    for (uint32_t i = 0; i < g.n_parameters; i++)
        if (!wire_valid(g.parameters[i]))
            return ms_damaged(r, g.parameters[i].data);
    for (uint32_t i = 0; i < g.n_inputs; i++)
        if (!wire_valid(g.inputs[i]))
            return ms_damaged(r, g.inputs[i].data);
    MS_TRY(list_names(r, &g));
    ms_at(r, "%s", "");
    *out = g;
    return AMCT_OK;
}
