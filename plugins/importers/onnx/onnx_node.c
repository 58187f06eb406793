/* Nodes: from the file through canonicalisation to the sink. */
#include "onnx_reader.h"

#include <string.h>

int32_t onnx_unpack_nodes(onnx_reader *r, const onnx_part *spans, onnx_node_proto **out)
{
    onnx_node_proto *nodes = onnx_alloc(&r->memory, spans->n, sizeof *nodes);
    if (!nodes)
        return onnx_nomem(r);
    for (size_t i = 0; i < spans->n; i++) {
        onnx_at(r, "node %zu", i);
        onnx_part attributes = {.number = 5};
        wire_span others;
        ONNX_TRY(onnx_split(r, &r->memory, spans->at[i], &attributes, 1, &others));
        ONNX_TRY(
            onnx_unpack(r, &r->memory, &onnx__node_proto__descriptor, others, &nodes[i].proto));
        nodes[i].attributes = attributes;
    }
    onnx_at(r, "%s", "");
    *out = nodes;
    return AMCT_OK;
}

static void at_node(onnx_reader *r, const onnx_scope *scope, const Onnx__NodeProto *p, size_t index)
{
    onnx_at(r, "node %zu '%s%.100s' (%.60s)", index, scope->prefix, onnx_or_empty(p->name),
            onnx_or_empty(p->op_type));
}

/* "ai.onnx" is the default domain by its full name. */
static const char *domain_of(const Onnx__NodeProto *p)
{
    const char *domain = onnx_or_empty(p->domain);
    return strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

/* Notes that a node makes the value. */
static int32_t claim(onnx_reader *r, onnx_value *value)
{
    if (value->made || value->declared || value->kind != AMCT_TENSOR_VALUE)
        return onnx_fail(r, AMCT_E_FORMAT, "its output '%s' is already %s", value->name,
                         value->kind == AMCT_TENSOR_INPUT ? "an input"
                         : value->made                    ? "made by another node"
                                                          : "a constant");
    value->made = true;
    return AMCT_OK;
}

/* ---- To the sink --------------------------------------------------------------------------- */

int32_t onnx_emit(onnx_reader *r, const onnx_node *node)
{
    uint32_t *ids = onnx_alloc(&r->scratch, (size_t)node->n_src + node->n_dst, sizeof *ids);
    if (!ids)
        return onnx_nomem(r);
    uint32_t *src = ids, *dst = ids + node->n_src;
    for (uint32_t i = 0; i < node->n_src; i++) {
        onnx_value *value = node->src[i];
        src[i] = AMCT_NO_TENSOR;
        if (!value)
            continue;
        ONNX_TRY(onnx_value_emit(r, value));
        src[i] = value->id;
        if (value->kind == AMCT_TENSOR_VALUE && !value->made && !value->first_used &&
            !(value->first_used = onnx_text(&r->memory, "%s", r->place)))
            return onnx_nomem(r);
    }
    for (uint32_t i = 0; i < node->n_dst; i++) {
        onnx_value *value = node->dst[i];
        dst[i] = AMCT_NO_TENSOR;
        if (!value)
            continue;
        value->made = true;
        ONNX_TRY(onnx_value_emit(r, value));
        dst[i] = value->id;
    }
    onnx_infer(node);
    const amct_node_desc desc = {
        .struct_size = sizeof desc,
        .n_src = node->n_src,
        .name = node->name,
        .op = node->op,
        .domain = node->domain,
        .src = src,
        .dst = dst,
        .n_dst = node->n_dst,
        .n_attrs = node->n_attrs,
        .attrs = node->attrs,
    };
    return r->sink->node(r->sink->ctx, &desc);
}

const char *onnx_label(const onnx_node *node)
{
    if (node->name[0])
        return node->name;
    for (uint32_t i = 0; i < node->n_dst; i++)
        if (node->dst[i])
            return node->dst[i]->name;
    return node->op;
}

int32_t onnx_node_new(onnx_reader *r, const onnx_node *of, const char *op, onnx_value *a,
                      onnx_value *b, onnx_value *result, onnx_node *out)
{
    onnx_node node = {.op = op, .domain = "", .n_src = b ? 2 : 1, .n_dst = 1};
    node.name = onnx_text(&r->scratch, "%s_%s", onnx_label(of), op);
    node.src = onnx_alloc(&r->scratch, 2, sizeof *node.src);
    node.dst = onnx_alloc(&r->scratch, 1, sizeof *node.dst);
    if (!node.name || !node.src || !node.dst)
        return onnx_nomem(r);
    node.src[0] = a;
    node.src[1] = b;
    node.dst[0] = result;
    *out = node;
    return AMCT_OK;
}

int32_t onnx_emit_identity(onnx_reader *r, onnx_value *from, onnx_value *to)
{
    const onnx_node of = {.name = to->name, .op = "Identity"};
    onnx_node node;
    ONNX_TRY(onnx_node_new(r, &of, "Identity", from, NULL, to, &node));
    return onnx_emit(r, &node);
}

onnx_value *onnx_src(const onnx_node *node, uint32_t i)
{
    return i < node->n_src ? node->src[i] : NULL;
}

int32_t onnx_set_src(onnx_reader *r, onnx_node *node, uint32_t i, onnx_value *value)
{
    if (i >= node->n_src) {
        onnx_value **more = onnx_alloc(&r->scratch, (size_t)i + 1, sizeof *more);
        if (!more)
            return onnx_nomem(r);
        if (node->n_src)
            memcpy(more, node->src, node->n_src * sizeof *more);
        node->src = more;
        node->n_src = i + 1;
    }
    node->src[i] = value;
    return AMCT_OK;
}

/* ---- Constant nodes ------------------------------------------------------------------------ */

/* Makes the value what an attribute of a Constant node says, its tensor aside. */
static int32_t fill_from_attr(onnx_reader *r, onnx_value *value, const amct_attr_desc *a)
{
    const onnx_type list = {.rank = 1, .dims = {(int64_t)a->count}};
    value->type = (onnx_type){.rank = 0};
    switch (a->type) {
    case AMCT_ATTR_FLOAT:
        value->type.dtype = AMCT_FLOAT;
        return onnx_value_fill(r, value, &a->f, sizeof a->f);
    case AMCT_ATTR_INT:
        value->type.dtype = AMCT_INT64;
        return onnx_value_fill(r, value, &a->i, sizeof a->i);
    case AMCT_ATTR_STRING:
        value->type.dtype = AMCT_STRING;
        return onnx_value_emit_constant(r, value, NULL, 0, AMCT_DATA_MAPPED);
    case AMCT_ATTR_FLOATS:
        value->type = list;
        value->type.dtype = AMCT_FLOAT;
        return onnx_value_fill(r, value, a->data, a->count * sizeof(float));
    case AMCT_ATTR_INTS:
        value->type = list;
        value->type.dtype = AMCT_INT64;
        return onnx_value_fill(r, value, a->data, a->count * sizeof(int64_t));
    case AMCT_ATTR_STRINGS:
        value->type = list;
        value->type.dtype = AMCT_STRING;
        return onnx_value_emit_constant(r, value, NULL, 0, AMCT_DATA_MAPPED);
    default: return onnx_fail(r, AMCT_E_UNSUPPORTED, "attribute '%s' is no value", a->name);
    }
}

/* Where a Constant's bytes go: to the value of its output, unless that must be a node's result
 * (an output of the graph, or a result of a function that the caller has named). */
static int32_t constant_value(onnx_reader *r, onnx_scope *scope, const char *name,
                              onnx_value **constant, onnx_value **result)
{
    onnx_value *known = onnx_value_find(scope, name);
    *result = NULL;
    if (known && (scope->call || known->is_output)) {
        ONNX_TRY(claim(r, known));
        *result = known;
        const char *label = onnx_text(&r->scratch, "%s_value", known->name);
        return label ? onnx_value_new(r, label, constant) : onnx_nomem(r);
    }
    ONNX_TRY(onnx_value_named(r, scope, name, constant));
    if (!*constant)
        return onnx_fail(r, AMCT_E_FORMAT, "its output '%s' is an input of the function", name);
    return claim(r, *constant);
}

static int32_t read_constant(onnx_reader *r, onnx_scope *scope, const onnx_node_proto *p)
{
    if (p->proto->n_output != 1 || !p->proto->output[0][0])
        return onnx_fail(r, AMCT_E_FORMAT, "has %zu outputs, 1 wanted", p->proto->n_output);
    onnx_value *constant, *result;
    ONNX_TRY(constant_value(r, scope, p->proto->output[0], &constant, &result));
    onnx_node node = {.name = ""};
    ONNX_TRY(onnx_read_attrs(r, scope, &p->attributes, constant->name, &node));
    const amct_attr_desc *attr = NULL;
    for (uint32_t i = 0; i < node.n_attrs; i++)
        if (strncmp(node.attrs[i].name, "value", 5) == 0 ||
            strcmp(node.attrs[i].name, "sparse_value") == 0)
            attr = &node.attrs[i];
    if (!attr)
        return onnx_fail(r, AMCT_E_FORMAT, "has no value");
    if (attr->type != AMCT_ATTR_TENSOR) {
        ONNX_TRY(fill_from_attr(r, constant, attr));
    } else {
        /* the sink has the tensor already, or a function's call has it: the name stands for it */
        const onnx_value *tensor = attr->data;
        constant->id = tensor->id;
        constant->kind = tensor->kind;
        constant->type = tensor->type;
        constant->data = tensor->data;
    }
    return result ? onnx_emit_identity(r, constant, result) : AMCT_OK;
}

/* ---- All nodes ----------------------------------------------------------------------------- */

static bool is_constant(const onnx_reader *r, const Onnx__NodeProto *p)
{
    return strcmp(onnx_or_empty(p->op_type), "Constant") == 0 && !domain_of(p)[0] &&
           !onnx_function_find(r, "", "Constant");
}

static int32_t name_values(onnx_reader *r, onnx_scope *scope, char **names, size_t n,
                           onnx_value ***out)
{
    onnx_value **values = onnx_alloc(&r->scratch, n, sizeof *values);
    if (!values)
        return onnx_nomem(r);
    for (size_t i = 0; i < n; i++)
        if (names[i][0])
            ONNX_TRY(onnx_value_named(r, scope, names[i], &values[i]));
    *out = values;
    return AMCT_OK;
}

static int32_t read_node(onnx_reader *r, onnx_scope *scope, const onnx_node_proto *p)
{
    const Onnx__NodeProto *proto = p->proto;
    if (proto->n_input > UINT16_MAX || proto->n_output > UINT16_MAX)
        return onnx_fail(r, AMCT_E_LIMIT, "has %zu inputs and %zu outputs, at most %d wanted",
                         proto->n_input, proto->n_output, UINT16_MAX);
    onnx_node node = {.op = onnx_or_empty(proto->op_type),
                      .domain = domain_of(proto),
                      .n_src = (uint32_t)proto->n_input,
                      .n_dst = (uint32_t)proto->n_output};
    if (!node.op[0])
        return onnx_fail(r, AMCT_E_FORMAT, "has no operator");
    const char *name = onnx_or_empty(proto->name);
    node.name = name[0] ? onnx_text(&r->scratch, "%s%s", scope->prefix, name) : "";
    if (!node.name)
        return onnx_nomem(r);
    ONNX_TRY(name_values(r, scope, proto->input, proto->n_input, &node.src));
    ONNX_TRY(name_values(r, scope, proto->output, proto->n_output, &node.dst));
    ONNX_TRY(onnx_read_attrs(r, scope, &p->attributes, NULL, &node));
    const onnx_function *function = onnx_function_find(r, node.domain, node.op);
    if (function)
        return onnx_inline(r, scope, function, &node);
    for (uint32_t i = 0; i < node.n_dst; i++)
        if (node.dst[i])
            ONNX_TRY(claim(r, node.dst[i]));
    if (node.domain[0])
        return onnx_emit(r, &node);
    if (!scope->opset)
        return onnx_fail(r, AMCT_E_FORMAT,
                         "the file does not say which version of ONNX's operators it uses (it has "
                         "no opset_import for the default domain)");
    return onnx_canonicalise(r, scope->opset, &node);
}

/* Within a function the caller's node is still needed. */
static void forget_scratch(onnx_reader *r, const onnx_scope *scope)
{
    if (!scope->call)
        onnx_memory_clear(&r->scratch);
}

int32_t onnx_read_nodes(onnx_reader *r, onnx_scope *scope, const onnx_node_proto *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_constant(r, nodes[i].proto)) {
            at_node(r, scope, nodes[i].proto, i);
            ONNX_TRY(read_constant(r, scope, &nodes[i]));
            forget_scratch(r, scope);
        }
    for (size_t i = 0; i < n; i++) {
        if (is_constant(r, nodes[i].proto))
            continue;
        at_node(r, scope, nodes[i].proto, i);
        ONNX_TRY(read_node(r, scope, &nodes[i]));
        forget_scratch(r, scope);
    }
    onnx_at(r, "%s", "");
    return AMCT_OK;
}
