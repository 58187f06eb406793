#include "graph/graph.h"

#include <stdlib.h>

void amct_links_free(amct_links *links)
{
    free(links->producer);
    free(links->n_uses);
    free(links->use_begin);
    free(links->users);
    *links = (amct_links){0};
}

amct_status amct_links_make(amct_links *out, const amct_graph *graph, amct_err *err)
{
    size_t n = graph->n_tensors, n_sources = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        n_sources += graph->nodes[i].n_src;
    amct_links links = {calloc(n + 1, 4), calloc(n + 1, 4), calloc(n + 2, 4),
                        calloc(n_sources + 1, 4)};
    if (!links.producer || !links.n_uses || !links.use_begin || !links.users) {
        amct_links_free(&links);
        return amct_fail_nomem(err);
    }
    for (size_t t = 0; t < n; t++)
        links.producer[t] = AMCT_NO_TENSOR;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const amct_node *node = &graph->nodes[i];
        for (uint32_t k = 0; k < node->n_dst; k++)
            if (node->dst[k] != AMCT_NO_TENSOR)
                links.producer[node->dst[k]] = i;
        for (uint32_t k = 0; k < node->n_src; k++)
            if (node->src[k] != AMCT_NO_TENSOR)
                links.n_uses[node->src[k]]++, links.use_begin[node->src[k] + 2]++;
    }
    /* use_begin[t + 1] is the place of t's next user while they are filled in, then its end */
    for (size_t t = 2; t <= n + 1; t++)
        links.use_begin[t] += links.use_begin[t - 1];
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_src; k++)
            if (graph->nodes[i].src[k] != AMCT_NO_TENSOR)
                links.users[links.use_begin[graph->nodes[i].src[k] + 1]++] = i;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        links.n_uses[graph->outputs[i]]++;
    *out = links;
    return AMCT_OK;
}

uint32_t amct_links_only_user(const amct_links *links, uint32_t t)
{
    uint32_t begin = links->use_begin[t], end = links->use_begin[t + 1];
    return links->n_uses[t] == 1 && end == begin + 1 ? links->users[begin] : AMCT_NO_TENSOR;
}
