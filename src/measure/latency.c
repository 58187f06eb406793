#include "measure/latency.h"

#include "base/log.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

const char *amct_bound_name(uint32_t bound)
{
    static const char *const names[] = {"none", "cube", "vector", "memory", "overhead"};
    return bound < sizeof names / sizeof *names ? names[bound] : "none";
}

const char *amct_node_status_name(uint32_t status)
{
    static const char *const names[] = {"ok", "unsupported", "fused", "removed"};
    return status < sizeof names / sizeof *names ? names[status] : "unsupported";
}

static uint32_t device_dtype(const amct_tensor *t)
{
    return amct_dtype_is_float(t->dtype) ? (uint32_t)AMCT_FLOAT16
           : t->int4                     ? (uint32_t)AMCT_INT4
                                         : t->dtype;
}

static amct_status view_attrs(const amct_attr_desc **out, amct_arena *arena, const amct_node *node,
                              amct_err *err)
{
    amct_attr_desc *attrs = amct_arena_array(arena, node->n_attrs, sizeof *attrs);
    if (!attrs)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const amct_attr *a = &node->attrs[i];
        attrs[i] = (amct_attr_desc){.struct_size = sizeof *attrs,
                                    .type = a->type,
                                    .name = a->name,
                                    .i = a->i,
                                    .f = a->f,
                                    .data = a->data,
                                    .count = a->count};
    }
    *out = attrs;
    return AMCT_OK;
}

amct_status amct_latency_view(amct_graph_view *out, amct_arena *arena, const amct_graph *graph,
                              amct_err *err)
{
    amct_tensor_view *tensors = amct_arena_array(arena, graph->n_tensors, sizeof *tensors);
    amct_node_desc *nodes = amct_arena_array(arena, graph->n_nodes, sizeof *nodes);
    if (!tensors || !nodes)
        return amct_fail_nomem(err);
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        const amct_tensor *tensor = &graph->tensors[t];
        bool known = amct_shape_known(&tensor->shape);
        tensors[t] =
            (amct_tensor_view){.struct_size = sizeof *tensors,
                               .dtype = device_dtype(tensor),
                               .rank = known ? (uint32_t)tensor->shape.rank : AMCT_RANK_UNKNOWN,
                               .constant = amct_tensor_is_constant(tensor),
                               .name = tensor->name,
                               .dims = tensor->shape.dims,
                               .sparsity = tensor->sparse ? AMCT_SPARSE_4_2 : AMCT_DENSE};
    }
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        nodes[n] = (amct_node_desc){.struct_size = sizeof *nodes,
                                    .n_src = node->n_src,
                                    .name = node->name,
                                    .op = node->op,
                                    .domain = node->domain,
                                    .src = node->src,
                                    .dst = node->dst,
                                    .n_dst = node->n_dst,
                                    .n_attrs = node->n_attrs};
        AMCT_TRY(view_attrs(&nodes[n].attrs, arena, node, err));
    }
    *out = (amct_graph_view){.struct_size = sizeof *out,
                             .n_nodes = graph->n_nodes,
                             .n_tensors = graph->n_tensors,
                             .n_inputs = graph->n_inputs,
                             .n_outputs = graph->n_outputs,
                             .nodes = nodes,
                             .tensors = tensors,
                             .inputs = graph->inputs,
                             .outputs = graph->outputs};
    return AMCT_OK;
}

static bool knows_nothing(const amct_latency *l)
{
    for (uint32_t n = 0; n < l->n_nodes; n++)
        if (l->costs[n].status != AMCT_NODE_UNSUPPORTED)
            return false;
    return l->n_nodes > 0;
}

amct_status amct_latency_estimate(amct_latency *out, amct_estimating *estimator,
                                  const amct_graph *graph, amct_err *err)
{
    amct_latency l = {.n_nodes = graph->n_nodes, .arena = amct_arena_new()};
    amct_graph_view view;
    amct_status status = AMCT_OK;
    if (l.arena)
        l.costs = amct_arena_array(l.arena, graph->n_nodes, sizeof *l.costs);
    if (!l.arena || !l.costs)
        status = amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_latency_view(&view, l.arena, graph, err);
    if (status == AMCT_OK)
        status = amct_estimating_run(estimator, &view, l.costs, &l.total, err);
    if (status == AMCT_OK && l.total.latency_ns == 0 && knows_nothing(&l))
        status = amct_fail(err, AMCT_E_UNSUPPORTED,
                           "estimator '%s' cannot tell what any node of the network takes%s",
                           amct_estimating_plugin(estimator)->name,
                           amct_estimating_measures(estimator)
                               ? ": it measures models, and can confirm what another estimator "
                                 "finds (target: confirm: NAME in a search file)"
                               : "");
    if (status != AMCT_OK)
        amct_latency_free(&l);
    else
        *out = l;
    return status;
}

void amct_latency_free(amct_latency *latency)
{
    amct_arena_free(latency->arena);
    *latency = (amct_latency){0};
}

void amct_latency_warn(const amct_latency *latency, const amct_graph *graph)
{
    char op[AMCT_SHOWN], name[AMCT_SHOWN];
    uint32_t n = 0, first = 0;
    for (uint32_t i = latency->n_nodes; i-- > 0;)
        if (latency->costs[i].status == AMCT_NODE_UNSUPPORTED) {
            first = i;
            n++;
        }
    if (n)
        amct_log(AMCT_LOG_WARN,
                 "the estimate leaves out %u of %u nodes, which the estimator does not support or "
                 "whose shapes are not known, first '%s' (%s)",
                 n, latency->n_nodes, amct_utf8_show(graph->nodes[first].name, name, sizeof name),
                 amct_utf8_show(graph->nodes[first].op, op, sizeof op));
}

void amct_latency_split(amct_latency_parts *out, const amct_latency *latency)
{
    const amct_graph_cost *total = &latency->total;
    double band = total->error_band_ratio * total->latency_ns, nodes = 0;
    *out = (amct_latency_parts){.ns = {[AMCT_BOUND_NONE] = total->fixed_ns}};
    for (uint32_t n = 0; n < latency->n_nodes; n++) {
        const amct_node_cost *c = &latency->costs[n];
        if (c->status != AMCT_NODE_OK)
            continue;
        out->ns[c->bound] += c->latency_ns;
        out->spread_ns[c->bound] += c->spread_ns;
        nodes += c->spread_ns;
    }
    /* What the nodes do not explain of the whole band is of what is fixed. */
    out->spread_ns[AMCT_BOUND_NONE] += fmax(0, band - nodes);
}

double amct_latency_paired_ns(const amct_latency_parts *a, const amct_latency_parts *b)
{
    double sum = 0;
    for (int k = 0; k < AMCT_LATENCY_PARTS; k++) {
        double x = a->ns[k] > 0 ? a->spread_ns[k] / a->ns[k] : 0;
        double y = b->ns[k] > 0 ? b->spread_ns[k] / b->ns[k] : 0;
        double w = fmax(x, y) * (b->ns[k] - a->ns[k]);
        sum += w * w;
    }
    return sqrt(sum);
}
