/* Scale, Bias and PReLU: parameters that lie along some axes of the input. */
#include "caffe_reader.h"

/* The shape of the parameter, and the same with ones behind it, so that it is broadcast along its
 * own axes. */
typedef struct along {
    caffe_shape own, spread;
} along;

static int32_t place(caffe_reader *r, const caffe_shape *in, int64_t axis, int64_t n_axes,
                     along *out)
{
    uint32_t begin, n;
    CAFFE_TRY(caffe_axis(r, "axis", axis, in->rank, &begin));
    if (n_axes < -1 || n_axes > in->rank - begin)
        return caffe_fail(r, AMCT_E_FORMAT, "num_axes is %lld, -1 to %u wanted", (long long)n_axes,
                          in->rank - begin);
    n = n_axes < 0 ? in->rank - begin : (uint32_t)n_axes;
    *out = (along){.own = {.rank = n}, .spread = {.rank = n ? in->rank - begin : 0}};
    for (uint32_t i = 0; i < out->spread.rank; i++)
        out->spread.dims[i] = i < n ? in->dims[begin + i] : 1;
    for (uint32_t i = 0; i < n; i++)
        out->own.dims[i] = in->dims[begin + i];
    return AMCT_OK;
}

/* The second bottom, with ones behind its dims. */
static int32_t spread_bottom(caffe_reader *r, caffe_layer *l, int64_t axis, along *where,
                             uint32_t *id)
{
    const caffe_shape *second = &l->in[1];
    CAFFE_TRY(place(r, &l->in[0], second->rank ? axis : 0, second->rank, where));
    if (!caffe_same_shape(&where->own, second))
        return caffe_fail(r, AMCT_E_FORMAT,
                          "its second bottom has other dims than its first from the axis on");
    *id = l->src[1];
    if (where->own.rank == where->spread.rank)
        return AMCT_OK;
    int64_t dims[AMCT_MAX_RANK];
    for (uint32_t i = 0; i < where->spread.rank; i++)
        dims[i] = i < second->rank && axis == 0 ? 0 : where->spread.dims[i]; /* 0: as it was */
    uint32_t src[2] = {l->src[1], 0};
    CAFFE_TRY(caffe_add_ints(r, l, "dims", dims, where->spread.rank, &src[1]));
    return caffe_inner(
        r, l,
        &(caffe_op){
            .op = "Reshape", .part = "reshape", .src = src, .n_src = 2, .shape = where->spread},
        id);
}

int32_t caffe_scale(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__ScaleParameter none = CAFFE_NET__SCALE_PARAMETER__INIT;
    const CaffeNet__ScaleParameter *p = l->own->scale_param ? l->own->scale_param : &none;
    uint32_t src[2] = {l->src[0], 0};
    along where;
    if (l->n_bottoms == 2) {
        CAFFE_TRY(spread_bottom(r, l, p->axis, &where, &src[1]));
    } else {
        CAFFE_TRY(place(r, &l->in[0], p->axis, p->num_axes, &where));
        CAFFE_TRY(caffe_take(r, l, "scale", &where.own, &where.spread, &src[1]));
    }
    caffe_op op = {.op = "Mul", .part = "", .src = src, .n_src = 2, .shape = l->in[0]};
    if (!p->bias_term)
        return caffe_result(r, l, &op, 0);
    CAFFE_TRY(caffe_inner(r, l, &op, &src[0]));
    CAFFE_TRY(caffe_take(r, l, "bias", &where.own, &where.spread, &src[1]));
    op.op = "Add", op.part = "add";
    return caffe_result(r, l, &op, 0);
}

int32_t caffe_bias(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__BiasParameter none = CAFFE_NET__BIAS_PARAMETER__INIT;
    const CaffeNet__BiasParameter *p = l->own->bias_param ? l->own->bias_param : &none;
    uint32_t src[2] = {l->src[0], 0};
    along where;
    if (l->n_bottoms == 2) {
        CAFFE_TRY(spread_bottom(r, l, p->axis, &where, &src[1]));
    } else {
        CAFFE_TRY(place(r, &l->in[0], p->axis, p->num_axes, &where));
        CAFFE_TRY(caffe_take(r, l, "bias", &where.own, &where.spread, &src[1]));
    }
    return caffe_result(
        r, l, &(caffe_op){.op = "Add", .part = "", .src = src, .n_src = 2, .shape = l->in[0]}, 0);
}

int32_t caffe_prelu(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__PReLUParameter none = CAFFE_NET__PRE_LUPARAMETER__INIT;
    const CaffeNet__PReLUParameter *p = l->own->prelu_param ? l->own->prelu_param : &none;
    uint32_t src[2] = {l->src[0], 0};
    along where;
    if (l->in[0].rank < 2)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 2 or more wanted",
                          l->in[0].rank);
    CAFFE_TRY(place(r, &l->in[0], 1, p->channel_shared ? 0 : 1, &where));
    CAFFE_TRY(caffe_take(r, l, "slope", &where.own, &where.spread, &src[1]));
    return caffe_result(
        r, l, &(caffe_op){.op = "PRelu", .part = "", .src = src, .n_src = 2, .shape = l->in[0]}, 0);
}
