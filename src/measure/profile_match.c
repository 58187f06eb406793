#define _GNU_SOURCE /* qsort_r */
#include "measure/profile_match.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b, void *ctx)
{
    const amct_node *nodes = ((const amct_graph *)ctx)->nodes;
    return strcmp(nodes[*(const uint32_t *)a].name, nodes[*(const uint32_t *)b].name);
}

amct_status amct_names_make(amct_names *out, const amct_graph *graph, amct_err *err)
{
    amct_names names = {.graph = graph};
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        size_t length = strlen(graph->nodes[n].name);
        names.longest = length > names.longest ? length : names.longest;
    }
    names.sorted = malloc((graph->n_nodes + (size_t)1) * sizeof *names.sorted);
    names.lengths = calloc(names.longest + 1, sizeof *names.lengths);
    if (!names.sorted || !names.lengths) {
        amct_names_free(&names);
        return amct_fail_nomem(err);
    }
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        names.sorted[n] = n;
        names.lengths[strlen(graph->nodes[n].name)] = true;
    }
    qsort_r(names.sorted, graph->n_nodes, sizeof *names.sorted, by_name, (void *)(uintptr_t)graph);
    *out = names;
    return AMCT_OK;
}

void amct_names_free(amct_names *names)
{
    free(names->sorted);
    free(names->lengths);
    *names = (amct_names){0};
}

/* The node of exactly that name, AMCT_NO_TENSOR if there is none. */
static uint32_t find(const amct_names *names, const char *text, size_t length)
{
    uint32_t low = 0, high = names->graph->n_nodes;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, n = names->sorted[middle];
        const char *name = names->graph->nodes[n].name;
        int order = strncmp(name, text, length);
        if (order == 0 && name[length])
            order = 1;
        if (order == 0)
            return n;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return AMCT_NO_TENSOR;
}

/* "Conv_1" is not in "Conv_12". */
static bool cuts_number(const char *text, size_t length)
{
    return length && isdigit((unsigned char)text[length - 1]) &&
           isdigit((unsigned char)text[length]);
}

uint32_t amct_names_in(uint32_t *nodes, uint32_t most, const amct_names *names, const char *text)
{
    size_t all = strlen(text), covered = 0;
    uint32_t n = 0;
    bool begins = false;
    for (size_t at = 0; at < all && n < most;) {
        size_t length = all - at < names->longest ? all - at : names->longest;
        uint32_t node = AMCT_NO_TENSOR;
        for (; length > 0; length--)
            if (names->lengths[length] && !cuts_number(text + at, length) &&
                (node = find(names, text + at, length)) != AMCT_NO_TENSOR)
                break;
        if (node == AMCT_NO_TENSOR) {
            at++;
            continue;
        }
        nodes[n++] = node;
        begins |= at == 0;
        covered += length;
        at += length;
    }
    return begins || 2 * covered >= all ? n : 0;
}

uint32_t amct_names_of(uint32_t *nodes, uint32_t most, const amct_names *names,
                       const amct_profile_op *op)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < op->n_originals && n < most; i++) {
        uint32_t node = find(names, op->originals[i], strlen(op->originals[i]));
        if (node != AMCT_NO_TENSOR)
            nodes[n++] = node;
    }
    return n ? n : amct_names_in(nodes, most, names, op->name);
}
