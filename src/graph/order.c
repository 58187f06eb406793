/* Topological order, validity, removal of what nobody needs, unique names. */
#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *node_label(const amct_node *node, uint32_t index, char *text, size_t size)
{
    if (node->name[0])
        snprintf(text, size, "node %u '%s' (%s)", index, node->name, node->op);
    else
        snprintf(text, size, "node %u (%s)", index, node->op);
    return text;
}

/* producer[t] = node that makes tensor t. */
static amct_status find_producers(uint32_t *producer, const amct_graph *graph, amct_err *err)
{
    char text[256];
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        producer[t] = AMCT_NO_TENSOR;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->n_src; i++)
            if (node->src[i] != AMCT_NO_TENSOR && node->src[i] >= graph->n_tensors)
                return amct_fail(err, AMCT_E_PLUGIN, "%s: input %u is no tensor",
                                 node_label(node, n, text, sizeof text), i);
        for (uint32_t i = 0; i < node->n_dst; i++) {
            uint32_t t = node->dst[i];
            if (t == AMCT_NO_TENSOR)
                continue;
            if (t >= graph->n_tensors)
                return amct_fail(err, AMCT_E_PLUGIN, "%s: output %u is no tensor",
                                 node_label(node, n, text, sizeof text), i);
            const amct_tensor *tensor = &graph->tensors[t];
            if (producer[t] != AMCT_NO_TENSOR || tensor->input || tensor->data)
                return amct_fail(err, AMCT_E_FORMAT, "%s: tensor '%s' is already %s",
                                 node_label(node, n, text, sizeof text), tensor->name,
                                 tensor->input  ? "an input"
                                 : tensor->data ? "a constant"
                                                : "made by another node");
            producer[t] = n;
        }
    }
    return AMCT_OK;
}

/* A node that waits for itself, for the message: follow unplaced producers until one repeats. */
static amct_status describe_cycle(const amct_graph *graph, const uint32_t *producer,
                                  const uint32_t *waits, amct_err *err)
{
    char text[256];
    uint32_t n = 0;
    while (!waits[n])
        n++;
    for (uint32_t step = 0; step <= graph->n_nodes; step++) {
        const amct_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->n_src; i++) {
            uint32_t p = node->src[i] == AMCT_NO_TENSOR ? AMCT_NO_TENSOR : producer[node->src[i]];
            if (p != AMCT_NO_TENSOR && waits[p]) {
                n = p;
                break;
            }
        }
    }
    return amct_fail(err, AMCT_E_FORMAT, "%s depends on its own result (a cycle)",
                     node_label(&graph->nodes[n], n, text, sizeof text));
}

/* Kahn's algorithm with a heap of ready nodes, so that the given order is kept where it is free. */
typedef struct heap {
    uint32_t *at;
    uint32_t n;
} heap;

static void heap_push(heap *h, uint32_t value)
{
    uint32_t i = h->n++;
    for (; i && h->at[(i - 1) / 2] > value; i = (i - 1) / 2)
        h->at[i] = h->at[(i - 1) / 2];
    h->at[i] = value;
}

static uint32_t heap_pop(heap *h)
{
    uint32_t top = h->at[0], last = h->at[--h->n], i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= h->n)
            break;
        if (child + 1 < h->n && h->at[child + 1] < h->at[child])
            child++;
        if (h->at[child] >= last)
            break;
        h->at[i] = h->at[child];
        i = child;
    }
    h->at[i] = last;
    return top;
}

static amct_status order_nodes(amct_graph *graph, const uint32_t *producer, const amct_links *links,
                               uint32_t *waits, heap *ready, amct_node *sorted, amct_err *err)
{
    char text[256];
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        waits[n] = 0;
        for (uint32_t i = 0; i < node->n_src; i++) {
            uint32_t t = node->src[i];
            if (t == AMCT_NO_TENSOR)
                continue;
            if (producer[t] != AMCT_NO_TENSOR)
                waits[n]++;
            else if (!graph->tensors[t].input && !graph->tensors[t].data)
                return amct_fail(
                    err, AMCT_E_FORMAT,
                    "%s: input '%s' is neither an input, a constant nor made by a node",
                    node_label(node, n, text, sizeof text), graph->tensors[t].name);
        }
        if (!waits[n])
            heap_push(ready, n);
    }
    uint32_t placed = 0;
    while (ready->n) {
        uint32_t n = heap_pop(ready);
        const amct_node *node = &graph->nodes[n];
        sorted[placed++] = *node;
        for (uint32_t i = 0; i < node->n_dst; i++) {
            uint32_t t = node->dst[i];
            if (t == AMCT_NO_TENSOR)
                continue;
            for (uint32_t u = links->use_begin[t]; u < links->use_begin[t + 1]; u++)
                if (--waits[links->users[u]] == 0)
                    heap_push(ready, links->users[u]);
        }
    }
    if (placed < graph->n_nodes)
        return describe_cycle(graph, producer, waits, err);
    if (placed)
        memcpy(graph->nodes, sorted, placed * sizeof *sorted);
    return AMCT_OK;
}

amct_status amct_graph_sort(amct_graph *graph, amct_err *err)
{
    size_t n = graph->n_nodes + 1, t = graph->n_tensors + 1;
    uint32_t *producer = calloc(t, sizeof *producer), *waits = calloc(n, sizeof *waits);
    heap ready = {calloc(n, sizeof *ready.at), 0};
    amct_node *sorted = calloc(n, sizeof *sorted);
    amct_links links = {0};
    amct_status status = AMCT_OK;
    if (!producer || !waits || !ready.at || !sorted)
        status = amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = find_producers(producer, graph, err);
    if (status == AMCT_OK)
        status = amct_links_make(&links, graph, err);
    if (status == AMCT_OK)
        status = order_nodes(graph, producer, &links, waits, &ready, sorted, err);
    amct_links_free(&links);
    free(producer);
    free(waits);
    free(ready.at);
    free(sorted);
    return status;
}

amct_status amct_graph_validate(const amct_graph *graph, amct_err *err)
{
    char text[256];
    bool *made = calloc(graph->n_tensors + 1, sizeof *made);
    uint32_t *producer = calloc(graph->n_tensors + 1, sizeof *producer);
    amct_status status = made && producer ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = find_producers(producer, graph, err);
    for (uint32_t t = 0; status == AMCT_OK && t < graph->n_tensors; t++)
        made[t] = graph->tensors[t].input || graph->tensors[t].data;
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        for (uint32_t i = 0; status == AMCT_OK && i < node->n_src; i++)
            if (node->src[i] != AMCT_NO_TENSOR && !made[node->src[i]])
                status = amct_fail(err, AMCT_E_FORMAT, "%s: input '%s' is not made before it",
                                   node_label(node, n, text, sizeof text),
                                   graph->tensors[node->src[i]].name);
        for (uint32_t i = 0; i < node->n_dst; i++)
            if (node->dst[i] != AMCT_NO_TENSOR)
                made[node->dst[i]] = true;
    }
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_outputs; i++)
        if (!made[graph->outputs[i]])
            status = amct_fail(err, AMCT_E_FORMAT, "nothing makes the output '%s'",
                               graph->tensors[graph->outputs[i]].name);
    if (status == AMCT_OK && !graph->n_outputs)
        status = amct_fail(err, AMCT_E_FORMAT, "the network has no outputs");
    free(made);
    free(producer);
    return status;
}

amct_status amct_graph_prune(amct_graph *graph, amct_err *err)
{
    bool *needed = calloc(graph->n_tensors + 1, sizeof *needed);
    if (!needed)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        needed[graph->outputs[i]] = true;
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        needed[graph->inputs[i]] = true;
    uint32_t first_kept = graph->n_nodes;
    for (uint32_t n = graph->n_nodes; n-- > 0;) { /* kept nodes gather at the end */
        amct_node node = graph->nodes[n];
        bool keep = false;
        for (uint32_t i = 0; i < node.n_dst; i++)
            keep |= node.dst[i] != AMCT_NO_TENSOR && needed[node.dst[i]];
        if (!keep)
            continue;
        for (uint32_t i = 0; i < node.n_src; i++)
            if (node.src[i] != AMCT_NO_TENSOR)
                needed[node.src[i]] = true;
        for (uint32_t i = 0; i < node.n_attrs; i++)
            if (node.attrs[i].type == AMCT_ATTR_TENSOR)
                needed[node.attrs[i].i] = true;
        graph->nodes[--first_kept] = node;
    }
    uint32_t kept = graph->n_nodes - first_kept;
    if (kept)
        memmove(graph->nodes, graph->nodes + first_kept, kept * sizeof *graph->nodes);
    graph->n_nodes = kept;
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        amct_tensor *tensor = &graph->tensors[t];
        if (needed[t])
            continue;
        if (tensor->block) {
            free(tensor->block->data);
            tensor->block->data = NULL;
        }
        tensor->block = NULL;
        tensor->data = NULL;
        tensor->bytes = 0;
    }
    free(needed);
    return AMCT_OK;
}

/* Open-addressed set of strings. */
typedef struct name_set {
    const char **slots;
    size_t mask;
    uint32_t next; /* number to try where the first choice is taken; never tried twice, so that
                      names made to collide cannot make this slow */
} name_set;

static bool name_add(name_set *set, const char *name)
{
    size_t at = amct_hash_string((amct_hash){0}, name).lo & set->mask;
    for (; set->slots[at]; at = (at + 1) & set->mask)
        if (strcmp(set->slots[at], name) == 0)
            return false;
    set->slots[at] = name;
    return true;
}

static amct_status unique_name(amct_graph *graph, name_set *set, const char **name,
                               const char *fallback, uint32_t index, amct_err *err)
{
    if ((*name)[0] && name_add(set, *name))
        return AMCT_OK;
    const char *stem = (*name)[0] ? *name : fallback;
    for (uint32_t k = index;; k = set->next++) {
        char *fresh = amct_arena_printf(graph->arena, "%s_%u", stem, k);
        if (!fresh)
            return amct_fail_nomem(err);
        if (name_add(set, fresh)) {
            *name = fresh;
            return AMCT_OK;
        }
    }
}

static amct_status unique_names(amct_graph *graph, const bool *is_output, name_set *nodes,
                                name_set *tensors, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        AMCT_TRY(
            unique_name(graph, tensors, &graph->tensors[graph->inputs[i]].name, "input", i, err));
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        if (!graph->tensors[graph->outputs[i]].input)
            name_add(tensors, graph->tensors[graph->outputs[i]].name);
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        amct_node *node = &graph->nodes[n];
        AMCT_TRY(unique_name(graph, nodes, &node->name, node->op, n, err));
        for (uint32_t i = 0; i < node->n_dst; i++) {
            if (node->dst[i] == AMCT_NO_TENSOR)
                continue;
            if (!is_output[node->dst[i]])
                AMCT_TRY(unique_name(graph, tensors, &graph->tensors[node->dst[i]].name, node->name,
                                     n, err));
        }
    }
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        if (graph->tensors[t].data && !graph->tensors[t].input)
            AMCT_TRY(unique_name(graph, tensors, &graph->tensors[t].name, "constant", t, err));
    return AMCT_OK;
}

amct_status amct_graph_name_uniquely(amct_graph *graph, amct_err *err)
{
    size_t slots = 64;
    while (slots < 4 * ((size_t)graph->n_nodes + graph->n_tensors))
        slots *= 2;
    uint32_t next = graph->n_nodes + graph->n_tensors;
    name_set nodes = {calloc(slots, sizeof(char *)), slots - 1, next};
    name_set tensors = {calloc(slots, sizeof(char *)), slots - 1, next};
    bool *is_output = calloc((size_t)graph->n_tensors + 1, sizeof *is_output);
    amct_status status = AMCT_E_NOMEM;
    if (nodes.slots && tensors.slots && is_output) {
        for (uint32_t i = 0; i < graph->n_outputs; i++)
            is_output[graph->outputs[i]] = true;
        status = unique_names(graph, is_output, &nodes, &tensors, err);
    } else {
        amct_fail_nomem(err);
    }
    free(is_output);
    free(nodes.slots);
    free(tensors.slots);
    return status;
}
