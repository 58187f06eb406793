/*
 * Graphs being read. Nodes are read in the order of the file, which is that of their making, those
 * that the result needs only: what is kept for its side effects alone is left out. A node that is
 * needed before its place is read when somebody wants it.
 */
#include "ms_ops.h"

#include <string.h>

enum { UNUSED = 0, NEEDED, ACTIVE, DONE };
enum { MAX_DEPTH = 512, MAX_CALLS = 32, MAX_EVALUATED = 1 << 18 };

static const wire_span no_span = {NULL, 0};

static wire_span without_ref(wire_span name)
{
    enum { LENGTH = 5 };
    return name.size > LENGTH && memcmp(name.data, "REF::", LENGTH) == 0
               ? (wire_span){name.data + LENGTH, name.size - LENGTH}
               : no_span;
}

/* The operator that a node calls; empty if it calls a graph or what another node makes. */
static wire_span operator_of(const ms_reader *r, const ms_node *node, wire_span *primitive)
{
    wire_span ref = without_ref(node->op);
    *primitive = no_span;
    if (!ref.size)
        return node->op;
    const ms_primitive *p = ms_find_primitive(r, ref);
    if (!p)
        return no_span;
    *primitive = p->message;
    return p->op;
}

/* How many of its inputs the value of a node comes from: others order side effects. */
static uint32_t inputs_of(const ms_reader *r, const ms_node *node)
{
    wire_span primitive, op = operator_of(r, node, &primitive);
    if (wire_is(op, "UpdateState") || wire_is(op, "Constant"))
        return 0;
    bool first = wire_is(op, "Depend") || wire_is(op, "Load");
    return first && node->n_src ? 1 : node->n_src;
}

static int32_t eval(ms_reader *r, ms_scope *scope, uint32_t index, ms_value *out);

/* ---- Names --------------------------------------------------------------------------------- */

static int32_t read_constant(ms_reader *r, const ms_node *node, ms_value *out)
{
    wire_span message = node->message, attribute;
    const char *name = import_copy(&r->memory, node->name.data, node->name.size);
    if (!name)
        return ms_nomem(r);
    if (!wire_each(&message, 5, &attribute))
        return ms_fail(r, AMCT_E_FORMAT, "constant '%.200s' has no value", name);
    return ms_read_value(r, attribute, name, out);
}

static int32_t look_up(ms_reader *r, ms_scope *scope, wire_span name, ms_value *out)
{
    wire_span ref = without_ref(name);
    ms_graph *graph = ref.size ? ms_find_function(r, ref) : NULL;
    const ms_node *constant;
    if (graph) {
        ms_function *f = import_alloc(&r->memory, 1, sizeof *f);
        if (!f)
            return ms_nomem(r);
        *f = (ms_function){.graph = graph, .scope = scope};
        *out = (ms_value){.kind = MS_FUNCTION, .function = f};
        return AMCT_OK;
    }
    for (ms_scope *s = scope; s; s = s->outer) {
        const ms_named *found = ms_graph_find(s->graph, name);
        if (!found)
            continue;
        switch (found->kind) {
        case MS_NAMED_NODE: return eval(r, s, found->index, out);
        case MS_NAMED_INPUT: *out = s->args[found->index]; return AMCT_OK;
        default: *out = s->graph->values[found->index]; return AMCT_OK;
        }
    }
    MS_TRY(ms_find_constant(r, name, &constant));
    if (constant)
        return read_constant(r, constant, out);
    return ms_fail(r, AMCT_E_FORMAT, "takes '%.*s', which nothing makes", MS_SHOWN(name));
}

/* ---- Calls --------------------------------------------------------------------------------- */

static int32_t call_function(ms_reader *r, const ms_function *f, const ms_value *args, uint32_t n,
                             const char *label, ms_value *out)
{
    ms_graph *graph = f->graph;
    uint32_t n_all = f->n_args + n;
    ms_value *all = import_alloc(&r->memory, n_all, sizeof *all);
    const char *prefix = import_text(&r->memory, "%s/", label);
    if (!all || !prefix)
        return ms_nomem(r);
    if (f->n_args)
        memcpy(all, f->args, f->n_args * sizeof *all);
    if (n)
        memcpy(all + f->n_args, args, n * sizeof *all);
    if (graph->active)
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "graph '%.*s' calls itself: loops and recursion are not supported",
                       MS_SHOWN(graph->name));
    if (n_all != graph->n_inputs)
        return ms_fail(r, AMCT_E_FORMAT, "calls '%.*s' with %u arguments, %u wanted",
                       MS_SHOWN(graph->name), n_all, graph->n_inputs);
    return ms_run_graph(r, graph, f->scope, all, prefix, out);
}

/* Partial(f, a, ...) is f with the first of its arguments. */
static int32_t make_partial(ms_reader *r, const ms_value *args, uint32_t n, ms_value *out)
{
    if (!n || args[0].kind != MS_FUNCTION)
        return ms_fail(r, AMCT_E_UNSUPPORTED, "Partial of %s, a graph of the file is wanted",
                       n ? ms_kind_text(args[0]) : "nothing");
    const ms_function *from = args[0].function;
    ms_function *f = import_alloc(&r->memory, 1, sizeof *f);
    ms_value *all = import_alloc(&r->memory, (size_t)from->n_args + n, sizeof *all);
    if (!f || !all)
        return ms_nomem(r);
    if (from->n_args)
        memcpy(all, from->args, from->n_args * sizeof *all);
    memcpy(all + from->n_args, args + 1, (n - 1) * sizeof *all);
    *f = *from;
    f->args = all;
    f->n_args = from->n_args + n - 1;
    *out = (ms_value){.kind = MS_FUNCTION, .function = f};
    return AMCT_OK;
}

/* Of Switch(condition, a, b) the one that a constant condition takes. */
static int32_t choose(ms_reader *r, const ms_value *args, uint32_t n, ms_value *out)
{
    ms_value v = n == 3 ? args[0] : (ms_value){.kind = MS_UNSET};
    bool known = v.kind == MS_BOOL || v.kind == MS_INT;
    bool taken = known && v.i != 0;
    if (v.kind == MS_TENSOR && v.tensor->kind == AMCT_TENSOR_CONSTANT &&
        ms_tensor_count(v.tensor) == 1) {
        known = true;
        taken = ms_tensor_number(v.tensor, 0) != 0;
    }
    if (!known)
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "Switch: a way that is only known when the network runs (if, while) is not "
                       "supported; export the network without control flow");
    *out = args[taken ? 1 : 2];
    return AMCT_OK;
}

/* Where the node stands in the program, else its own name without the graph's. */
static const char *label_of(ms_reader *r, const ms_scope *scope, const ms_node *node)
{
    wire_span name = node->label;
    if (!name.size) {
        const uint8_t *colon = memchr(node->name.data, ':', node->name.size);
        name = node->name;
        if (colon && colon + 1 < name.data + name.size)
            name = (wire_span){colon + 1, (size_t)(name.data + name.size - colon - 1)};
    }
    if (name.size > UINT16_MAX / 2)
        name.size = UINT16_MAX / 2;
    return import_text(&r->memory, "%s%.*s", scope->prefix, (int)name.size,
                       (const char *)name.data);
}

/* Tuples have their monads, too, so that the others keep their places. */
static bool makes_tuple(const char *op)
{
    return strcmp(op, "MakeTuple") == 0 || strcmp(op, "make_tuple") == 0 ||
           strcmp(op, "MakeList") == 0 || strcmp(op, "make_list") == 0;
}

static int32_t call_operator(ms_reader *r, const ms_node *node, wire_span op, wire_span primitive,
                             const char *label, ms_value *args, uint32_t n, ms_value *out)
{
    ms_call c = {.r = r, .node = node, .label = label, .primitive = primitive, .args = args};
    c.op = import_copy(&r->memory, op.data, op.size < UINT8_MAX ? op.size : UINT8_MAX);
    if (!c.op)
        return ms_nomem(r);
    if (strcmp(c.op, "Partial") == 0)
        return make_partial(r, args, n, out);
    if (strcmp(c.op, "Switch") == 0 || strcmp(c.op, "switch") == 0)
        return choose(r, args, n, out);
    for (uint32_t i = 0; i < n; i++)
        if (args[i].kind != MS_MONAD || makes_tuple(c.op))
            args[c.n_args++] = args[i];
    MS_TRY(ms_call_op(&c));
    *out = c.result;
    return AMCT_OK;
}

static int32_t eval_node(ms_reader *r, ms_scope *scope, const ms_node *node, ms_value *out)
{
    wire_span primitive, op = operator_of(r, node, &primitive);
    ms_value callee, *args = import_alloc(&r->memory, node->n_src, sizeof *args);
    const char *label = label_of(r, scope, node);
    uint32_t n = inputs_of(r, node);
    if (!args || !label)
        return ms_nomem(r);
    if (wire_is(op, "Constant"))
        return read_constant(r, node, out);
    if (wire_is(op, "UpdateState")) {
        *out = (ms_value){.kind = MS_MONAD};
        return AMCT_OK;
    }
    for (uint32_t i = 0; i < n; i++)
        MS_TRY(look_up(r, scope, node->src[i], &args[i]));
    /* other nodes have been read in between */
    ms_at(r, "node '%.200s' (%.*s)", label, MS_SHOWN(op.size ? op : node->op));
    if (op.size)
        return call_operator(r, node, op, primitive, label, args, n, out);
    ms_graph *graph = ms_find_function(r, without_ref(node->op));
    const ms_function direct = {.graph = graph, .scope = scope};
    if (graph)
        return call_function(r, &direct, args, n, label, out);
    MS_TRY(look_up(r, scope, without_ref(node->op), &callee));
    if (callee.kind != MS_FUNCTION)
        return ms_fail(r, AMCT_E_FORMAT, "calls %s, a function is wanted", ms_kind_text(callee));
    return call_function(r, callee.function, args, n, label, out);
}

static int32_t eval(ms_reader *r, ms_scope *scope, uint32_t index, ms_value *out)
{
    const ms_node *node = &scope->graph->nodes[index];
    char place[sizeof r->place];
    if (scope->states[index] == DONE) {
        *out = scope->values[index];
        return AMCT_OK;
    }
    if (scope->states[index] == ACTIVE)
        return ms_fail(r, AMCT_E_FORMAT, "'%.*s' is made from itself", MS_SHOWN(node->name));
    if (r->depth == MAX_DEPTH)
        return ms_fail(r, AMCT_E_LIMIT, "more than %d nodes wait for one that stands behind them",
                       MAX_DEPTH);
    if (++r->n_evaluated > MAX_EVALUATED)
        return ms_fail(r, AMCT_E_LIMIT, "the network has more than %d nodes", MAX_EVALUATED);
    memcpy(place, r->place, sizeof place);
    ms_at(r, "node '%.*s'", MS_SHOWN(node->name));
    scope->states[index] = ACTIVE;
    r->depth++;
    MS_TRY(eval_node(r, scope, node, &scope->values[index]));
    r->depth--;
    scope->states[index] = DONE;
    memcpy(r->place, place, sizeof place);
    *out = scope->values[index];
    return AMCT_OK;
}

/* ---- Graphs -------------------------------------------------------------------------------- */

/* Marks the nodes that the graph's results come from. */
static int32_t mark_needed(ms_reader *r, ms_scope *scope)
{
    const ms_graph *g = scope->graph;
    uint32_t *stack = import_alloc(&r->memory, g->n_nodes, sizeof *stack), n = 0;
    if (!stack)
        return ms_nomem(r);
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const ms_named *found = ms_graph_find(g, wire_bytes(g->outputs[i], 1));
        if (found && found->kind == MS_NAMED_NODE && !scope->states[found->index]) {
            scope->states[found->index] = NEEDED;
            stack[n++] = found->index;
        }
    }
    while (n) {
        const ms_node *node = &g->nodes[stack[--n]];
        uint32_t n_src = inputs_of(r, node);
        for (uint32_t i = 0; i < n_src; i++) {
            const ms_named *found = ms_graph_find(g, node->src[i]);
            if (!found || found->kind != MS_NAMED_NODE || scope->states[found->index])
                continue;
            scope->states[found->index] = NEEDED;
            stack[n++] = found->index;
        }
    }
    return AMCT_OK;
}

static int32_t read_results(ms_reader *r, ms_scope *scope, ms_value *out)
{
    const ms_graph *g = scope->graph;
    if (!g->n_outputs)
        return ms_fail(r, AMCT_E_FORMAT, "graph '%.*s' has no result", MS_SHOWN(g->name));
    if (g->n_outputs == 1)
        return look_up(r, scope, wire_bytes(g->outputs[0], 1), out);
    MS_TRY(ms_list_new(r, g->n_outputs, out));
    for (uint32_t i = 0; i < g->n_outputs; i++)
        MS_TRY(look_up(r, scope, wire_bytes(g->outputs[i], 1), &out->list->at[i]));
    return AMCT_OK;
}

int32_t ms_run_graph(ms_reader *r, ms_graph *graph, ms_scope *outer, const ms_value *args,
                     const char *prefix, ms_value *result)
{
    ms_scope *scope = import_alloc(&r->memory, 1, sizeof *scope);
    ms_value ignored;
    if (!scope)
        return ms_nomem(r);
    *scope = (ms_scope){.graph = graph,
                        .outer = outer,
                        .prefix = prefix,
                        .args = args,
                        .depth = outer ? outer->depth + 1 : 0};
    if (scope->depth > MAX_CALLS)
        return ms_fail(r, AMCT_E_LIMIT, "graphs call each other more than %d deep", MAX_CALLS);
    scope->values = import_alloc(&r->memory, graph->n_nodes, sizeof *scope->values);
    scope->states = import_alloc(&r->memory, graph->n_nodes, sizeof *scope->states);
    if (!scope->values || !scope->states)
        return ms_nomem(r);
    MS_TRY(mark_needed(r, scope));
    graph->active = true;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (scope->states[i] == NEEDED)
            MS_TRY(eval(r, scope, i, &ignored));
    MS_TRY(read_results(r, scope, result));
    graph->active = false;
    return AMCT_OK;
}
