/* The model's own functions: their bodies are read in the place of the nodes that call them. */
#include "onnx_reader.h"

#include <search.h>
#include <string.h>

/* How deep calls may nest, and how many nodes and bytes of the file they may become: a few
 * functions that call each other twice would become 2^n. */
enum { MAX_DEPTH = 32, MAX_INLINED = 200000, MAX_INLINED_BYTES = 64 << 20 };

static int compare_functions(const void *a, const void *b)
{
    return strcmp(((const onnx_function *)a)->key, ((const onnx_function *)b)->key);
}

int32_t onnx_read_functions(onnx_reader *r, const onnx_part *spans)
{
    for (size_t i = 0; i < spans->n; i++) {
        onnx_at(r, "function %zu", i);
        enum { NODES, DEFAULTS, INFOS, N_PARTS };
        onnx_part parts[N_PARTS] = {{.number = 7}, {.number = 11}, {.number = 12}};
        wire_span others;
        onnx_function *f = onnx_alloc(&r->memory, 1, sizeof *f);
        if (!f)
            return onnx_nomem(r);
        ONNX_TRY(onnx_split(r, &r->memory, spans->at[i], parts, N_PARTS, &others));
        ONNX_TRY(onnx_unpack(r, &r->memory, &onnx__function_proto__descriptor, others, &f->proto));
        f->defaults = parts[DEFAULTS];
        onnx_at(r, "function '%.200s'", onnx_or_empty(f->proto->name));
        f->nodes = parts[NODES];
        f->size = spans->at[i].size;
        f->key = onnx_text(&r->memory, "%s:%s", onnx_or_empty(f->proto->domain),
                           onnx_or_empty(f->proto->name));
        void *known = f->key ? tsearch(f, &r->functions, compare_functions) : NULL;
        if (!known)
            return onnx_nomem(r);
        if (*(onnx_function **)known != f)
            return onnx_fail(r, AMCT_E_UNSUPPORTED, "is there twice (overloads are not supported)");
    }
    onnx_at(r, "%s", "");
    return AMCT_OK;
}

const onnx_function *onnx_function_find(const onnx_reader *r, const char *domain, const char *op)
{
    char key[512];
    if (!r->functions || strlen(domain) + strlen(op) + 2 > sizeof key)
        return NULL;
    strcpy(key, domain);
    strcat(key, ":");
    strcat(key, op);
    const onnx_function wanted = {.key = key};
    void *found = tfind(&wanted, &r->functions, compare_functions);
    return found ? *(onnx_function **)found : NULL;
}

/* The call with the function's default values for attributes that it leaves out. */
static int32_t add_defaults(onnx_reader *r, const onnx_scope *scope, const onnx_function *function,
                            onnx_node *call)
{
    for (size_t i = 0; i < function->defaults.n; i++) {
        amct_attr_desc attr;
        bool present, given = false;
        ONNX_TRY(onnx_read_attr(r, scope, function->defaults.at[i], NULL, &attr, &present));
        for (uint32_t k = 0; k < call->n_attrs; k++)
            given |= strcmp(call->attrs[k].name, attr.name) == 0;
        if (present && !given)
            ONNX_TRY(onnx_attr_set(r, call, attr));
    }
    return AMCT_OK;
}

static int64_t default_opset(const Onnx__FunctionProto *proto, int64_t otherwise)
{
    for (size_t i = 0; i < proto->n_opset_import; i++) {
        const char *domain = onnx_or_empty(proto->opset_import[i]->domain);
        if (!domain[0] || strcmp(domain, "ai.onnx") == 0)
            return proto->opset_import[i]->version;
    }
    return otherwise;
}

static int32_t bind_arguments(onnx_reader *r, onnx_scope *body, const Onnx__FunctionProto *proto,
                              const onnx_node *call)
{
    if (call->n_src > proto->n_input || call->n_dst > proto->n_output)
        return onnx_fail(r, AMCT_E_FORMAT,
                         "has %u inputs and %u outputs, the function has %zu and %zu", call->n_src,
                         call->n_dst, proto->n_input, proto->n_output);
    for (size_t i = 0; i < proto->n_input; i++)
        ONNX_TRY(onnx_value_bind(r, body, proto->input[i], onnx_src(call, (uint32_t)i)));
    for (uint32_t i = 0; i < call->n_dst; i++) {
        onnx_value *result = call->dst[i];
        if (!result)
            continue;
        if (result->made || result->declared || result->kind != AMCT_TENSOR_VALUE)
            return onnx_fail(r, AMCT_E_FORMAT, "its output '%s' is already there", result->name);
        onnx_value *passed = onnx_value_find(body, proto->output[i]);
        if (passed) /* an input that is passed on, or a result that is asked for twice */
            ONNX_TRY(onnx_emit_identity(r, passed, result));
        else
            ONNX_TRY(onnx_value_bind(r, body, proto->output[i], result));
    }
    return AMCT_OK;
}

static int32_t read_body(onnx_reader *r, onnx_scope *body, const onnx_function *function,
                         const onnx_node *call)
{
    if (body->depth > MAX_DEPTH)
        return onnx_fail(r, AMCT_E_LIMIT, "functions call each other more than %d deep", MAX_DEPTH);
    r->n_inlined += function->nodes.n;
    r->n_inlined_bytes += function->size + function->nodes.n * strlen(body->prefix);
    if (r->n_inlined > MAX_INLINED || r->n_inlined_bytes > MAX_INLINED_BYTES)
        return onnx_fail(r, AMCT_E_LIMIT, "functions become more than %d nodes or %d bytes",
                         MAX_INLINED, MAX_INLINED_BYTES);
    if (body->opset && body->opset < ONNX_MIN_OPSET)
        return onnx_fail(r, AMCT_E_UNSUPPORTED,
                         "the function uses operator set %lld, %d or newer wanted",
                         (long long)body->opset, ONNX_MIN_OPSET);
    ONNX_TRY(bind_arguments(r, body, function->proto, call));
    onnx_node_proto *nodes;
    ONNX_TRY(onnx_unpack_nodes(r, &function->nodes, &nodes));
    return onnx_read_nodes(r, body, nodes, function->nodes.n);
}

int32_t onnx_inline(onnx_reader *r, const onnx_scope *scope, const onnx_function *function,
                    const onnx_node *node)
{
    onnx_node call = *node;
    onnx_scope body = {.call = &call,
                       .opset = default_opset(function->proto, scope->opset),
                       .depth = scope->depth + 1};
    body.prefix = onnx_text(&r->memory, "%s/", onnx_label(node));
    if (!body.prefix)
        return onnx_nomem(r);
    if (strlen(body.prefix) > 4096)
        return onnx_fail(r, AMCT_E_LIMIT, "names of functions are too long");
    ONNX_TRY(add_defaults(r, scope, function, &call));
    char place[sizeof r->place];
    memcpy(place, r->place, sizeof place);
    int32_t status = read_body(r, &body, function, &call);
    onnx_scope_clear(&body);
    if (status != AMCT_OK)
        return status;
    memcpy(r->place, place, sizeof place);
    for (uint32_t i = 0; i < call.n_dst; i++)
        if (call.dst[i] && !call.dst[i]->made)
            return onnx_fail(r, AMCT_E_FORMAT, "the function '%s' does not make its output '%s'",
                             onnx_or_empty(function->proto->name), function->proto->output[i]);
    return AMCT_OK;
}
