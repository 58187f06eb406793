/* Attributes of nodes: read, looked up, changed. */
#include "onnx_reader.h"

#include <string.h>

/* The oldest files have no type: it follows from the field that is set. */
static int type_of(const Onnx__AttributeProto *a, bool tensor, bool sparse, bool opaque)
{
    if (a->has_type && a->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED)
        return (int)a->type;
    return a->has_f       ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
           : a->has_i     ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
           : a->has_s     ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
           : tensor       ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
           : sparse       ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR
           : opaque       ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH
           : a->n_floats  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
           : a->n_strings ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
                          : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static int32_t read_tensor(onnx_reader *r, wire_span message, bool sparse, const char *name,
                           amct_attr_desc *out)
{
    onnx_tensor tensor;
    onnx_value *value;
    ONNX_TRY(sparse ? onnx_read_sparse(r, message, &tensor)
                    : onnx_read_tensor(r, message, &tensor));
    if (!name)
        name = tensor.name[0] ? tensor.name : out->name;
    ONNX_TRY(onnx_value_new(r, name, &value));
    ONNX_TRY(onnx_value_take(r, value, &tensor));
    out->type = AMCT_ATTR_TENSOR;
    out->i = value->id;
    out->data = value; /* for the reader only: the sink looks at i */
    return AMCT_OK;
}

static int32_t read_strings(onnx_reader *r, const Onnx__AttributeProto *a, amct_attr_desc *out)
{
    const char **texts = onnx_alloc(&r->memory, a->n_strings, sizeof *texts);
    if (!texts)
        return onnx_nomem(r);
    for (size_t i = 0; i < a->n_strings; i++) {
        char *text = onnx_alloc(&r->memory, a->strings[i].len + 1, 1);
        if (!text)
            return onnx_nomem(r);
        if (a->strings[i].len)
            memcpy(text, a->strings[i].data, a->strings[i].len);
        texts[i] = text;
    }
    out->type = AMCT_ATTR_STRINGS;
    out->data = texts;
    out->count = a->n_strings;
    return AMCT_OK;
}

static int32_t resolve(onnx_reader *r, const onnx_scope *scope, const char *reference,
                       amct_attr_desc *out, bool *present)
{
    if (!scope->call)
        return onnx_fail(r, AMCT_E_FORMAT,
                         "attribute '%s' refers to '%s' of a function, but is in none", out->name,
                         reference);
    const char *name = out->name;
    *present = false;
    for (uint32_t i = 0; i < scope->call->n_attrs; i++)
        if (strcmp(scope->call->attrs[i].name, reference) == 0) {
            *out = scope->call->attrs[i];
            out->name = name;
            *present = true;
        }
    return AMCT_OK;
}

int32_t onnx_read_attr(onnx_reader *r, const onnx_scope *scope, wire_span message,
                       const char *tensor_name, amct_attr_desc *out, bool *present)
{
    enum { TENSOR, SPARSE, GRAPH, TENSORS, GRAPHS, TYPE, TYPES, SPARSES, N_PARTS };
    onnx_part parts[N_PARTS] = {{.number = 5},  {.number = 22}, {.number = 6},  {.number = 10},
                                {.number = 11}, {.number = 14}, {.number = 15}, {.number = 23}};
    wire_span others;
    Onnx__AttributeProto *a;
    ONNX_TRY(onnx_split(r, &r->memory, message, parts, N_PARTS, &others));
    ONNX_TRY(onnx_unpack(r, &r->memory, &onnx__attribute_proto__descriptor, others, &a));
    *out = (amct_attr_desc){.struct_size = sizeof *out, .name = onnx_or_empty(a->name)};
    *present = true;
    if (onnx_or_empty(a->ref_attr_name)[0])
        return resolve(r, scope, a->ref_attr_name, out, present);
    size_t n_opaque = 0;
    for (size_t i = GRAPH; i < N_PARTS; i++)
        n_opaque += parts[i].n;
    bool tensor = parts[TENSOR].n > 0, sparse = parts[SPARSE].n > 0;
    switch (type_of(a, tensor, sparse, n_opaque > 0)) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        out->type = AMCT_ATTR_FLOAT;
        out->f = a->f;
        return AMCT_OK;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        out->type = AMCT_ATTR_INT;
        out->i = a->i;
        return AMCT_OK;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        out->type = AMCT_ATTR_STRING;
        out->data = a->s.data;
        out->count = a->s.len;
        return AMCT_OK;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        out->type = AMCT_ATTR_FLOATS;
        out->data = a->floats;
        out->count = a->n_floats;
        return AMCT_OK;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        out->type = AMCT_ATTR_INTS;
        out->data = a->ints;
        out->count = a->n_ints;
        return AMCT_OK;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS: return read_strings(r, a, out);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR:
        if (!tensor && !sparse)
            return onnx_fail(r, AMCT_E_FORMAT, "attribute '%s' has no tensor", out->name);
        return read_tensor(r, tensor ? parts[TENSOR].at[0] : parts[SPARSE].at[0], !tensor,
                           tensor_name, out);
    default: out->type = AMCT_ATTR_OPAQUE; return AMCT_OK;
    }
}

int32_t onnx_read_attrs(onnx_reader *r, const onnx_scope *scope, const onnx_part *spans,
                        const char *tensor_name, onnx_node *node)
{
    node->attrs = onnx_alloc(&r->scratch, spans->n + 1, sizeof *node->attrs);
    node->n_attrs = 0;
    if (!node->attrs)
        return onnx_nomem(r);
    for (size_t i = 0; i < spans->n; i++) {
        bool present;
        ONNX_TRY(onnx_read_attr(r, scope, spans->at[i], tensor_name, &node->attrs[node->n_attrs],
                                &present));
        node->n_attrs += present;
    }
    return AMCT_OK;
}

static amct_attr_desc *find(const onnx_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    return NULL;
}

const amct_attr_desc *onnx_attr(const onnx_node *node, const char *name, uint32_t type)
{
    const amct_attr_desc *attr = find(node, name);
    return attr && attr->type == type ? attr : NULL;
}

int64_t onnx_attr_int(const onnx_node *node, const char *name, int64_t otherwise)
{
    const amct_attr_desc *attr = onnx_attr(node, name, AMCT_ATTR_INT);
    return attr ? attr->i : otherwise;
}

void onnx_attr_drop(onnx_node *node, const char *name)
{
    amct_attr_desc *attr = find(node, name);
    if (!attr)
        return;
    size_t behind = (size_t)(node->attrs + node->n_attrs - (attr + 1));
    memmove(attr, attr + 1, behind * sizeof *attr);
    node->n_attrs--;
}

int32_t onnx_attr_set(onnx_reader *r, onnx_node *node, amct_attr_desc attr)
{
    amct_attr_desc *old = find(node, attr.name);
    attr.struct_size = sizeof attr;
    if (old) {
        *old = attr;
        return AMCT_OK;
    }
    amct_attr_desc *more = onnx_alloc(&r->scratch, (size_t)node->n_attrs + 1, sizeof *more);
    if (!more)
        return onnx_nomem(r);
    if (node->n_attrs)
        memcpy(more, node->attrs, node->n_attrs * sizeof *more);
    more[node->n_attrs++] = attr;
    node->attrs = more;
    return AMCT_OK;
}

int32_t onnx_attr_set_int(onnx_reader *r, onnx_node *node, const char *name, int64_t i)
{
    return onnx_attr_set(r, node, (amct_attr_desc){.type = AMCT_ATTR_INT, .name = name, .i = i});
}

int32_t onnx_attr_set_text(onnx_reader *r, onnx_node *node, const char *name, const char *text)
{
    return onnx_attr_set(
        r, node,
        (amct_attr_desc){
            .type = AMCT_ATTR_STRING, .name = name, .data = text, .count = strlen(text)});
}
