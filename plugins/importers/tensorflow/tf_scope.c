/*
 * The order of translation: what an output needs, depth first with a stack of our own, so that no
 * file decides how deep we recurse; calls of functions, translated in the place of the call.
 */
#include "tf_reader.h"

#include <string.h>

enum { FRESH, WAITING, DONE };
/* Bounds for files that call functions which call functions ... */
enum { MAX_DEPTH = 32, MAX_TRANSLATED = 1 << 18 };

void tf_split_name(wire_span whole, wire_span *node, wire_span *output, uint64_t *index)
{
    const uint8_t *first = whole.size ? memchr(whole.data, ':', whole.size) : NULL;
    *node = whole;
    *output = (wire_span){NULL, 0};
    *index = 0;
    if (!first)
        return;
    node->size = (size_t)(first - whole.data);
    wire_span rest = {first + 1, whole.size - node->size - 1};
    const uint8_t *second = rest.size ? memchr(rest.data, ':', rest.size) : NULL;
    if (second) {
        *output = (wire_span){rest.data, (size_t)(second - rest.data)};
        rest = (wire_span){second + 1, rest.size - output->size - 1};
    }
    for (size_t i = 0; i < rest.size && i < 9; i++)
        if (rest.data[i] >= '0' && rest.data[i] <= '9')
            *index = *index * 10 + (uint64_t)(rest.data[i] - '0');
}

/* In function bodies outputs are named. Most operators have one, or one list of them; these have
 * several, in the order of their definition. */
static const struct {
    const char *op, *output;
    uint32_t place;
} outputs[] = {
    {"FusedBatchNorm", "batch_mean", 1},        {"FusedBatchNorm", "batch_variance", 2},
    {"FusedBatchNorm", "reserve_space_1", 3},   {"FusedBatchNorm", "reserve_space_2", 4},
    {"FusedBatchNormV2", "batch_mean", 1},      {"FusedBatchNormV2", "batch_variance", 2},
    {"FusedBatchNormV2", "reserve_space_1", 3}, {"FusedBatchNormV2", "reserve_space_2", 4},
    {"FusedBatchNormV3", "batch_mean", 1},      {"FusedBatchNormV3", "batch_variance", 2},
    {"FusedBatchNormV3", "reserve_space_1", 3}, {"FusedBatchNormV3", "reserve_space_2", 4},
    {"FusedBatchNormV3", "reserve_space_3", 5}, {"TopKV2", "indices", 1},
};

static uint64_t place_of(const tf_node *node, wire_span output)
{
    for (size_t i = 0; output.size && i < sizeof outputs / sizeof *outputs; i++)
        if (strcmp(outputs[i].op, node->op) == 0 && wire_is(output, outputs[i].output))
            return outputs[i].place;
    return 0;
}

int32_t tf_scope_begin(tf_reader *r, tf_scope *scope, tf_graph *graph)
{
    scope->graph = graph;
    scope->results = import_alloc(&r->memory, (size_t)graph->n_nodes + 1, sizeof *scope->results);
    return scope->results ? AMCT_OK : tf_nomem(r);
}

static void at_node(tf_reader *r, const tf_node *node)
{
    tf_at(r, "node '%.150s' (%.60s)", node->name, node->op);
}

/* The value that a name of the scope stands for. *node is that which makes it, if it is not an
 * argument; *out is NULL until it is translated. */
static int32_t look_up(tf_reader *r, const tf_scope *scope, wire_span name, int64_t *node,
                       tf_value **out)
{
    wire_span base, output;
    uint64_t index;
    const tf_graph *g = scope->graph;
    tf_split_name(name, &base, &output, &index);
    *node = tf_graph_find(g, (const char *)base.data, base.size);
    *out = NULL;
    if (*node < 0) {
        int64_t arg = tf_graph_arg(g, (const char *)base.data, base.size);
        if (arg >= 0) {
            *out = scope->args[arg];
            return AMCT_OK;
        }
        return tf_fail(r, AMCT_E_FORMAT, "its input '%.*s' is not in the %s",
                       name.size > 150 ? 150 : (int)name.size, (const char *)name.data,
                       g->name[0] ? "function" : "graph");
    }
    const tf_result *result = &scope->results[*node];
    if (result->state != DONE)
        return AMCT_OK;
    index += place_of(&g->nodes[*node], output);
    if (index < result->n)
        *out = result->values[index];
    if (!*out)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "its input '%.*s' is an output that there is not, or not at inference",
                       name.size > 150 ? 150 : (int)name.size, (const char *)name.data);
    return AMCT_OK;
}

/* Translates a node whose sources all are. */
static int32_t translate(tf_reader *r, tf_scope *scope, uint32_t i)
{
    const tf_node *node = &scope->graph->nodes[i];
    tf_value **src = import_alloc(&r->memory, (size_t)node->n_src + 1, sizeof *src);
    if (!src)
        return tf_nomem(r);
    if (++r->n_translated > MAX_TRANSLATED)
        return tf_fail(r, AMCT_E_LIMIT,
                       "functions call functions until there are more than %d nodes",
                       MAX_TRANSLATED);
    for (uint32_t k = 0; k < node->n_src; k++) {
        int64_t ignored;
        TF_TRY(look_up(r, scope, node->src[k], &ignored, &src[k]));
    }
    TF_TRY(tf_translate_node(r, scope, node, src, &scope->results[i]));
    scope->results[i].state = DONE;
    return AMCT_OK;
}

typedef struct frame {
    uint32_t node, next; /* the next source to look at */
} frame;

static int32_t run(tf_reader *r, tf_scope *scope, frame *stack, uint32_t root)
{
    size_t depth = 0;
    stack[depth++] = (frame){root, 0};
    scope->results[root].state = WAITING;
    while (depth) {
        frame *top = &stack[depth - 1];
        const tf_node *node = &scope->graph->nodes[top->node];
        at_node(r, node);
        if (top->next == node->n_src) {
            TF_TRY(translate(r, scope, top->node));
            depth--;
            continue;
        }
        int64_t source;
        tf_value *value;
        TF_TRY(look_up(r, scope, node->src[top->next++], &source, &value));
        if (value)
            continue;
        if (scope->results[source].state == WAITING)
            return tf_fail(r, AMCT_E_FORMAT, "depends on itself, by way of '%.150s'",
                           scope->graph->nodes[source].name);
        scope->results[source].state = WAITING;
        stack[depth++] = (frame){(uint32_t)source, 0};
    }
    return AMCT_OK;
}

int32_t tf_scope_value(tf_reader *r, tf_scope *scope, wire_span name, tf_value **out)
{
    int64_t node;
    TF_TRY(look_up(r, scope, name, &node, out));
    if (*out)
        return AMCT_OK;
    /* each node is on the stack at most once */
    frame *stack =
        r->host->alloc(r->host->ctx, ((size_t)scope->graph->n_nodes + 1) * sizeof *stack, 16);
    if (!stack)
        return tf_nomem(r);
    int32_t status = run(r, scope, stack, (uint32_t)node);
    r->host->free(r->host->ctx, stack);
    TF_TRY(status);
    return look_up(r, scope, name, &node, out);
}

/* ---- Calls --------------------------------------------------------------------------------- */

/* Names of a body go below the call's, without the word that TensorFlow gave it. */
static const char *inner_prefix(tf_reader *r, const tf_call *call)
{
    const char *name = call->name, *last = strrchr(name, '/');
    const char *own = last ? last + 1 : name;
    if (strncmp(own, "StatefulPartitionedCall", 23) != 0 &&
        strncmp(own, "PartitionedCall", 15) != 0)
        return import_text(&r->memory, "%s/", name);
    return import_text(&r->memory, "%.*s", (int)(own - name), name);
}

int32_t tf_call_function(tf_reader *r, tf_call *call)
{
    const char *name;
    tf_graph *f;
    tf_scope scope = {.args = call->src, .outer = call->scope, .depth = call->scope->depth + 1};
    TF_TRY(tf_copy(r, wire_bytes(wire_bytes(tf_attr(call->node, "f"), 10), 1), &name));
    TF_TRY(tf_function_get(r, name, &f));
    for (const tf_scope *outer = call->scope; outer; outer = outer->outer)
        if (outer->graph == f)
            return tf_fail(r, AMCT_E_FORMAT, "the function '%.150s' calls itself", name);
    if (scope.depth > MAX_DEPTH)
        return tf_fail(r, AMCT_E_LIMIT, "calls are nested more than %d deep", MAX_DEPTH);
    if (call->n_src != f->n_args)
        return tf_fail(r, AMCT_E_FORMAT, "calls '%.150s' with %u arguments, %u wanted", name,
                       call->n_src, f->n_args);
    if (!(scope.prefix = inner_prefix(r, call)))
        return tf_nomem(r);
    TF_TRY(tf_scope_begin(r, &scope, f));
    TF_TRY(tf_call_results(r, call, f->n_results));
    for (uint32_t i = 0; i < f->n_results; i++) {
        wire_span result = {(const uint8_t *)f->results[i], strlen(f->results[i])};
        TF_TRY(tf_scope_value(r, &scope, result, &call->dst[i]));
    }
    return AMCT_OK;
}
