/* The same numbers in other dims: Flatten, Reshape, Permute and ShuffleNet's ShuffleChannel. */
#include "caffe_reader.h"

#include <inttypes.h>

/* A Reshape to shape whose constant is dims, of which some may be 0 (as it was) or -1 (the rest).
 */
static int32_t reshape(caffe_reader *r, caffe_layer *l, const int64_t *dims,
                       const caffe_shape *shape)
{
    uint32_t src[2] = {l->src[0], 0};
    CAFFE_TRY(caffe_add_ints(r, l, "dims", dims, shape->rank, &src[1]));
    return caffe_result(
        r, l, &(caffe_op){.op = "Reshape", .part = "", .src = src, .n_src = 2, .shape = *shape}, 0);
}

int32_t caffe_flatten(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__FlattenParameter none = CAFFE_NET__FLATTEN_PARAMETER__INIT;
    const CaffeNet__FlattenParameter *p = l->own->flatten_param ? l->own->flatten_param : &none;
    const caffe_shape *in = &l->in[0];
    uint32_t begin, end;
    CAFFE_TRY(caffe_axis(r, "axis", p->axis, in->rank, &begin));
    CAFFE_TRY(caffe_axis(r, "end_axis", p->end_axis, in->rank, &end));
    if (end < begin)
        return caffe_fail(r, AMCT_E_FORMAT, "end_axis %u lies before axis %u", end, begin);
    caffe_shape shape = {.rank = in->rank - (end - begin)};
    int64_t dims[AMCT_MAX_RANK];
    for (uint32_t i = 0; i < shape.rank; i++) {
        shape.dims[i] = i < begin    ? in->dims[i]
                        : i == begin ? caffe_count(in, begin, end + 1)
                                     : in->dims[i + end - begin];
        dims[i] = i < begin ? 0 : i == begin ? -1 : shape.dims[i];
    }
    return reshape(r, l, dims, &shape);
}

/* The dims that the file gives, in the place of n of the input's from `begin` on. */
static int32_t resolve(caffe_reader *r, const CaffeNet__ReshapeParameter *p, const caffe_shape *in,
                       uint32_t begin, uint32_t n, int64_t *dims, caffe_shape *shape)
{
    size_t n_new = p->shape ? p->shape->n_dim : 0;
    int64_t known = 1, rest = -1;
    if (n_new > AMCT_MAX_RANK || in->rank - n + n_new > AMCT_MAX_RANK)
        return caffe_fail(r, AMCT_E_LIMIT, "would have %zu dims, at most %d wanted",
                          in->rank - n + n_new, AMCT_MAX_RANK);
    shape->rank = (uint32_t)(in->rank - n + n_new);
    for (uint32_t i = 0; i < shape->rank; i++) {
        bool fresh = i >= begin && i < begin + n_new;
        uint32_t old = i < begin ? i : i - (uint32_t)n_new + n;
        int64_t dim = fresh ? p->shape->dim[i - begin] : in->dims[old];
        if (dim < -1 || dim > INT32_MAX || (fresh && dim == 0 && i >= in->rank) ||
            (dim == -1 && rest >= 0))
            return caffe_fail(r, AMCT_E_FORMAT, "dim %u cannot become %" PRId64, i, dim);
        dims[i] = (fresh && dim == 0) || (!fresh && old == i) ? 0 : dim;
        shape->dims[i] = fresh && dim == 0 ? in->dims[i] : dim;
        if (dim == -1)
            rest = i;
        else if (shape->dims[i] < 1 || shape->dims[i] > INT32_MAX / known)
            return caffe_fail(r, AMCT_E_LIMIT, "would have more than %d elements", INT32_MAX);
        else
            known *= shape->dims[i];
    }
    int64_t all = caffe_count(in, 0, in->rank);
    if (rest >= 0)
        shape->dims[rest] = all % known ? 0 : all / known;
    if (all % known || (rest < 0 && all != known))
        return caffe_fail(r, AMCT_E_FORMAT, "%" PRId64 " elements do not fit into its dims", all);
    return AMCT_OK;
}

int32_t caffe_reshape(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__ReshapeParameter none = CAFFE_NET__RESHAPE_PARAMETER__INIT;
    const CaffeNet__ReshapeParameter *p = l->own->reshape_param ? l->own->reshape_param : &none;
    const caffe_shape *in = &l->in[0];
    caffe_shape shape;
    int64_t dims[AMCT_MAX_RANK];
    uint32_t begin;
    CAFFE_TRY(caffe_axis(r, "axis", p->axis, in->rank + 1, &begin));
    if (p->num_axes < -1 || p->num_axes > in->rank - begin)
        return caffe_fail(r, AMCT_E_FORMAT, "num_axes is %" PRId64 ", -1 to %u wanted", p->num_axes,
                          in->rank - begin);
    uint32_t n = p->num_axes < 0 ? in->rank - begin : (uint32_t)p->num_axes;
    CAFFE_TRY(resolve(r, p, in, begin, n, dims, &shape));
    return reshape(r, l, dims, &shape);
}

int32_t caffe_permute(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__PermuteParameter none = CAFFE_NET__PERMUTE_PARAMETER__INIT;
    const CaffeNet__PermuteParameter *p = l->own->permute_param ? l->own->permute_param : &none;
    const caffe_shape *in = &l->in[0];
    int64_t order[AMCT_MAX_RANK];
    bool used[AMCT_MAX_RANK] = {false};
    caffe_shape shape = *in;
    uint32_t n = 0;
    for (size_t i = 0; i < p->n_order; i++) {
        uint64_t axis = p->order[i];
        if (axis >= in->rank || used[axis])
            return caffe_fail(r, AMCT_E_FORMAT,
                              "order names axis %" PRIu64 ", each of %u once wanted", axis,
                              in->rank);
        used[axis] = true;
        order[n++] = (int64_t)axis;
    }
    for (uint32_t i = 0; i < in->rank; i++) /* those that are not named keep their order */
        if (!used[i])
            order[n++] = i;
    for (uint32_t i = 0; i < n; i++)
        shape.dims[i] = in->dims[order[i]];
    return caffe_result(r, l,
                        &(caffe_op){.op = "Transpose",
                                    .part = "",
                                    .src = l->src,
                                    .n_src = 1,
                                    .attrs = {import_attr_ints("perm", order, n)},
                                    .n_attrs = 1,
                                    .shape = shape},
                        0);
}

/* Channels as groups x rest, transposed. */
int32_t caffe_shuffle_channel(caffe_reader *r, caffe_layer *l)
{
    const CaffeNet__ShuffleChannelParameter *p = l->own->shuffle_channel_param;
    const caffe_shape *in = &l->in[0];
    int64_t group;
    if (in->rank != 4)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 4 wanted", in->rank);
    CAFFE_TRY(caffe_range(r, "group", p ? p->group : 1, 1, in->dims[1], &group));
    if (in->dims[1] % group)
        return caffe_fail(r, AMCT_E_FORMAT,
                          "%" PRId64 " channels cannot be split into %" PRId64 " groups",
                          in->dims[1], group);
    const int64_t rest = in->dims[1] / group, perm[5] = {0, 2, 1, 3, 4};
    const int64_t apart[5] = {0, group, rest, in->dims[2], in->dims[3]};
    const int64_t together[4] = {0, in->dims[1], in->dims[2], in->dims[3]};
    uint32_t src[2] = {l->src[0], 0};
    caffe_shape shape = {.rank = 5, .dims = {in->dims[0], group, rest, in->dims[2], in->dims[3]}};
    CAFFE_TRY(caffe_add_ints(r, l, "apart", apart, 5, &src[1]));
    CAFFE_TRY(caffe_inner(
        r, l,
        &(caffe_op){.op = "Reshape", .part = "groups", .src = src, .n_src = 2, .shape = shape},
        &src[0]));
    shape.dims[1] = rest;
    shape.dims[2] = group;
    CAFFE_TRY(caffe_inner(r, l,
                          &(caffe_op){.op = "Transpose",
                                      .part = "transpose",
                                      .src = src,
                                      .n_src = 1,
                                      .attrs = {import_attr_ints("perm", perm, 5)},
                                      .n_attrs = 1,
                                      .shape = shape},
                          &src[0]));
    CAFFE_TRY(caffe_add_ints(r, l, "together", together, 4, &src[1]));
    return caffe_result(
        r, l, &(caffe_op){.op = "Reshape", .part = "", .src = src, .n_src = 2, .shape = *in}, 0);
}
