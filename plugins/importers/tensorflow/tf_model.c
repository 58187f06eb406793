/* From a graph's inputs to its outputs: a GraphDef alone, and what it shares with a SavedModel. */
#include "tf_model.h"

#include <stdio.h>
#include <string.h>

/* Operators that end a graph without being what it is there for. */
static bool ends_nothing(const char *op)
{
    static const char *const ops[] = {"NoOp",
                                      "Const",
                                      "Placeholder",
                                      "Assert",
                                      "VarHandleOp",
                                      "Variable",
                                      "VariableV2",
                                      "Assign",
                                      "AssignVariableOp",
                                      "SaveV2",
                                      "RestoreV2",
                                      "PlaceholderWithDefault",
                                      "ReadVariableOp",
                                      "VarIsInitializedOp"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(op, ops[i]) == 0)
            return true;
    return strstr(op, "Summary") != NULL;
}

static int32_t add_output(tf_reader *r, tf_value *v, const char *name)
{
    const tf_order plain = tf_order_plain();
    uint32_t id;
    tf_op op = tf_op_of("Identity");
    tf_value *out;
    TF_TRY(tf_want_plain(r, v, &id));
    tf_op_src(&op, id);
    TF_TRY(tf_emit(r, &op, name, v->dtype, &v->shape, &plain, &out));
    return r->sink->output(r->sink->ctx, out->forms->id);
}

int32_t tf_model_output(tf_reader *r, tf_scope *scope, wire_span of, const char *name)
{
    tf_value *v;
    tf_at(r, "output '%.150s'", name);
    TF_TRY(tf_scope_value(r, scope, of, &v));
    tf_at(r, "output '%.150s'", name);
    return add_output(r, v, name);
}

/* Names of option outputs, separated by commas. */
static int32_t listed_outputs(tf_reader *r, tf_scope *scope)
{
    const char *at = r->outputs;
    do {
        size_t length = strcspn(at, ",");
        const char *name;
        wire_span span = {(const uint8_t *)at, length}, node, output;
        uint64_t index;
        tf_split_name(span, &node, &output, &index);
        TF_TRY(tf_copy(r, span, &name));
        tf_at(r, "%s", "");
        if (tf_graph_find(scope->graph, (const char *)node.data, node.size) < 0)
            return tf_fail(r, AMCT_E_INVALID, "option outputs: there is no node '%.200s'", name);
        TF_TRY(tf_model_output(r, scope, span, name));
        at += length;
    } while (*at++ == ',');
    return AMCT_OK;
}

/* Which nodes no node takes anything from. */
static int32_t find_ends(tf_reader *r, const tf_graph *g, bool **out)
{
    bool *taken = import_alloc(&r->memory, (size_t)g->n_nodes + 1, sizeof *taken);
    if (!taken)
        return tf_nomem(r);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i].n_src; k++) {
            wire_span node, output;
            uint64_t index;
            tf_split_name(g->nodes[i].src[k], &node, &output, &index);
            int64_t at = tf_graph_find(g, (const char *)node.data, node.size);
            if (at >= 0)
                taken[at] = true;
        }
    *out = taken;
    return AMCT_OK;
}

static bool is_fixed(const tf_value *v)
{
    return !v || v->kind == TF_CONSTANT || v->kind == TF_RESOURCE || v->kind == TF_RANDOM;
}

static int32_t all_outputs(tf_reader *r, tf_scope *scope)
{
    const tf_graph *g = scope->graph;
    bool *taken = NULL;
    uint32_t n = 0;
    TF_TRY(find_ends(r, g, &taken));
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        if (taken[i] || ends_nothing(g->nodes[i].op))
            continue;
        wire_span name = {(const uint8_t *)g->nodes[i].name, strlen(g->nodes[i].name)};
        tf_value *v;
        TF_TRY(tf_scope_value(r, scope, name, &v));
        const tf_result *result = &scope->results[i];
        for (uint32_t k = 0; k < result->n; k++) {
            const char *label =
                k ? import_text(&r->memory, "%s:%u", g->nodes[i].name, k) : g->nodes[i].name;
            if (!label)
                return tf_nomem(r);
            if (is_fixed(result->values[k]))
                continue;
            tf_at(r, "output '%.150s'", label);
            TF_TRY(add_output(r, result->values[k], label));
            n++;
        }
    }
    tf_at(r, "%s", "");
    return n ? AMCT_OK
             : tf_fail(r, AMCT_E_FORMAT,
                       "the graph has no node that depends on an input and ends it");
}

int32_t tf_model_outputs(tf_reader *r, tf_scope *scope)
{
    return r->outputs ? listed_outputs(r, scope) : all_outputs(r, scope);
}

/* All placeholders are inputs, in the order of the file, if an output needs them. */
int32_t tf_model_end(tf_reader *r)
{
    tf_at(r, "%s", "");
    if (!r->n_inputs)
        return tf_fail(r, AMCT_E_FORMAT, "the network's outputs depend on no input");
    return tf_inputs_emit(r, r->n_inputs);
}

static int32_t read_frozen(tf_reader *r)
{
    wire_span message = {r->model.data, r->model.size};
    tf_graph graph = {.name = ""};
    tf_scope scope = {.prefix = ""};
    amct_model_desc model = {.struct_size = sizeof model, .name = "", .producer = ""};
    if (!wire_valid(message))
        return tf_fail(r, AMCT_E_FORMAT, "the file is cut short or damaged");
    TF_TRY(r->sink->model(r->sink->ctx, &model));
    TF_TRY(tf_functions_list(r, wire_bytes(message, 2)));
    TF_TRY(tf_graph_read(r, message, 1, &graph));
    TF_TRY(tf_scope_begin(r, &scope, &graph));
    TF_TRY(tf_model_outputs(r, &scope));
    return tf_model_end(r);
}

int32_t tf_read_model(tf_reader *r)
{
    wire_field first;
    wire_span message = {r->model.data, r->model.size};
    if (wire_next(&message, &first) > 0 && first.number == 1 && first.wire == WIRE_VARINT)
        return tf_read_saved(r);
    if (r->signature)
        return tf_fail(r, AMCT_E_INVALID,
                       "option signature: a frozen GraphDef has none; option outputs chooses");
    return read_frozen(r);
}
