/* Nodes on their way to the sink. */
#include "torch_aten.h"

#include <string.h>

enum { MAX_NODES = 1 << 18 };

torch_node torch_begin(torch_call *c, const char *op, const char *part)
{
    return (torch_node){.c = c, .op = op, .part = part};
}

void torch_src(torch_node *node, torch_tensor *t)
{
    torch_reader *r = node->c->r;
    if (node->status != AMCT_OK)
        return;
    size_t cap = node->cap_src;
    torch_tensor **src = import_grow(&r->memory, node->src, node->n_src, &cap, sizeof(void *));
    if (!src) {
        node->status = torch_nomem(r);
        return;
    }
    node->src = src;
    node->cap_src = (uint32_t)cap;
    src[node->n_src++] = t;
    if (t)
        node->status = torch_tensor_emit(r, t);
}

/* A name for something that the call makes: "conv1_pads", "conv1" for its result. */
static const char *name_of(torch_call *c, const char *word)
{
    return word ? import_text(&c->r->memory, "%s_%s", c->label, word)
                : import_text(&c->r->memory, "%s", c->label);
}

void torch_src_ints(torch_node *node, const char *what, const int64_t *ints, uint32_t n)
{
    torch_call *c = node->c;
    torch_tensor *t;
    if (node->status != AMCT_OK)
        return;
    const char *name = name_of(c, what);
    node->status = name ? torch_const_ints(c->r, name, ints, n, &t) : torch_nomem(c->r);
    if (node->status == AMCT_OK)
        torch_src(node, t);
}

void torch_src_number(torch_node *node, const char *what, uint32_t dtype, double number)
{
    torch_call *c = node->c;
    torch_tensor *t;
    if (node->status != AMCT_OK)
        return;
    const char *name = name_of(c, what);
    node->status = name ? torch_const_number(c->r, name, dtype, number, &t) : torch_nomem(c->r);
    if (node->status == AMCT_OK)
        torch_src(node, t);
}

static void add_attr(torch_node *node, amct_attr_desc attr)
{
    if (node->n_attrs < TORCH_MAX_ATTRS)
        node->attrs[node->n_attrs++] = attr;
    else /* of our own making: none has as many */
        node->status =
            torch_fail(node->c->r, AMCT_E_INTERNAL, "%s has too many attributes", node->op);
}

void torch_attr_int(torch_node *node, const char *name, int64_t i)
{
    add_attr(node, import_attr_int(name, i));
}

void torch_attr_float(torch_node *node, const char *name, double f)
{
    add_attr(node, import_attr_float(name, f));
}

void torch_attr_text(torch_node *node, const char *name, const char *text)
{
    add_attr(node, import_attr_text(name, text));
}

void torch_attr_ints(torch_node *node, const char *name, const int64_t *ints, uint32_t n)
{
    const void *own = import_copy(&node->c->r->memory, ints, n * sizeof *ints);
    if (own)
        add_attr(node, import_attr_ints(name, own, n));
    else if (node->status == AMCT_OK)
        node->status = torch_nomem(node->c->r);
}

static int32_t give(torch_reader *r, const char *name, const char *op, const char *domain,
                    torch_tensor **src, uint32_t n_src, torch_tensor **dst, uint32_t n_dst,
                    const amct_attr_desc *attrs, uint32_t n_attrs)
{
    if (++r->n_nodes > MAX_NODES)
        return torch_fail(r, AMCT_E_LIMIT, "the network has more than %d nodes", MAX_NODES);
    uint32_t *ids = import_alloc(&r->memory, n_src + n_dst, sizeof *ids);
    if (!ids)
        return torch_nomem(r);
    for (uint32_t i = 0; i < n_src; i++)
        ids[i] = src[i] ? src[i]->id : AMCT_NO_TENSOR;
    for (uint32_t i = 0; i < n_dst; i++) {
        if (dst[i])
            TORCH_TRY(torch_tensor_emit(r, dst[i]));
        ids[n_src + i] = dst[i] ? dst[i]->id : AMCT_NO_TENSOR;
    }
    const amct_node_desc desc = {
        .struct_size = sizeof desc,
        .n_src = n_src,
        .name = name,
        .op = op,
        .domain = domain,
        .src = ids,
        .dst = ids + n_src,
        .n_dst = n_dst,
        .n_attrs = n_attrs,
        .attrs = attrs,
    };
    return r->sink->node(r->sink->ctx, &desc);
}

int32_t torch_end_all(torch_node *node, torch_tensor **dst, uint32_t n_dst)
{
    if (node->status != AMCT_OK)
        return node->status;
    const char *name = name_of(node->c, node->part);
    if (!name)
        return torch_nomem(node->c->r);
    return give(node->c->r, name, node->op, "", node->src, node->n_src, dst, n_dst, node->attrs,
                node->n_attrs);
}

int32_t torch_end(torch_node *node, uint32_t dtype, int32_t rank, const int64_t *dims,
                  torch_tensor **out)
{
    torch_reader *r = node->c->r;
    torch_tensor *t;
    if (node->status != AMCT_OK)
        return node->status;
    const char *name = name_of(node->c, node->part);
    if (!name)
        return torch_nomem(r);
    TORCH_TRY(torch_tensor_new(r, name, AMCT_TENSOR_VALUE, dtype, rank, dims, &t));
    TORCH_TRY(torch_end_all(node, &t, 1));
    *out = t;
    return AMCT_OK;
}

int32_t torch_return(torch_call *c, torch_tensor *t)
{
    c->result = torch_of(t);
    return AMCT_OK;
}

int32_t torch_end_like(torch_node *node, const torch_tensor *t)
{
    torch_tensor *out;
    TORCH_TRY(torch_end(node, t->dtype, t->rank, t->dims, &out));
    return torch_return(node->c, out);
}

int32_t torch_unary(torch_call *c, const char *op, const char *part, torch_tensor *x,
                    torch_tensor **out)
{
    torch_node node = torch_begin(c, op, part);
    torch_src(&node, x);
    return torch_end(&node, x->dtype, x->rank, x->dims, out);
}

void torch_broadcast(const torch_tensor *a, const torch_tensor *b, int32_t *rank, int64_t *dims)
{
    *rank = a->rank < 0 || b->rank < 0 ? -1 : a->rank > b->rank ? a->rank : b->rank;
    for (int32_t d = 0; d < *rank; d++) {
        int32_t in_a = d - (*rank - a->rank), in_b = d - (*rank - b->rank);
        int64_t p = in_a < 0 ? 1 : a->dims[in_a], q = in_b < 0 ? 1 : b->dims[in_b];
        dims[d] = p == 1 ? q : q == 1 ? p : p < 0 ? q : p;
    }
}

int32_t torch_binary(torch_call *c, const char *op, const char *part, torch_tensor *a,
                     torch_tensor *b, torch_tensor **out)
{
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK];
    torch_broadcast(a, b, &rank, dims);
    torch_node node = torch_begin(c, op, part);
    torch_src(&node, a);
    torch_src(&node, b);
    return torch_end(&node, a->dtype ? a->dtype : b->dtype, rank, dims, out);
}

int32_t torch_reshape_to(torch_call *c, const char *part, torch_tensor *x, const int64_t *dims,
                         uint32_t n, torch_tensor **out)
{
    torch_node node = torch_begin(c, "Reshape", part);
    int64_t shape[AMCT_MAX_RANK];
    torch_src(&node, x);
    torch_src_ints(&node, part ? part : "shape", dims, n);
    for (uint32_t i = 0; i < n; i++) /* 0 copies the dim */
        shape[i] = dims[i] > 0                            ? dims[i]
                   : dims[i] == 0 && (int32_t)i < x->rank ? x->dims[i]
                                                          : AMCT_DIM_UNKNOWN;
    TORCH_TRY(torch_end(&node, x->dtype, (int32_t)n, shape, out));
    torch_share(*out, x);
    return AMCT_OK;
}

int32_t torch_transpose_to(torch_call *c, const char *part, torch_tensor *x, const int64_t *perm,
                           torch_tensor **out)
{
    torch_node node = torch_begin(c, "Transpose", part);
    int64_t dims[AMCT_MAX_RANK];
    for (int32_t d = 0; d < x->rank; d++)
        dims[d] = x->dims[perm[d]];
    if (x->kind == AMCT_TENSOR_CONSTANT) { /* the same bytes in another order */
        TORCH_TRY(torch_tensor_view(c->r, x, out));
        (*out)->id = AMCT_NO_TENSOR;
        for (int32_t d = 0; d < x->rank; d++) {
            (*out)->dims[d] = dims[d];
            (*out)->strides[d] = x->strides[perm[d]];
        }
        return AMCT_OK;
    }
    torch_src(&node, x);
    torch_attr_ints(&node, "perm", perm, (uint32_t)x->rank);
    TORCH_TRY(torch_end(&node, x->dtype, x->rank, dims, out));
    torch_share(*out, x);
    return AMCT_OK;
}

void torch_share(torch_tensor *out, const torch_tensor *x)
{
    out->alias = x->alias;
    out->version = x->version;
}

int32_t torch_arg_operand(torch_call *c, uint32_t i, uint32_t like, torch_tensor **out)
{
    torch_value v = c->args[i];
    if (v.kind == TORCH_TENSOR || v.kind == TORCH_SYMBOL) {
        *out = v.tensor;
        return AMCT_OK;
    }
    double number = torch_arg_number(c, i, 0);
    const char *name = import_text(&c->r->memory, "%s_operand%u", c->label, i);
    if (!name)
        return torch_nomem(c->r);
    return torch_const_number(c->r, name, like, number, out);
}

int32_t torch_aten_pass_on(torch_reader *r, const char *domain, const char *op, const char *label,
                           const torch_value *args, uint32_t n, torch_tensor **dst, uint32_t n_dst)
{
    torch_call c = {.r = r, .name = op, .op = op, .label = label};
    torch_node node = torch_begin(&c, op, NULL);
    size_t length = strlen(op);
    if (length > 1 && op[length - 1] == '_' && op[length - 2] != '_') /* others would not see it */
        return torch_fail(r, AMCT_E_UNSUPPORTED,
                          "operator %.100s::%.100s changes a tensor in place, which is not "
                          "supported; trace the model, or export it with run_decompositions()",
                          domain, op);
    for (uint32_t i = 0; i < n; i++) {
        if (args[i].kind == TORCH_TENSOR)
            torch_src(&node, args[i].tensor);
        for (size_t k = 0; torch_is_list(args[i]) && k < args[i].list->n; k++)
            if (args[i].list->at[k].kind == TORCH_TENSOR)
                torch_src(&node, args[i].list->at[k].tensor);
    }
    if (node.status != AMCT_OK)
        return node.status;
    return give(r, label, op, domain, node.src, node.n_src, dst, n_dst, NULL, 0);
}
