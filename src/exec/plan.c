#include "exec/plan.h"

#include "exec/step.h"

#include <stdlib.h>
#include <string.h>

amct_status amct_exec_new(amct_exec **out, amct_engine engine, amct_err *err)
{
    amct_exec *exec = calloc(1, sizeof *exec);
    if (!exec)
        return amct_fail_nomem(err);
    exec->engine = engine;
    exec->integer = engine == AMCT_ENGINE_ONEDNN && amct_onednn_has_vnni();
    amct_status status =
        engine == AMCT_ENGINE_REFERENCE ? AMCT_OK : amct_onednn_new(&exec->dnn, err);
    if (status != AMCT_OK)
        free(exec);
    else
        *out = exec;
    return status;
}

void amct_exec_free(amct_exec *exec)
{
    if (!exec)
        return;
    for (size_t i = 0; i < exec->folded.cap; i++)
        free(exec->folded.slots[i].value);
    amct_map_free(&exec->folded);
    amct_onednn_free(exec->dnn);
    free(exec->spare);
    free(exec);
}

const char *amct_exec_name(const amct_exec *exec)
{
    return !exec->dnn               ? "reference"
           : exec->integer          ? "onednn, int8 (VNNI)"
           : amct_onednn_has_vnni() ? "onednn, int8 as float32"
                                    : "onednn, int8 as float32 (no VNNI)";
}

void amct_plan_free(amct_plan *plan)
{
    if (!plan)
        return;
    if (plan->block_bytes > plan->exec->spare_bytes) {
        free(plan->exec->spare);
        plan->exec->spare = plan->block;
        plan->exec->spare_bytes = plan->block_bytes;
    } else {
        free(plan->block);
    }
    free(plan->slots);
    free(plan->slot_of);
    free(plan->last_use);
    free(plan->steps);
    amct_arena_free(plan->arena);
    free(plan);
}

amct_status amct_plan_in_node(const amct_graph *graph, uint32_t n, amct_err *err)
{
    return amct_fail_in(err, "node '%s' (%s)", graph->nodes[n].name, graph->nodes[n].op);
}

static amct_status add_unit(amct_plan *plan, const amct_unit *unit, amct_err *err)
{
    if (unit->layer) {
        amct_err why = {0};
        amct_status status = amct_plan_add_layer(plan, unit, &why);
        if (status != AMCT_E_UNSUPPORTED) {
            if (status != AMCT_OK) {
                *err = why;
                return amct_plan_in_node(plan->graph, unit->node, err);
            }
            return AMCT_OK;
        }
    }
    uint32_t nodes[AMCT_MAX_UNIT_NODES], n = amct_unit_nodes(nodes, unit);
    amct_unit alone = *unit; /* the layer without what follows may still be done fast */
    alone.n_links = 0;
    alone.quant = AMCT_NO_TENSOR;
    uint32_t first = 0;
    if (unit->layer && (unit->n_links || unit->quant != AMCT_NO_TENSOR)) {
        uint32_t inside[AMCT_MAX_UNIT_NODES];
        amct_err why = {0};
        uint32_t n_inside = amct_unit_nodes(inside, &alone);
        alone.last = inside[n_inside - 1];
        alone.dst = plan->graph->nodes[alone.last].dst[0];
        if (amct_plan_add_layer(plan, &alone, &why) == AMCT_OK)
            first = n_inside;
    }
    for (uint32_t i = first; i < n; i++)
        if (amct_plan_add_node(plan, nodes[i], err) != AMCT_OK)
            return amct_plan_in_node(plan->graph, nodes[i], err);
    return AMCT_OK;
}

static amct_status check_shapes(const amct_graph *graph, amct_err *err)
{
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        if (!amct_op_find(node->op, node->domain)) /* named better when it is added */
            continue;
        for (uint32_t i = 0; i < node->n_src + node->n_dst; i++) {
            uint32_t t = i < node->n_src ? node->src[i] : node->dst[i - node->n_src];
            const amct_tensor *tensor = t == AMCT_NO_TENSOR ? NULL : &graph->tensors[t];
            if (tensor && (!amct_shape_known(&tensor->shape) || !amct_dtype_bits(tensor->dtype)))
                return amct_fail(err, AMCT_E_UNSUPPORTED,
                                 "node '%s' (%s): the shape of '%s' is not known", node->name,
                                 node->op, tensor->name);
        }
    }
    return AMCT_OK;
}

static void find_last_uses(amct_plan *plan, const amct_unit *units, uint32_t n_units,
                           const amct_plan_options *options)
{
    const amct_graph *graph = plan->graph;
    memset(plan->last_use, 0, graph->n_tensors * sizeof *plan->last_use);
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        plan->last_use[graph->outputs[i]] = UINT32_MAX;
    for (uint32_t i = 0; options && !options->briefly && i < options->n_watch; i++)
        plan->last_use[options->watch[i]] = UINT32_MAX;
    for (uint32_t u = n_units; u-- > 0;) {
        uint32_t nodes[AMCT_MAX_UNIT_NODES], n = amct_unit_nodes(nodes, &units[u]);
        for (uint32_t k = 0; k < n; k++) {
            const amct_node *node = &graph->nodes[nodes[k]];
            uint32_t use = u;
            if (amct_node_is_view(node) && node->n_dst && node->dst[0] != AMCT_NO_TENSOR &&
                plan->last_use[node->dst[0]] > use)
                use = plan->last_use[node->dst[0]];
            for (uint32_t i = 0; i < node->n_src; i++)
                if (node->src[i] != AMCT_NO_TENSOR && plan->last_use[node->src[i]] < use)
                    plan->last_use[node->src[i]] = use;
        }
    }
}

static amct_status build(amct_plan *plan, const amct_unit *units, uint32_t n_units,
                         const amct_plan_options *options, amct_err *err)
{
    const amct_graph *graph = plan->graph;
    find_last_uses(plan, units, n_units, options);
    for (plan->unit = 0; plan->unit < n_units; plan->unit++)
        AMCT_TRY(add_unit(plan, &units[plan->unit], err));
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        AMCT_TRY(
            amct_slot_primary(plan, &plan->inputs[i], graph->inputs[i], AMCT_LAYOUT_PLAIN, err));
        plan->slots[plan->inputs[i]].last = 0;
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        AMCT_TRY(amct_slot_want(plan, &plan->outputs[i], graph->outputs[i], AMCT_FORM_VALUE,
                                AMCT_LAYOUT_PLAIN, err));
        plan->slots[plan->outputs[i]].last = INT32_MAX;
    }
    for (uint32_t i = 0; options && i < options->n_watch; i++) {
        int32_t slot;
        AMCT_TRY(amct_slot_primary(plan, &slot, options->watch[i], AMCT_LAYOUT_PLAIN, err));
        plan->slots[slot].watched = true;
        if (!options->briefly)
            plan->slots[slot].last = INT32_MAX;
    }
    return AMCT_OK;
}

static amct_value *slot_value(const amct_plan *plan, int32_t id)
{
    amct_value *value = amct_arena_alloc(plan->arena, sizeof *value);
    const amct_slot *slot = &plan->slots[id];
    if (value)
        *value = (amct_value){slot->dtype, plan->graph->tensors[slot->tensor].zero_point,
                              slot->shape, amct_plan_data(plan, id)};
    return value;
}

static amct_status bind_reference(amct_plan *plan, amct_step *step, amct_err *err)
{
    const amct_value **src = amct_arena_array(plan->arena, step->n_src, sizeof *src);
    amct_value **dst = amct_arena_array(plan->arena, step->n_dst, sizeof *dst);
    if (!src || !dst)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < step->n_src; i++)
        if (step->src[i] >= 0 && !(src[i] = slot_value(plan, step->src[i])))
            return amct_fail_nomem(err);
    const amct_node *node = &plan->graph->nodes[step->node];
    for (uint32_t i = 0; i < step->n_dst; i++) {
        if (step->dst[i] >= 0) {
            if (!(dst[i] = slot_value(plan, step->dst[i])))
                return amct_fail_nomem(err);
        } else if (!(dst[i] = amct_arena_alloc(plan->arena, sizeof **dst))) {
            return amct_fail_nomem(err);
        }
    }
    step->call = (amct_call){node, src, dst, plan->graph};
    return AMCT_OK;
}

static amct_status bind(amct_plan *plan, amct_err *err)
{
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        amct_step *step = &plan->steps[i];
        if (step->kind == AMCT_STEP_OP)
            AMCT_TRY(bind_reference(plan, step, err));
        if (step->kind != AMCT_STEP_PRIM)
            continue;
        amct_prim_args args = {.src = amct_plan_data(plan, step->src[0]),
                               .src1 = step->n_src > 1 ? amct_plan_data(plan, step->src[1]) : NULL,
                               .dst = amct_plan_data(plan, step->dst[0]),
                               .weights = step->weights,
                               .bias = step->bias,
                               .scales = step->scales};
        for (uint32_t k = 0; k < AMCT_MAX_POSTS; k++)
            args.add[k] = amct_plan_data(plan, step->add[k]);
        AMCT_TRY(
            amct_onednn_bind(&step->bound, plan->exec->dnn, step->prim, plan->arena, &args, err));
    }
    return AMCT_OK;
}

static amct_status take_block(amct_plan *plan, amct_err *err)
{
    amct_exec *exec = plan->exec;
    if (exec->spare && exec->spare_bytes >= plan->block_bytes) {
        plan->block = exec->spare;
        plan->block_bytes = exec->spare_bytes;
        exec->spare = NULL;
        exec->spare_bytes = 0;
        return AMCT_OK;
    }
    void *block = NULL;
    if (posix_memalign(&block, 64, plan->block_bytes ? plan->block_bytes : 64))
        return amct_fail(err, AMCT_E_NOMEM, "out of memory for %zu MiB of activations",
                         plan->block_bytes >> 20);
    plan->block = block;
    return AMCT_OK;
}

static amct_status make(amct_plan *plan, const amct_plan_options *options, amct_err *err)
{
    const amct_graph *graph = plan->graph;
    bool *stored = calloc(graph->n_tensors + 1, sizeof *stored);
    amct_unit *units = NULL;
    uint32_t n_units = 0;
    plan->arena = amct_arena_new();
    plan->slot_of = malloc((graph->n_tensors + 1) * sizeof *plan->slot_of);
    plan->last_use = malloc((graph->n_tensors + 1) * sizeof *plan->last_use);
    if (plan->arena) {
        plan->inputs = amct_arena_array(plan->arena, graph->n_inputs, sizeof *plan->inputs);
        plan->outputs = amct_arena_array(plan->arena, graph->n_outputs, sizeof *plan->outputs);
    }
    amct_status status = AMCT_OK;
    if (!stored || !plan->arena || !plan->slot_of || !plan->last_use || !plan->inputs ||
        !plan->outputs)
        status = amct_fail_nomem(err);
    if (status == AMCT_OK) {
        memset(plan->slot_of, -1, (graph->n_tensors + 1) * sizeof *plan->slot_of);
        for (uint32_t i = 0; options && i < options->n_watch; i++)
            stored[options->watch[i]] = true;
        status = check_shapes(graph, err);
    }
    if (status == AMCT_OK)
        status = amct_units_make(&units, &n_units, graph, stored, plan->exec->dnn != NULL, err);
    if (status == AMCT_OK)
        status = build(plan, units, n_units, options, err);
    free(units);
    free(stored);
    if (status == AMCT_OK)
        status = amct_plan_place(plan, err);
    if (status == AMCT_OK)
        status = take_block(plan, err);
    return status == AMCT_OK ? bind(plan, err) : status;
}

amct_status amct_plan_new(amct_plan **out, amct_exec *exec, const amct_graph *graph,
                          const amct_plan_options *options, amct_err *err)
{
    amct_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return amct_fail_nomem(err);
    plan->exec = exec;
    plan->graph = graph;
    plan->inputs_last = options && options->inputs_last;
    amct_status status = make(plan, options, err);
    if (status != AMCT_OK) {
        if (!plan->block)
            plan->block_bytes = 0;
        amct_plan_free(plan);
        return status;
    }
    *out = plan;
    return AMCT_OK;
}
