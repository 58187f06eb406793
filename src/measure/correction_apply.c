#include "measure/correction.h"

#include <math.h>
#include <string.h>

static const struct amct_corrected *find_name(const amct_correction *c, const char *name,
                                              size_t length)
{
    uint32_t low = 0, high = c->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *at = c->nodes[middle].name;
        int order = strncmp(at, name, length);
        if (order == 0 && at[length])
            order = 1;
        if (order == 0)
            return &c->nodes[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The layer that a node comes from: of its own name, or "LAYER.first" and the like. What changes
 * between formats is of no layer. */
static const struct amct_corrected *layer_of(const amct_correction *c, const amct_node *node)
{
    size_t length = strlen(node->name);
    const struct amct_corrected *found = find_name(c, node->name, length);
    while (!found && length && strncmp(node->op, "Ascend", 6) != 0) {
        while (length && node->name[length - 1] != '.')
            length--;
        if (length)
            found = find_name(c, node->name, --length);
    }
    return found;
}

void amct_correction_apply(amct_latency *latency, const amct_graph *graph, const amct_correction *c)
{
    amct_graph_cost *total = &latency->total;
    double sum = 0, unsure = 0, spread = 0, band = total->error_band_ratio;
    double reach = band * total->latency_ns;
    for (uint32_t i = 0; i < latency->n_nodes; i++) {
        amct_node_cost *cost = &latency->costs[i];
        if (cost->status != AMCT_NODE_OK)
            continue;
        const struct amct_corrected *layer = layer_of(c, &graph->nodes[i]);
        double factor = (layer ? layer->factor : c->others) * c->found.scale;
        double changed = fabs(cost->latency_ns - (layer ? layer->ns : 0));
        double ratio = cost->latency_ns > 0 ? cost->spread_ns / cost->latency_ns : 0;
        spread += cost->spread_ns;
        cost->latency_ns *= factor;
        cost->spread_ns *= factor;
        sum += cost->latency_ns;
        unsure += fmin(changed * factor, cost->latency_ns) * ratio;
    }
    /* What the nodes do not explain of the whole band is of what is fixed (amct_latency_split). */
    unsure += c->fixed_unsure * fmax(0, reach - spread) * c->found.scale;
    total->fixed_ns = (c->fixed_ns >= 0 ? c->fixed_ns : total->fixed_ns) * c->found.scale;
    total->latency_ns = sum + total->fixed_ns;
    if (total->latency_ns > 0)
        total->error_band_ratio = fmin(band, c->noise + unsure / total->latency_ns);
}
