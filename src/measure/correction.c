#include "measure/correction.h"

#include "measure/kernel_groups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fits(const void *ctx, const char *name)
{
    uint32_t nodes[AMCT_MOST_FUSED];
    return amct_names_in(nodes, AMCT_MOST_FUSED, ctx, name) > 0;
}

static int by_node_name(const void *a, const void *b)
{
    return strcmp(((const struct amct_corrected *)a)->name,
                  ((const struct amct_corrected *)b)->name);
}

static amct_status add_node(amct_correction *c, const char *name, double factor, double ns,
                            amct_err *err)
{
    c->nodes[c->n] = (struct amct_corrected){amct_arena_string(c->arena, name), factor, ns};
    return c->nodes[c->n++].name ? AMCT_OK : amct_fail_nomem(err);
}

/* ---- Profile ----------------------------------------------------------------------------------
 */

/* The factor of all that is told, and what is fixed. */
static void sum_up(amct_correction *c, const amct_kernel_groups *g, bool whole)
{
    double measured = 0, estimated = 0, lost = 0;
    for (uint32_t i = 0; i < g->graph->n_nodes; i++) {
        bool told = g->root[i] == i && g->measured[i] > 0;
        if (told && g->estimated[i] > 0) {
            measured += g->measured[i];
            estimated += g->estimated[i];
        } else if (told) { /* of nodes that are said to cost nothing */
            lost += g->measured[i];
        }
    }
    c->others = estimated > 0 ? measured / estimated : 1;
    c->fixed_ns = fmax(g->estimate->total.fixed_ns, g->other_ns + lost);
    if (!whole && c->fixed_ns > 0)
        c->fixed_unsure = 1 - (g->other_ns + lost) / c->fixed_ns;
}

/* With the latency as a whole, what the profile leaves out is known, too. */
static amct_status take_factors(amct_correction *c, const amct_kernel_groups *g, bool whole,
                                amct_err *err)
{
    double all = 0, told = 0;
    sum_up(c, g, whole);
    for (uint32_t i = 0; i < g->graph->n_nodes; i++) {
        const amct_node_cost *cost = &g->estimate->costs[i];
        uint32_t root = amct_kernel_groups_root(g, i);
        bool known = amct_kernel_groups_told(g, i);
        if (cost->status != AMCT_NODE_OK)
            continue;
        c->found.n_kernels++;
        c->found.n_told += known;
        all += cost->latency_ns;
        told += known ? cost->latency_ns : 0;
        AMCT_TRY(add_node(c, g->graph->nodes[i].name,
                          known ? g->measured[root] / g->estimated[root] : c->others,
                          known || whole ? cost->latency_ns : 0, err));
    }
    c->found.told_ratio = all > 0 ? told / all : 0;
    c->found.matched_ratio = g->all_ns > 0 ? g->matched_ns / g->all_ns : 0;
    return AMCT_OK;
}

static amct_status use_groups(amct_correction *c, amct_kernel_groups *g, const amct_names *names,
                              const amct_profile *profile, bool whole, amct_err *err)
{
    c->found.by_type = profile->by_type;
    snprintf(c->found.what, sizeof c->found.what, "%s", profile->what);
    if (profile->by_type)
        AMCT_TRY(amct_kernel_groups_add_types(g, &c->found, profile, err));
    else
        AMCT_TRY(amct_kernel_groups_add_ops(g, &c->found, names, profile, err));
    AMCT_TRY(take_factors(c, g, whole, err));
    if (2 * c->found.told_ratio >= 1)
        return AMCT_OK;
    return amct_fail(err, AMCT_E_INVALID,
                     "%s: has %u of this network's %u kernels, with %.0f %% of their time: is it "
                     "cut, or the profile of another one?",
                     profile->folder, c->found.n_told, c->found.n_kernels,
                     100 * c->found.told_ratio);
}

static amct_status use_profile(amct_correction *c, const char *folder, bool whole,
                               const amct_graph *graph, const amct_latency *estimate, amct_err *err)
{
    amct_names names;
    amct_profile profile = {0};
    amct_kernel_groups g = {0};
    AMCT_TRY(amct_names_make(&names, graph, err));
    amct_status status = amct_profile_read(&profile, folder, fits, &names, err);
    if (status == AMCT_OK)
        status = amct_kernel_groups_make(&g, graph, estimate, err);
    if (status == AMCT_OK)
        status = use_groups(c, &g, &names, &profile, whole, err);
    amct_kernel_groups_free(&g);
    amct_profile_free(&profile);
    amct_names_free(&names);
    return status;
}

/* ---- Making -----------------------------------------------------------------------------------
 */

/* Without a profile every node is as estimated, but for the scale. */
static amct_status use_estimate(amct_correction *c, const amct_graph *graph,
                                const amct_latency *estimate, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (estimate->costs[i].status == AMCT_NODE_OK)
            AMCT_TRY(add_node(c, graph->nodes[i].name, 1, estimate->costs[i].latency_ns, err));
    return AMCT_OK;
}

/* The original by the factors alone. */
static double total_of(const amct_correction *c, const amct_graph *graph,
                       const amct_latency *estimate)
{
    double total = c->fixed_ns >= 0 ? c->fixed_ns : estimate->total.fixed_ns;
    uint32_t k = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (estimate->costs[i].status == AMCT_NODE_OK)
            total += c->nodes[k++].factor * estimate->costs[i].latency_ns;
    return total;
}

amct_status amct_correction_make(amct_correction *out, const char *folder, double measured_ns,
                                 const amct_graph *graph, const amct_latency *estimate,
                                 amct_err *err)
{
    bool whole = measured_ns > 0;
    amct_correction c = {.arena = amct_arena_new(),
                         .others = 1,
                         .fixed_ns = -1,
                         .found = {.runs = 1, .scale = 1, .measured_ns = measured_ns}};
    c.found.estimated_ns = estimate->total.latency_ns;
    if (c.arena)
        c.nodes = amct_arena_array(c.arena, graph->n_nodes + (size_t)1, sizeof *c.nodes);
    amct_status status = c.nodes ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = folder ? use_profile(&c, folder, whole, graph, estimate, err)
                        : use_estimate(&c, graph, estimate, err);
    if (status != AMCT_OK) {
        amct_correction_free(&c);
        return status;
    }
    double total = c.found.profiled_ns = total_of(&c, graph, estimate);
    if (whole && total > 0)
        c.found.scale = measured_ns / total;
    c.noise = c.found.by_type && !whole ? AMCT_CORRECTION_TYPES_NOISE : AMCT_CORRECTION_NOISE;
    qsort(c.nodes, c.n, sizeof *c.nodes, by_node_name);
    *out = c;
    return AMCT_OK;
}

void amct_correction_free(amct_correction *correction)
{
    amct_arena_free(correction->arena);
    *correction = (amct_correction){0};
}
