/*
 * ModelProto: 1 ir_version, 2 producer_name, 3 producer_version, 5 model_version, 7 graph,
 * 8 functions, 10 little_endian, 12 primitives. PrimitiveProto: 1 name, 2 op_type, 3 attribute.
 */
#include "ms_ops.h"

#include <stdlib.h>
#include <string.h>

static int compare_primitives(const void *a, const void *b)
{
    return ms_compare_spans(((const ms_primitive *)a)->name, ((const ms_primitive *)b)->name);
}

static int compare_functions(const void *a, const void *b)
{
    return ms_compare_spans(((const ms_graph *)a)->name, ((const ms_graph *)b)->name);
}

const ms_primitive *ms_find_primitive(const ms_reader *r, wire_span name)
{
    const ms_primitive wanted = {.name = name};
    return r->n_primitives ? bsearch(&wanted, r->primitives, r->n_primitives, sizeof *r->primitives,
                                     compare_primitives)
                           : NULL;
}

ms_graph *ms_find_function(const ms_reader *r, wire_span name)
{
    const ms_graph wanted = {.name = name};
    return r->n_functions ? bsearch(&wanted, r->functions, r->n_functions, sizeof *r->functions,
                                    compare_functions)
                          : NULL;
}

static int32_t read_primitive(ms_reader *r, wire_span message, ms_primitive *out)
{
    if (!wire_valid(message))
        return ms_damaged(r, message.data);
    *out = (ms_primitive){wire_bytes(message, 1), wire_bytes(message, 2), message};
    if (!out->name.size || !out->op.size)
        return ms_fail(r, AMCT_E_FORMAT, "a primitive without a name");
    return AMCT_OK;
}

static int32_t read_tables(ms_reader *r, wire_span model)
{
    wire_field f;
    uint32_t n_primitives = 0, n_functions = 0;
    for (wire_span rest = model; wire_next(&rest, &f) > 0;) {
        n_primitives += f.number == 12 && f.wire == WIRE_LENGTH;
        n_functions += f.number == 8 && f.wire == WIRE_LENGTH;
    }
    r->primitives = import_alloc(&r->memory, n_primitives, sizeof *r->primitives);
    r->functions = import_alloc(&r->memory, n_functions, sizeof *r->functions);
    if (!r->primitives || !r->functions)
        return ms_nomem(r);
    for (wire_span rest = model; wire_next(&rest, &f) > 0;) {
        if (f.wire != WIRE_LENGTH)
            continue;
        if (f.number == 12)
            MS_TRY(read_primitive(r, f.bytes, &r->primitives[r->n_primitives++]));
        else if (f.number == 8)
            MS_TRY(ms_graph_read(r, f.bytes, &r->functions[r->n_functions++]));
    }
    qsort(r->primitives, n_primitives, sizeof *r->primitives, compare_primitives);
    qsort(r->functions, n_functions, sizeof *r->functions, compare_functions);
    for (uint32_t i = 1; i < n_primitives; i++)
        if (compare_primitives(&r->primitives[i - 1], &r->primitives[i]) == 0)
            return ms_fail(r, AMCT_E_FORMAT, "the primitive '%.*s' is there twice",
                           MS_SHOWN(r->primitives[i].name));
    for (uint32_t i = 1; i < n_functions; i++)
        if (compare_functions(&r->functions[i - 1], &r->functions[i]) == 0)
            return ms_fail(r, AMCT_E_FORMAT, "the function '%.*s' is there twice",
                           MS_SHOWN(r->functions[i].name));
    return AMCT_OK;
}

static int32_t describe(ms_reader *r, wire_span model)
{
    wire_span producer = wire_bytes(model, 2), version = wire_bytes(model, 5);
    const char *name = import_copy(&r->memory, r->main.name.data, r->main.name.size);
    const char *who = import_text(&r->memory, "%.*s%s%.*s", MS_SHOWN(producer),
                                  version.size ? " " : "", MS_SHOWN(version));
    const amct_model_desc desc = {.struct_size = sizeof desc, .name = name, .producer = who};
    return name && who ? r->sink->model(r->sink->ctx, &desc) : ms_nomem(r);
}

/* Results: the tensors of a tuple, one after the other. */
static int32_t give_results(ms_reader *r, ms_value v, uint32_t depth)
{
    enum { MAX_DEPTH = 16 };
    ms_tensor *t = v.tensor;
    switch (v.kind) {
    case MS_NONE:
    case MS_MONAD: return AMCT_OK;
    case MS_TUPLE:
        if (depth == MAX_DEPTH)
            return ms_fail(r, AMCT_E_LIMIT, "its result is nested more than %d deep", MAX_DEPTH);
        for (uint32_t i = 0; i < v.list->n; i++)
            MS_TRY(give_results(r, v.list->at[i], depth + 1));
        return AMCT_OK;
    case MS_TENSOR: break;
    default:
        return ms_fail(r, AMCT_E_UNSUPPORTED, "the network's result is %s, a tensor is wanted",
                       ms_kind_text(v));
    }
    if (t->kind != AMCT_TENSOR_VALUE || t->result)
        MS_TRY(ms_identity(r, t, &t));
    t->result = true;
    r->n_results++;
    return r->sink->output(r->sink->ctx, t->id);
}

/* Those that nothing uses, too: a checkpoint has them. */
static int32_t give_parameters(ms_reader *r)
{
    for (uint32_t i = 0; i < r->main.n_parameters; i++)
        MS_TRY(ms_tensor_emit(r, r->main.values[i].tensor));
    return AMCT_OK;
}

int32_t ms_read_model(ms_reader *r)
{
    wire_span model = {r->model.data, r->model.size}, rest = model, graph;
    wire_field f;
    ms_value result;
    int more;
    while ((more = wire_next(&rest, &f)) > 0)
        ;
    if (more < 0)
        return ms_damaged(r, rest.data);
    if (!wire_int(model, 10, 1))
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "was written on a big-endian machine, little-endian is wanted");
    graph = wire_bytes(model, 7);
    if (!graph.data)
        return ms_fail(r, AMCT_E_FORMAT, "has no graph");
    MS_TRY(read_tables(r, model));
    MS_TRY(ms_graph_read(r, graph, &r->main));
    MS_TRY(describe(r, model));
    ms_value *inputs = import_alloc(&r->memory, r->main.n_inputs, sizeof *inputs);
    if (!inputs)
        return ms_nomem(r);
    MS_TRY(ms_read_inputs(r, &r->main, inputs));
    MS_TRY(ms_read_parameters(r, &r->main));
    for (uint32_t i = 0; i < r->n_functions; i++)
        MS_TRY(ms_read_parameters(r, &r->functions[i]));
    MS_TRY(ms_run_graph(r, &r->main, NULL, inputs, "", &result));
    ms_at(r, "%s", "");
    MS_TRY(give_results(r, result, 0));
    if (!r->n_results)
        return ms_fail(r, AMCT_E_FORMAT, "the network has no result");
    return give_parameters(r);
}
