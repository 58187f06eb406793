/* Nodes on their way to the sink. */
#include "ms_ops.h"

#include <string.h>

enum { MAX_NODES = 1 << 19, MAX_RESULTS = 1024 };

const char *ms_name(ms_call *c, const char *part)
{
    return part ? import_text(&c->r->memory, "%s/%s", c->label, part) : c->label;
}

ms_build ms_begin(ms_call *c, const char *op, const char *part)
{
    return (ms_build){.c = c, .op = op, .part = part};
}

void ms_in(ms_build *b, ms_tensor *t)
{
    ms_reader *r = b->c->r;
    if (b->status != AMCT_OK)
        return;
    ms_tensor **src = import_grow(&r->memory, b->src, b->n_src, &b->cap_src, sizeof(void *));
    if (!src) {
        b->status = ms_nomem(r);
        return;
    }
    b->src = src;
    src[b->n_src++] = t;
    if (t)
        b->status = ms_tensor_emit(r, t);
}

void ms_in_ints(ms_build *b, const char *what, const int64_t *ints, uint32_t n)
{
    ms_tensor *t;
    if (b->status != AMCT_OK)
        return;
    const char *name = ms_name(b->c, what);
    b->status = name ? ms_const_ints(b->c->r, name, ints, n, &t) : ms_nomem(b->c->r);
    if (b->status == AMCT_OK)
        ms_in(b, t);
}

void ms_in_number(ms_build *b, const char *what, uint32_t dtype, double number)
{
    ms_tensor *t;
    if (b->status != AMCT_OK)
        return;
    const char *name = ms_name(b->c, what);
    if (!ms_dtype_bytes(dtype))
        b->status = ms_fail(b->c->r, AMCT_E_UNSUPPORTED, "the type of its input is not known");
    else
        b->status = name ? ms_const_number(b->c->r, name, dtype, number, &t) : ms_nomem(b->c->r);
    if (b->status == AMCT_OK)
        ms_in(b, t);
}

static void add_attr(ms_build *b, amct_attr_desc attr)
{
    if (b->n_attrs < MS_MAX_ATTRS)
        b->attrs[b->n_attrs++] = attr;
    else /* of our own making: none has as many */
        b->status = ms_fail(b->c->r, AMCT_E_INTERNAL, "%s has too many attributes", b->op);
}

void ms_set_int(ms_build *b, const char *name, int64_t i)
{
    add_attr(b, import_attr_int(name, i));
}

void ms_set_float(ms_build *b, const char *name, double f)
{
    add_attr(b, import_attr_float(name, f));
}

void ms_set_text(ms_build *b, const char *name, const char *text)
{
    add_attr(b, import_attr_text(name, text));
}

void ms_set_ints(ms_build *b, const char *name, const int64_t *ints, uint32_t n)
{
    const void *own = import_copy(&b->c->r->memory, ints, n * sizeof *ints);
    if (own)
        add_attr(b, import_attr_ints(name, own, n));
    else if (b->status == AMCT_OK)
        b->status = ms_nomem(b->c->r);
}

static int32_t give(ms_reader *r, amct_node_desc *desc, ms_tensor **src, ms_tensor **dst)
{
    if (++r->n_emitted > MAX_NODES)
        return ms_fail(r, AMCT_E_LIMIT, "the network has more than %d nodes", MAX_NODES);
    uint32_t *ids = import_alloc(&r->memory, (size_t)desc->n_src + desc->n_dst, sizeof *ids);
    if (!ids)
        return ms_nomem(r);
    for (uint32_t i = 0; i < desc->n_src; i++)
        ids[i] = src[i] ? src[i]->id : AMCT_NO_TENSOR;
    for (uint32_t i = 0; i < desc->n_dst; i++) {
        MS_TRY(ms_tensor_emit(r, dst[i]));
        ids[desc->n_src + i] = dst[i]->id;
    }
    desc->struct_size = sizeof *desc;
    desc->src = ids;
    desc->dst = ids + desc->n_src;
    return r->sink->node(r->sink->ctx, desc);
}

int32_t ms_end_all(ms_build *b, ms_tensor **dst, uint32_t n)
{
    MS_TRY(b->status);
    const char *name = ms_name(b->c, b->part);
    if (!name)
        return ms_nomem(b->c->r);
    amct_node_desc desc = {.name = name,
                           .op = b->op,
                           .domain = "",
                           .n_src = (uint32_t)b->n_src,
                           .n_dst = n,
                           .n_attrs = b->n_attrs,
                           .attrs = b->attrs};
    return give(b->c->r, &desc, b->src, dst);
}

int32_t ms_end(ms_build *b, uint32_t dtype, int32_t rank, const int64_t *dims, ms_tensor **out)
{
    ms_tensor *t;
    MS_TRY(b->status);
    const char *name = ms_name(b->c, b->part);
    if (!name)
        return ms_nomem(b->c->r);
    MS_TRY(ms_tensor_new(b->c->r, name, dtype, rank, dims, &t));
    MS_TRY(ms_end_all(b, &t, 1));
    *out = t;
    return AMCT_OK;
}

int32_t ms_return(ms_call *c, ms_tensor *t)
{
    c->result = ms_of(t);
    return AMCT_OK;
}

int32_t ms_finish(ms_build *b, const ms_tensor *like)
{
    ms_tensor hint, *out;
    MS_TRY(ms_hint(b->c, 0, &hint));
    if (hint.rank < 0 && like) {
        hint.rank = like->rank;
        memcpy(hint.dims, like->dims, sizeof hint.dims);
    }
    if (!hint.dtype && like)
        hint.dtype = like->dtype;
    MS_TRY(ms_end(b, hint.dtype, hint.rank, hint.dims, &out));
    return ms_return(b->c, out);
}

int32_t ms_finish_first(ms_build *b, const ms_tensor *like, uint32_t n)
{
    MS_TRY(ms_finish(b, like));
    ms_value first = b->c->result;
    MS_TRY(ms_list_new(b->c->r, n, &b->c->result));
    b->c->result.list->at[0] = first;
    for (uint32_t i = 1; i < n; i++)
        b->c->result.list->at[i] =
            (ms_value){.kind = MS_LOST, .text = "a result that is not computed at inference"};
    return AMCT_OK;
}

int32_t ms_unary(ms_call *c, const char *op, const char *part, ms_tensor *x, ms_tensor **out)
{
    ms_build b = ms_begin(c, op, part);
    ms_in(&b, x);
    return ms_end(&b, x->dtype, x->rank, x->dims, out);
}

int32_t ms_binary(ms_call *c, const char *op, const char *part, ms_tensor *x, ms_tensor *y,
                  ms_tensor **out)
{
    ms_build b = ms_begin(c, op, part);
    ms_in(&b, x);
    ms_in(&b, y);
    return ms_end(&b, x->dtype, -1, NULL, out);
}

int32_t ms_binary_number(ms_call *c, const char *op, const char *part, ms_tensor *x, double number,
                         ms_tensor **out)
{
    ms_build b = ms_begin(c, op, part);
    const char *what = part ? import_text(&c->r->memory, "%s/number", part) : "number";
    if (!what)
        return ms_nomem(c->r);
    ms_in(&b, x);
    ms_in_number(&b, what, x->dtype, number);
    return ms_end(&b, x->dtype, x->rank, x->dims, out);
}

int32_t ms_reshape(ms_call *c, const char *part, ms_tensor *x, const int64_t *dims, uint32_t n,
                   ms_tensor **out)
{
    ms_build b = ms_begin(c, "Reshape", part);
    const char *what = part ? import_text(&c->r->memory, "%s/dims", part) : "dims";
    if (!what)
        return ms_nomem(c->r);
    ms_in(&b, x);
    ms_in_ints(&b, what, dims, n);
    int64_t shape[MS_MAX_RANK];
    for (uint32_t d = 0; d < n && d < MS_MAX_RANK; d++) /* 0 copies the dim */
        shape[d] = dims[d] > 0                            ? dims[d]
                   : dims[d] == 0 && (int32_t)d < x->rank ? x->dims[d]
                                                          : AMCT_DIM_UNKNOWN;
    return ms_end(&b, x->dtype, (int32_t)n, shape, out);
}

int32_t ms_identity(ms_reader *r, ms_tensor *t, ms_tensor **out)
{
    const char *name = import_text(&r->memory, "%s/output", t->name);
    if (!name)
        return ms_nomem(r);
    MS_TRY(ms_tensor_new(r, name, t->dtype, t->rank, t->dims, out));
    MS_TRY(ms_tensor_emit(r, t));
    amct_node_desc desc = {.name = name, .op = "Identity", .domain = "", .n_src = 1, .n_dst = 1};
    return give(r, &desc, &t, out);
}

/* ---- Operators that we do not know ---------------------------------------------------------- */

int32_t ms_pass_on(ms_call *c)
{
    ms_reader *r = c->r;
    ms_build b = ms_begin(c, c->op, NULL);
    ms_tensor hint, **dst;
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_args; i++) {
        ms_value v = c->args[i];
        if (v.kind == MS_TENSOR)
            ms_in(&b, v.tensor);
        for (uint32_t k = 0; v.kind == MS_TUPLE && k < v.list->n; k++)
            if (v.list->at[k].kind == MS_TENSOR)
                ms_in(&b, v.list->at[k].tensor);
    }
    MS_TRY(b.status);
    bool tuple = ms_hints(c, &n);
    if (n > MAX_RESULTS)
        return ms_fail(r, AMCT_E_LIMIT, "%u results of one node, at most %d wanted", n,
                       MAX_RESULTS);
    dst = import_alloc(&r->memory, n, sizeof *dst);
    if (!dst)
        return ms_nomem(r);
    for (uint32_t i = 0; i < n; i++) {
        const char *name = i ? import_text(&r->memory, "%s/%u", c->label, i) : c->label;
        if (!name)
            return ms_nomem(r);
        MS_TRY(ms_hint(c, i, &hint));
        MS_TRY(ms_tensor_new(r, name, hint.dtype, hint.rank, hint.dims, &dst[i]));
    }
    amct_node_desc desc = {.name = c->label,
                           .op = c->op,
                           .domain = "mindspore",
                           .n_src = (uint32_t)b.n_src,
                           .n_dst = n};
    MS_TRY(give(r, &desc, b.src, dst));
    if (!tuple)
        return ms_return(c, dst[0]);
    MS_TRY(ms_list_new(r, n, &c->result));
    for (uint32_t i = 0; i < n; i++)
        c->result.list->at[i] = ms_of(dst[i]);
    return AMCT_OK;
}
