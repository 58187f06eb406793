#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

ops_case *ops_case_new(const char *op, uint32_t n_dst)
{
    amct_arena *arena = amct_arena_new();
    ops_case *c = amct_arena_alloc(arena, sizeof *c);
    c->arena = arena;
    c->op = amct_op_find(op, "");
    cr_assert_not_null(c->op, "no operator %s", op);
    c->node = (amct_node){.name = "n", .op = op, .domain = "", .n_dst = n_dst, .attrs = c->attrs};
    return c;
}

void ops_case_free(ops_case *c)
{
    amct_arena_free(c->arena);
}

static amct_attr *attr(ops_case *c, const char *name, uint32_t type)
{
    cr_assert(c->node.n_attrs < OPS_CASE_MAX);
    amct_attr *a = &c->attrs[c->node.n_attrs++];
    *a = (amct_attr){.name = name, .type = type};
    return a;
}

void ops_case_int(ops_case *c, const char *name, int64_t value)
{
    attr(c, name, AMCT_ATTR_INT)->i = value;
}

void ops_case_float(ops_case *c, const char *name, float value)
{
    attr(c, name, AMCT_ATTR_FLOAT)->f = value;
}

void ops_case_string(ops_case *c, const char *name, const char *value)
{
    amct_attr *a = attr(c, name, AMCT_ATTR_STRING);
    a->data = amct_arena_string(c->arena, value);
    a->count = strlen(value);
}

void ops_case_ints(ops_case *c, const char *name, const int64_t *values, size_t n)
{
    amct_attr *a = attr(c, name, AMCT_ATTR_INTS);
    a->data = amct_arena_copy(c->arena, values, n * sizeof *values);
    a->count = n;
}

static void *block(ops_case *c, uint32_t dtype, const amct_shape *shape, size_t *bytes)
{
    cr_assert_eq(amct_tensor_bytes(bytes, dtype, shape, &c->err), AMCT_OK, "%s", c->err.text);
    return amct_arena_alloc(c->arena, *bytes);
}

uint32_t ops_case_src(ops_case *c, uint32_t dtype, amct_shape shape, const double *numbers,
                      size_t n)
{
    uint32_t i = c->node.n_src++;
    cr_assert(i < OPS_CASE_MAX);
    amct_tensor *t = &c->src[i];
    *t = (amct_tensor){.name = "", .dtype = dtype, .shape = shape};
    void *data = block(c, dtype, &shape, &t->bytes);
    for (int64_t k = 0; k < amct_shape_size(&shape); k++)
        amct_element_put(dtype, data, k, numbers[(size_t)k % n]);
    t->data = data;
    c->given[i] = true;
    return i;
}

void ops_case_no_src(ops_case *c)
{
    cr_assert(c->node.n_src < OPS_CASE_MAX);
    c->given[c->node.n_src++] = false;
}

amct_status ops_case_infer(ops_case *c)
{
    amct_tensor seen[OPS_CASE_MAX], dst[OPS_CASE_MAX] = {{0}};
    const amct_tensor *src[OPS_CASE_MAX];
    for (uint32_t i = 0; i < c->node.n_src; i++) {
        seen[i] = c->src[i];
        seen[i].data = c->variable[i] ? NULL : seen[i].data;
        src[i] = c->given[i] ? &seen[i] : NULL;
    }
    amct_infer in = {.node = &c->node, .src = src, .dst = dst};
    AMCT_TRY(amct_op_infer(c->op, &in, &c->err));
    for (uint32_t i = 0; i < c->node.n_dst; i++)
        c->dst[i] = (amct_value){dst[i].dtype, dst[i].zero_point, dst[i].shape, NULL};
    return AMCT_OK;
}

amct_status ops_case_run(ops_case *c)
{
    amct_value values[OPS_CASE_MAX];
    const amct_value *src[OPS_CASE_MAX];
    amct_value *dst[OPS_CASE_MAX];
    size_t bytes;
    AMCT_TRY(ops_case_infer(c));
    for (uint32_t i = 0; i < c->node.n_src; i++) {
        const amct_tensor *t = &c->src[i];
        values[i] = (amct_value){t->dtype, t->zero_point, t->shape, (void *)(uintptr_t)t->data};
        src[i] = c->given[i] ? &values[i] : NULL;
    }
    for (uint32_t i = 0; i < c->node.n_dst; i++) {
        c->dst[i].data = block(c, c->dst[i].dtype, &c->dst[i].shape, &bytes);
        memset(c->dst[i].data, 0xa5, bytes);
        dst[i] = &c->dst[i];
    }
    amct_call call = {.node = &c->node, .src = src, .dst = dst};
    return amct_op_run(c->op, &call, &c->err);
}

void ops_case_expect(const ops_case *c, uint32_t i, uint32_t dtype, amct_shape shape,
                     const double *numbers, size_t n)
{
    char found[128], wanted[128];
    const amct_value *v = &c->dst[i];
    cr_assert_eq(v->dtype, dtype, "%s: type %s", c->op->name, amct_dtype_name(v->dtype));
    cr_assert(amct_shape_equal(&v->shape, &shape), "%s: shape %s, wanted %s", c->op->name,
              amct_shape_print(&v->shape, found, sizeof found),
              amct_shape_print(&shape, wanted, sizeof wanted));
    cr_assert_eq((size_t)amct_shape_size(&shape), n, "%s: the test gives %zu numbers", c->op->name,
                 n);
    for (size_t k = 0; k < n; k++) {
        double y = amct_value_get(v, (int64_t)k), want = numbers[k];
        double slack = amct_dtype_is_float(dtype) ? 1e-6 * (1 + fabs(want)) : 0;
        if (dtype == AMCT_FLOAT16 || dtype == AMCT_BFLOAT16)
            slack *= 4000;
        cr_assert(y == want || (isnan(y) && isnan(want)) || fabs(y - want) <= slack,
                  "%s: element %zu is %.9g, wanted %.9g", c->op->name, k, y, want);
    }
}

void ops_case_gives(ops_case *c, uint32_t dtype, amct_shape shape, const double *numbers, size_t n)
{
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    ops_case_expect(c, 0, dtype, shape, numbers, n);
    ops_case_free(c);
}

void ops_case_refuses(ops_case *c, amct_status code, const char *text)
{
    amct_status status = ops_case_run(c);
    cr_assert_eq(status, code, "%s: status %d (%s)", c->op->name, status, c->err.text);
    cr_assert_str_eq(c->err.text, text);
    ops_case_free(c);
}
