/* Operators about shapes: Shape, Size, Constant, ConstantOfShape, Expand, Tile, Range. Shape and
 * Size read no elements: their sources may be without data. */
#include "ops/broadcast.h"
#include "ops/move.h"
#include "ops/param.h"

#include <math.h>

/* ---- Shape and Size -------------------------------------------------------------------------- */

/* Dims first .. before last of the source. */
static void shape_range(int32_t *first, int32_t *last, const amct_node *node, int32_t rank)
{
    int64_t ends[2] = {amct_node_int(node, "start", 0), amct_node_int(node, "end", rank)};
    for (int i = 0; i < 2; i++) {
        ends[i] += ends[i] < 0 ? rank : 0;
        ends[i] = ends[i] < 0 ? 0 : ends[i] > rank ? rank : ends[i];
    }
    *first = (int32_t)ends[0];
    *last = (int32_t)(ends[1] > ends[0] ? ends[1] : ends[0]);
}

static amct_status shape_infer(const amct_infer *in, amct_err *err)
{
    int32_t first, last;
    (void)err;
    shape_range(&first, &last, in->node, in->src[0]->shape.rank);
    in->dst[0].dtype = AMCT_INT64;
    in->dst[0].shape = (amct_shape){1, {last - first}};
    return AMCT_OK;
}

static amct_status shape_run(const amct_call *call, amct_err *err)
{
    int32_t first, last;
    (void)err;
    shape_range(&first, &last, call->node, call->src[0]->shape.rank);
    for (int32_t d = first; d < last; d++)
        amct_value_put_int(call->dst[0], d - first, call->src[0]->shape.dims[d]);
    return AMCT_OK;
}

static amct_status size_infer(const amct_infer *in, amct_err *err)
{
    (void)err;
    in->dst[0].dtype = AMCT_INT64;
    in->dst[0].shape.rank = 0;
    return AMCT_OK;
}

static amct_status size_run(const amct_call *call, amct_err *err)
{
    (void)err;
    amct_value_put_int(call->dst[0], 0, amct_shape_size(&call->src[0]->shape));
    return AMCT_OK;
}

/* ---- Constant and ConstantOfShape ------------------------------------------------------------ */

/* The tensor that the attribute `value` names; NULL if it is absent. */
static amct_status value_tensor(const amct_tensor **out, const amct_node *node,
                                const amct_graph *graph, amct_err *err)
{
    const amct_attr *attr = amct_node_attr(node, "value");
    *out = NULL;
    if (!attr)
        return AMCT_OK;
    if (attr->type != AMCT_ATTR_TENSOR || !graph || attr->i < 0 || attr->i >= graph->n_tensors ||
        !graph->tensors[attr->i].data)
        return amct_fail(err, AMCT_E_INVALID, "the attribute value is no tensor");
    *out = &graph->tensors[attr->i];
    return AMCT_OK;
}

/* What a Constant holds, as a view: its attributes are tensor, number or list. */
static amct_status constant_value(amct_value *out, const amct_node *node, const amct_graph *graph,
                                  amct_err *err)
{
    static const struct {
        const char *name;
        uint32_t type, dtype;
    } forms[] = {{"value_float", AMCT_ATTR_FLOAT, AMCT_FLOAT},
                 {"value_int", AMCT_ATTR_INT, AMCT_INT64},
                 {"value_floats", AMCT_ATTR_FLOATS, AMCT_FLOAT},
                 {"value_ints", AMCT_ATTR_INTS, AMCT_INT64}};
    const amct_tensor *tensor;
    AMCT_TRY(value_tensor(&tensor, node, graph, err));
    if (tensor) {
        *out = (amct_value){tensor->dtype, tensor->zero_point, tensor->shape,
                            (void *)(uintptr_t)tensor->data};
        return AMCT_OK;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const amct_attr *attr = amct_node_attr(node, forms[i].name);
        if (!attr || attr->type != forms[i].type)
            continue;
        bool list = attr->type == AMCT_ATTR_INTS || attr->type == AMCT_ATTR_FLOATS;
        const void *data = list                          ? attr->data
                           : attr->type == AMCT_ATTR_INT ? (const void *)&attr->i
                                                         : (const void *)&attr->f;
        amct_shape shape = {list, {list ? (int64_t)attr->count : 0}};
        *out = (amct_value){forms[i].dtype, 0, shape, (void *)(uintptr_t)data};
        return AMCT_OK;
    }
    return amct_fail(err, AMCT_E_UNSUPPORTED, "there is no value of numbers");
}

static amct_status constant_infer(const amct_infer *in, amct_err *err)
{
    amct_value value;
    AMCT_TRY(constant_value(&value, in->node, in->graph, err));
    in->dst[0].dtype = value.dtype;
    in->dst[0].shape = value.shape;
    in->dst[0].zero_point = value.zero_point;
    return AMCT_OK;
}

static amct_status constant_run(const amct_call *call, amct_err *err)
{
    amct_value value;
    AMCT_TRY(constant_value(&value, call->node, call->graph, err));
    amct_move_all(call->dst[0], &value);
    return AMCT_OK;
}

/* A list of dims, none negative, from a constant source. */
static amct_status read_dims(amct_shape *out, const amct_value *value, const char *name,
                             amct_err *err)
{
    amct_ints dims;
    AMCT_TRY(amct_param_ints(&dims, value, NULL, name, AMCT_MAX_RANK, err));
    for (int32_t d = 0; d < dims.n; d++)
        if (dims.at[d] < 0)
            return amct_fail(err, AMCT_E_INVALID, "number %d of %s is %lld", d, name,
                             (long long)dims.at[d]);
    *out = amct_shape_of(dims.n, dims.at);
    return AMCT_OK;
}

static amct_status constant_of_shape_infer(const amct_infer *in, amct_err *err)
{
    const amct_tensor *tensor;
    amct_value values[1];
    const amct_value *src[1];
    AMCT_TRY(value_tensor(&tensor, in->node, in->graph, err));
    if (tensor && (!amct_shape_known(&tensor->shape) || amct_shape_size(&tensor->shape) != 1))
        return amct_fail(err, AMCT_E_INVALID, "the attribute value must have one element");
    in->dst[0].dtype = tensor ? tensor->dtype : AMCT_FLOAT;
    amct_infer_sources(values, src, 1, in);
    if (amct_infer_waits(in, 0, 1))
        return AMCT_OK;
    return read_dims(&in->dst[0].shape, src[0], "shape", err);
}

static amct_status constant_of_shape_run(const amct_call *call, amct_err *err)
{
    static const float zero;
    const amct_value *dst = call->dst[0];
    const amct_tensor *tensor;
    AMCT_TRY(value_tensor(&tensor, call->node, call->graph, err));
    amct_move(dst->data, 0, tensor ? tensor->data : &zero, 0, 0, amct_shape_size(&dst->shape),
              amct_dtype_bits(dst->dtype));
    return AMCT_OK;
}

/* ---- Expand and Tile ------------------------------------------------------------------------- */

static amct_status expand_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[2];
    const amct_value *src[2];
    amct_shape shape = {.rank = -1}, wanted;
    amct_infer_sources(values, src, 2, in);
    if (!amct_infer_waits(in, 1, 2)) {
        AMCT_TRY(read_dims(&wanted, src[1], "shape", err));
        const amct_shape *shapes[] = {&src[0]->shape, &wanted};
        AMCT_TRY(amct_broadcast_shape(&shape, 2, shapes, err));
    }
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status expand_run(const amct_call *call, amct_err *err)
{
    int64_t strides[AMCT_MAX_RANK];
    (void)err;
    amct_broadcast_strides(strides, &call->src[0]->shape, &call->dst[0]->shape);
    amct_move_strided(call->dst[0], call->src[0], 0, strides);
    return AMCT_OK;
}

static amct_status tile_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[2];
    const amct_value *src[2];
    amct_shape shape = {.rank = -1}, repeats;
    amct_infer_sources(values, src, 2, in);
    if (!amct_infer_waits(in, 1, 2)) {
        shape = src[0]->shape;
        AMCT_TRY(read_dims(&repeats, src[1], "repeats", err));
        if (repeats.rank != shape.rank)
            return amct_fail(err, AMCT_E_INVALID, "%d repeats for a tensor of %d dims",
                             repeats.rank, shape.rank);
        for (int32_t d = 0; d < shape.rank; d++)
            if (__builtin_mul_overflow(shape.dims[d], repeats.dims[d], &shape.dims[d]))
                return amct_fail(err, AMCT_E_LIMIT, "repeat %d of %lld is too large", d,
                                 (long long)repeats.dims[d]);
    }
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status tile_run(const amct_call *call, amct_err *err)
{
    const amct_value *dst = call->dst[0], *src = call->src[0];
    const amct_shape *from = &src->shape, *to = &dst->shape;
    uint32_t bits = amct_dtype_bits(dst->dtype);
    int32_t last = to->rank - 1;
    int64_t index[AMCT_MAX_RANK] = {0};
    (void)err;
    if (last < 0) {
        amct_move_all(dst, src);
        return AMCT_OK;
    }
    int64_t n = from->dims[last], row = to->dims[last], rows = amct_shape_count(to, 0, last);
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = 0;
        for (int32_t d = 0; d < last; d++)
            at = at * from->dims[d] + index[d] % from->dims[d];
        if (n == 1)
            amct_move(dst->data, r * row, src->data, at, 0, row, bits);
        else
            for (int64_t i = 0; i < row; i += n)
                amct_move(dst->data, r * row + i, src->data, at * n, 1, n, bits);
        for (int32_t d = last - 1; d >= 0 && ++index[d] == to->dims[d]; d--)
            index[d] = 0;
    }
    return AMCT_OK;
}

/* ---- Range ----------------------------------------------------------------------------------- */

static amct_status range_length(int64_t *out, const amct_value *const *src, amct_err *err)
{
    double length = 0;
    if (amct_dtype_is_float(src[0]->dtype)) {
        double start = amct_value_get(src[0], 0), limit = amct_value_get(src[1], 0);
        double delta = amct_value_get(src[2], 0);
        length = ceil((limit - start) / delta);
        if (delta == 0 || length != length)
            return amct_fail(err, AMCT_E_INVALID, "no range goes from %g to %g by %g", start, limit,
                             delta);
    } else {
        int64_t start = amct_value_get_int(src[0], 0), limit = amct_value_get_int(src[1], 0);
        int64_t delta = amct_value_get_int(src[2], 0);
        if (delta == 0)
            return amct_fail(err, AMCT_E_INVALID, "the range goes by 0");
        bool up = delta > 0;
        uint64_t step = up ? (uint64_t)delta : 0 - (uint64_t)delta;
        uint64_t span = up ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
        if (up ? limit > start : limit < start)
            length = (double)((span - 1) / step) + 1;
    }
    if (length > (double)AMCT_MAX_TENSOR_BYTES)
        return amct_fail(err, AMCT_E_LIMIT, "a range of %g numbers is too long", length);
    *out = length > 0 ? (int64_t)length : 0;
    return AMCT_OK;
}

static amct_status range_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[3];
    const amct_value *src[3];
    amct_shape shape = {.rank = 1};
    amct_infer_sources(values, src, 3, in);
    for (int i = 0; i < 3; i++)
        if (src[i]->dtype != src[0]->dtype || amct_shape_size(&src[i]->shape) != 1)
            return amct_fail(err, AMCT_E_INVALID, "input %d must be one %s", i,
                             amct_dtype_name(src[0]->dtype));
    in->dst[0].dtype = src[0]->dtype;
    if (amct_infer_waits(in, 0, 3))
        return AMCT_OK;
    AMCT_TRY(range_length(&shape.dims[0], src, err));
    in->dst[0].shape = shape;
    return AMCT_OK;
}

static amct_status range_run(const amct_call *call, amct_err *err)
{
    const amct_value *const *src = call->src, *dst = call->dst[0];
    int64_t n = amct_shape_size(&dst->shape);
    (void)err;
    for (int64_t i = 0; i < n; i++)
        if (amct_dtype_is_float(dst->dtype))
            amct_value_put(dst, i,
                           amct_value_get(src[0], 0) + (double)i * amct_value_get(src[2], 0));
        else
            amct_value_put_int(dst, i,
                               (int64_t)((uint64_t)amct_value_get_int(src[0], 0) +
                                         (uint64_t)i * (uint64_t)amct_value_get_int(src[2], 0)));
    return AMCT_OK;
}

const amct_op amct_ops_shape[] = {
    {"Constant", 0, 0, 1, constant_infer, constant_run},
    {"ConstantOfShape", 1, 1, 1, constant_of_shape_infer, constant_of_shape_run},
    {"Expand", 2, 2, 1, expand_infer, expand_run},
    {"Range", 3, 3, 1, range_infer, range_run},
    {"Shape", 1, 1, 1, shape_infer, shape_run},
    {"Size", 1, 1, 1, size_infer, size_run},
    {"Tile", 2, 2, 1, tile_infer, tile_run},
};
const size_t amct_n_ops_shape = sizeof amct_ops_shape / sizeof *amct_ops_shape;
