/* BatchNorm, MVN and SSD's Normalize. */
#include "caffe_reader.h"

static int32_t add_filled(caffe_reader *r, const caffe_layer *l, const char *part, int64_t channels,
                          float value, uint32_t *id)
{
    const caffe_shape shape = {.rank = 1, .dims = {channels}};
    float *values = import_alloc(&r->memory, (size_t)channels, sizeof *values);
    if (!values)
        return caffe_nomem(r);
    for (int64_t i = 0; i < channels; i++)
        values[i] = value;
    return caffe_add_floats(r, l, part, values, &shape, id);
}

/* The sums of the file over its third blob, the number that they were scaled by. */
static int32_t add_statistic(caffe_reader *r, const caffe_layer *l, const char *part,
                             const void *sums, int64_t channels, float factor, uint32_t *id)
{
    const caffe_shape shape = {.rank = 1, .dims = {channels}};
    float *values = import_alloc(&r->memory, (size_t)channels, sizeof *values);
    if (!values)
        return caffe_nomem(r);
    __builtin_memcpy(values, sums, (size_t)channels * sizeof *values); /* at any alignment */
    float scale = factor == 0 ? 0 : 1 / factor;
    for (int64_t i = 0; i < channels; i++)
        values[i] *= scale;
    return caffe_add_floats(r, l, part, values, &shape, id);
}

static int32_t add_statistics(caffe_reader *r, caffe_layer *l, int64_t channels, uint32_t ids[2])
{
    const caffe_shape shape = {.rank = 1, .dims = {channels}}, one = {.rank = 1, .dims = {1}};
    const void *blobs[3];
    uint32_t owner;
    float factor;
    if (!r->weights.data) {
        CAFFE_TRY(caffe_take(r, l, "mean", &shape, &shape, &ids[0]));
        return caffe_take(r, l, "variance", &shape, &shape, &ids[1]);
    }
    for (int i = 0; i < 3; i++)
        CAFFE_TRY(caffe_take_floats(r, l, i < 2 ? &shape : &one, &blobs[i], &owner));
    if (!blobs[0] || !blobs[1] || !blobs[2]) /* noted: the import fails in the end */
        return AMCT_OK;
    __builtin_memcpy(&factor, blobs[2], sizeof factor);
    CAFFE_TRY(add_statistic(r, l, "mean", blobs[0], channels, factor, &ids[0]));
    return add_statistic(r, l, "variance", blobs[1], channels, factor, &ids[1]);
}

int32_t caffe_batch_norm(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__BatchNormParameter none = CAFFE_NET__BATCH_NORM_PARAMETER__INIT;
    const CaffeNet__BatchNormParameter *p =
        l->own->batch_norm_param ? l->own->batch_norm_param : &none;
    uint32_t src[5] = {l->src[0], 0, 0, AMCT_NO_TENSOR, AMCT_NO_TENSOR};
    if (l->in[0].rank < 2)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 2 or more wanted",
                          l->in[0].rank);
    if (p->has_use_global_stats && !p->use_global_stats)
        return caffe_fail(r, AMCT_E_UNSUPPORTED,
                          "use_global_stats is false: it normalises by the batch itself, which no "
                          "trained network does");
    int64_t channels = l->in[0].dims[1];
    CAFFE_TRY(add_filled(r, l, "scale", channels, 1, &src[1]));
    CAFFE_TRY(add_filled(r, l, "shift", channels, 0, &src[2]));
    CAFFE_TRY(add_statistics(r, l, channels, &src[3]));
    return caffe_result(r, l,
                        &(caffe_op){.op = "BatchNormalization",
                                    .part = "",
                                    .src = src,
                                    .n_src = 5,
                                    .attrs = {import_attr_float("epsilon", p->eps)},
                                    .n_attrs = 1,
                                    .shape = l->in[0]},
                        0);
}

/* A reduction over the axes that keeps them, as 1. */
static int32_t reduce(caffe_reader *r, const caffe_layer *l, const char *op, const char *part,
                      uint32_t x, uint32_t axes, uint32_t first_axis, uint32_t n_axes,
                      uint32_t *dst)
{
    const uint32_t src[2] = {x, axes};
    caffe_op reduction = {.op = op,
                          .part = part,
                          .src = src,
                          .n_src = 2,
                          .attrs = {import_attr_int("keepdims", 1)},
                          .n_attrs = 1,
                          .shape = l->in[0]};
    for (uint32_t i = 0; i < n_axes; i++)
        reduction.shape.dims[first_axis + i] = 1;
    return caffe_inner(r, l, &reduction, dst);
}

static int32_t add_axes(caffe_reader *r, const caffe_layer *l, uint32_t first, uint32_t n,
                        uint32_t *id)
{
    int64_t axes[AMCT_MAX_RANK];
    for (uint32_t i = 0; i < n; i++)
        axes[i] = first + i;
    return caffe_add_ints(r, l, "axes", axes, n, id);
}

int32_t caffe_mvn(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__MVNParameter none = CAFFE_NET__MVNPARAMETER__INIT;
    const CaffeNet__MVNParameter *p = l->mvn_param ? l->mvn_param : &none;
    uint32_t first = p->across_channels ? 1 : 2, axes, mean, square, n, d[2] = {l->src[0], 0};
    if (l->in[0].rank <= first)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, more wanted",
                          l->in[0].rank);
    n = l->in[0].rank - first;
    CAFFE_TRY(add_axes(r, l, first, n, &axes));
    CAFFE_TRY(reduce(r, l, "ReduceMean", "mean", d[0], axes, first, n, &mean));
    d[1] = mean;
    caffe_op op = {.op = "Sub", .part = "", .src = d, .n_src = 2, .shape = l->in[0]};
    if (!p->normalize_variance)
        return caffe_result(r, l, &op, 0);
    op.part = "centre";
    CAFFE_TRY(caffe_inner(r, l, &op, &d[0]));
    d[1] = d[0];
    op.op = "Mul", op.part = "square";
    CAFFE_TRY(caffe_inner(r, l, &op, &square));
    uint32_t v[2];
    CAFFE_TRY(reduce(r, l, "ReduceMean", "variance", square, axes, first, n, &v[0]));
    caffe_op part = {.op = "Sqrt", .part = "deviation", .src = v, .n_src = 1, .shape = l->in[0]};
    for (uint32_t i = first; i < part.shape.rank; i++)
        part.shape.dims[i] = 1;
    CAFFE_TRY(caffe_inner(r, l, &part, &v[0]));
    CAFFE_TRY(caffe_add_number(r, l, "eps", p->eps, &v[1]));
    part.op = "Add", part.part = "divisor", part.n_src = 2;
    CAFFE_TRY(caffe_inner(r, l, &part, &d[1]));
    op.op = "Div", op.part = "";
    return caffe_result(r, l, &op, 0);
}

/* x / sqrt(sum of x^2 + eps) * scale */
int32_t caffe_normalize(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__NormalizeParameter none = CAFFE_NET__NORMALIZE_PARAMETER__INIT;
    const CaffeNet__NormalizeParameter *p = l->own->norm_param ? l->own->norm_param : &none;
    uint32_t axes, v[2], d[2] = {l->src[0], 0}, n = 1;
    if (l->in[0].rank != 4)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 4 wanted", l->in[0].rank);
    if (p->across_spatial)
        n = 3;
    const caffe_shape wanted = {.rank = p->channel_shared ? 0 : 1, .dims = {l->in[0].dims[1]}};
    const caffe_shape as = {.rank = p->channel_shared ? 0 : 3, .dims = {l->in[0].dims[1], 1, 1}};
    CAFFE_TRY(add_axes(r, l, 1, n, &axes));
    CAFFE_TRY(reduce(r, l, "ReduceSumSquare", "square", d[0], axes, 1, n, &v[0]));
    CAFFE_TRY(caffe_add_number(r, l, "eps", p->eps, &v[1]));
    caffe_op part = {.op = "Add", .part = "shift", .src = v, .n_src = 2, .shape = l->in[0]};
    for (uint32_t i = 1; i < 1 + n; i++)
        part.shape.dims[i] = 1;
    CAFFE_TRY(caffe_inner(r, l, &part, &v[0]));
    part.op = "Sqrt", part.part = "length", part.n_src = 1;
    CAFFE_TRY(caffe_inner(r, l, &part, &d[1]));
    caffe_op op = {.op = "Div", .part = "unit", .src = d, .n_src = 2, .shape = l->in[0]};
    CAFFE_TRY(caffe_inner(r, l, &op, &d[0]));
    CAFFE_TRY(caffe_take(r, l, "scale", &wanted, &as, &d[1]));
    op.op = "Mul", op.part = "";
    return caffe_result(r, l, &op, 0);
}
