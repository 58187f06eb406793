/* What operators are told: inputs, or attributes. */
#include "ms_ops.h"

#include <math.h>
#include <string.h>

enum { MAX_NUMBERS = 1 << 16 }; /* of a tuple where a tensor is wanted */

int32_t ms_unsupported(ms_call *c, const char *what)
{
    return ms_fail(c->r, AMCT_E_UNSUPPORTED, "%s is not supported", what);
}

static bool is_given(ms_value v)
{
    return v.kind != MS_UNSET && v.kind != MS_NONE;
}

int32_t ms_arg(ms_call *c, uint32_t i, const char *name, ms_value *out)
{
    *out = (ms_value){.kind = MS_UNSET};
    if (i < c->n_args && is_given(c->args[i])) {
        *out = c->args[i];
        return AMCT_OK;
    }
    if (!name)
        return AMCT_OK;
    if (c->primitive.data)
        MS_TRY(ms_read_attr(c->r, c->primitive, 3, name, out));
    if (out->kind == MS_UNSET)
        MS_TRY(ms_read_attr(c->r, c->node->message, 5, name, out));
    return AMCT_OK;
}

static int32_t wrong(ms_call *c, const char *what, ms_value v, const char *wanted)
{
    return ms_fail(c->r,
                   v.kind == MS_TENSOR || v.kind == MS_OPEN ? AMCT_E_UNSUPPORTED : AMCT_E_FORMAT,
                   "%s is %s, %s wanted", what, ms_kind_text(v), wanted);
}

static bool is_known(const ms_tensor *t)
{
    return t->kind == AMCT_TENSOR_CONSTANT;
}

/* The only number of a tuple or a constant tensor. */
static ms_value single(ms_value v)
{
    if (v.kind == MS_TUPLE && v.list->n == 1)
        v = v.list->at[0];
    if (v.kind != MS_TENSOR || !is_known(v.tensor) || ms_tensor_count(v.tensor) != 1)
        return v;
    double number = ms_tensor_number(v.tensor, 0);
    bool is_float = v.tensor->dtype == AMCT_FLOAT || v.tensor->dtype == AMCT_DOUBLE;
    if (isnan(number) || fabs(number) > 4611686018427387904.0)
        return v;
    return is_float ? (ms_value){.kind = MS_FLOAT, .f = number} : ms_int((int64_t)number);
}

int32_t ms_arg_int(ms_call *c, uint32_t i, const char *name, int64_t otherwise, int64_t *out)
{
    ms_value v;
    MS_TRY(ms_arg(c, i, name, &v));
    v = single(v);
    *out = is_given(v) ? v.i : otherwise;
    if (is_given(v) && v.kind != MS_INT && v.kind != MS_BOOL && v.kind != MS_TYPE)
        return wrong(c, name, v, "an integer");
    return AMCT_OK;
}

int32_t ms_arg_bool(ms_call *c, uint32_t i, const char *name, bool otherwise, bool *out)
{
    int64_t number;
    MS_TRY(ms_arg_int(c, i, name, otherwise, &number));
    *out = number != 0;
    return AMCT_OK;
}

int32_t ms_arg_number(ms_call *c, uint32_t i, const char *name, double otherwise, double *out)
{
    ms_value v;
    MS_TRY(ms_arg(c, i, name, &v));
    v = single(v);
    if (!is_given(v))
        *out = otherwise;
    else if (v.kind == MS_INT || v.kind == MS_BOOL)
        *out = (double)v.i;
    else if (v.kind == MS_FLOAT)
        *out = v.f;
    else
        return wrong(c, name, v, "a number");
    return AMCT_OK;
}

int32_t ms_arg_text(ms_call *c, uint32_t i, const char *name, const char **out)
{
    ms_value v;
    MS_TRY(ms_arg(c, i, name, &v));
    if (is_given(v) && v.kind != MS_TEXT)
        return wrong(c, name, v, "a string");
    *out = v.kind == MS_TEXT ? v.text : NULL;
    return AMCT_OK;
}

/* ---- Lists --------------------------------------------------------------------------------- */

static int32_t add_int(ms_call *c, int64_t i, const char *what, int64_t *out, uint32_t max,
                       uint32_t *n)
{
    if (*n == max)
        return ms_fail(c->r, AMCT_E_FORMAT, "%s has more than %u numbers", what, max);
    out[(*n)++] = i;
    return AMCT_OK;
}

static int32_t add_ints(ms_call *c, ms_value v, const char *what, int64_t *out, uint32_t max,
                        uint32_t *n)
{
    switch (v.kind) {
    case MS_INT:
    case MS_BOOL: return add_int(c, v.i, what, out, max, n);
    case MS_TUPLE:
        for (uint32_t i = 0; i < v.list->n; i++)
            MS_TRY(add_ints(c, v.list->at[i], what, out, max, n));
        return AMCT_OK;
    case MS_TENSOR: break;
    default: return wrong(c, what, v, "integers");
    }
    int64_t count = ms_tensor_count(v.tensor);
    if (!is_known(v.tensor))
        return wrong(c, what, v, "a constant");
    for (int64_t i = 0; i < count; i++) {
        double number = ms_tensor_number(v.tensor, (size_t)i);
        if (number != rint(number) || fabs(number) > 4611686018427387904.0)
            return ms_fail(c->r, AMCT_E_FORMAT, "%s holds %g, integers wanted", what, number);
        MS_TRY(add_int(c, (int64_t)number, what, out, max, n));
    }
    return AMCT_OK;
}

int32_t ms_ints_of(ms_call *c, ms_value v, const char *what, int64_t *out, uint32_t max,
                   uint32_t *n)
{
    *n = 0;
    return is_given(v) ? add_ints(c, v, what, out, max, n) : AMCT_OK;
}

int32_t ms_arg_ints(ms_call *c, uint32_t i, const char *name, int64_t *out, uint32_t max,
                    uint32_t *n)
{
    ms_value v;
    MS_TRY(ms_arg(c, i, name, &v));
    return ms_ints_of(c, v, name, out, max, n);
}

int32_t ms_arg_space(ms_call *c, uint32_t i, const char *name, int64_t otherwise, int64_t *out,
                     uint32_t n)
{
    int64_t all[MS_MAX_RANK];
    uint32_t n_all;
    MS_TRY(ms_arg_ints(c, i, name, all, MS_MAX_RANK, &n_all));
    if (n_all > 1 && n_all != n && n_all != n + 2)
        return ms_fail(c->r, AMCT_E_FORMAT, "%s has %u numbers, %u wanted", name, n_all, n);
    for (uint32_t d = 0; d < n; d++)
        out[d] = n_all == 0 ? otherwise : n_all == 1 ? all[0] : all[n_all - n + d];
    return AMCT_OK;
}

/* ---- Tensors ------------------------------------------------------------------------------- */

/* The type of the first tensor among the inputs. */
static uint32_t type_beside(const ms_call *c)
{
    for (uint32_t i = 0; i < c->n_args; i++)
        if (c->args[i].kind == MS_TENSOR && c->args[i].tensor->dtype)
            return c->args[i].tensor->dtype;
    return AMCT_UNDEFINED;
}

static bool is_number(ms_value v)
{
    return v.kind == MS_INT || v.kind == MS_FLOAT || v.kind == MS_BOOL;
}

static int32_t number_tensor(ms_call *c, ms_value v, const char *name, ms_tensor **out)
{
    uint32_t dtype = type_beside(c);
    if (!dtype)
        dtype = v.kind == MS_FLOAT ? AMCT_FLOAT : v.kind == MS_BOOL ? AMCT_BOOL : AMCT_INT64;
    return ms_const_number(c->r, name, dtype, v.kind == MS_FLOAT ? v.f : (double)v.i, out);
}

static int32_t tuple_tensor(ms_call *c, ms_value v, const char *name, ms_tensor **out)
{
    uint32_t n;
    int64_t *ints;
    if (v.list->n > MAX_NUMBERS)
        return ms_fail(c->r, AMCT_E_LIMIT, "a tuple of more than %d numbers", MAX_NUMBERS);
    for (uint32_t i = 0; i < v.list->n; i++)
        if (v.list->at[i].kind != MS_INT)
            return ms_fail(c->r, AMCT_E_UNSUPPORTED,
                           "a tuple with %s in it where a tensor is wanted",
                           ms_kind_text(v.list->at[i]));
    ints = import_alloc(&c->r->memory, v.list->n, sizeof *ints);
    if (!ints)
        return ms_nomem(c->r);
    MS_TRY(ms_ints_of(c, v, "a tuple", ints, v.list->n, &n));
    return ms_const_ints(c->r, name, ints, n, out);
}

int32_t ms_arg_optional(ms_call *c, uint32_t i, ms_tensor **out)
{
    ms_value v = i < c->n_args ? c->args[i] : (ms_value){.kind = MS_UNSET};
    *out = NULL;
    if (!is_given(v))
        return AMCT_OK;
    if (v.kind == MS_TENSOR) {
        *out = v.tensor;
        return AMCT_OK;
    }
    if (!is_number(v) && v.kind != MS_TUPLE)
        return ms_fail(c->r, AMCT_E_UNSUPPORTED, "input %u is %s, a tensor is wanted", i,
                       ms_kind_text(v));
    const char *name = import_text(&c->r->memory, "%s/input%u", c->label, i);
    if (!name)
        return ms_nomem(c->r);
    return is_number(v) ? number_tensor(c, v, name, out) : tuple_tensor(c, v, name, out);
}

int32_t ms_arg_tensor(ms_call *c, uint32_t i, ms_tensor **out)
{
    MS_TRY(ms_arg_optional(c, i, out));
    return *out ? AMCT_OK
                : ms_fail(c->r, AMCT_E_FORMAT, "has %u inputs, input %u is missing", c->n_args, i);
}

int32_t ms_arg_ranked(ms_call *c, uint32_t i, ms_tensor **out)
{
    MS_TRY(ms_arg_tensor(c, i, out));
    return (*out)->rank >= 0
               ? AMCT_OK
               : ms_fail(c->r, AMCT_E_UNSUPPORTED,
                         "the number of dims of input %u is not known; export the network with "
                         "inputs of known shape",
                         i);
}

int32_t ms_axis(ms_call *c, int64_t axis, int32_t rank, int64_t *out)
{
    if (axis < -rank || axis >= rank)
        return ms_fail(c->r, AMCT_E_FORMAT, "axis %lld of %d dims", (long long)axis, rank);
    *out = axis < 0 ? axis + rank : axis;
    return AMCT_OK;
}

int32_t ms_need_channels_first(ms_call *c, uint32_t i)
{
    ms_value v;
    MS_TRY(ms_arg(c, i, "format", &v));
    if (!is_given(v))
        MS_TRY(ms_arg(c, MS_ATTR, "data_format", &v));
    enum { NHWC = 1 };
    bool last = v.kind == MS_TEXT  ? v.text[0] && v.text[strlen(v.text) - 1] == 'C'
                : v.kind == MS_INT ? v.i == NHWC
                                   : false;
    return last ? ms_fail(c->r, AMCT_E_UNSUPPORTED,
                          "format NHWC is not supported; export the network with NCHW")
                : AMCT_OK;
}

/* ---- Hints --------------------------------------------------------------------------------- */

/* The attribute `shape` of a node: a TensorProto in field 12, or a tuple of such attributes in 17.
 */
static wire_span shape_of(const ms_call *c)
{
    wire_span message = c->node->message, entry;
    while (wire_each(&message, 5, &entry))
        if (wire_is(wire_bytes(entry, 1), "shape"))
            return entry;
    return (wire_span){NULL, 0};
}

bool ms_hints(const ms_call *c, uint32_t *n)
{
    wire_span shape = shape_of(c), item;
    uint32_t in_tuple = 0, tensors = 0;
    for (wire_span rest = shape; wire_each(&rest, 17, &item);)
        in_tuple++;
    for (wire_span rest = shape; wire_each(&rest, 12, &item);)
        tensors++;
    *n = in_tuple ? in_tuple : tensors ? tensors : 1;
    return in_tuple > 0 || tensors > 1;
}

int32_t ms_hint(ms_call *c, uint32_t i, ms_tensor *out)
{
    wire_span shape = shape_of(c), item, tensor = {NULL, 0};
    uint32_t n = 0;
    *out = (ms_tensor){.rank = -1};
    for (wire_span rest = shape; n <= i && wire_each(&rest, 17, &item); n++)
        if (n == i)
            tensor = wire_bytes(item, 12);
    for (wire_span rest = shape; n <= i && wire_each(&rest, 12, &item); n++)
        if (n == i)
            tensor = item;
    return tensor.data ? ms_read_shape(c->r, tensor, out) : AMCT_OK;
}
