/* Reduction and ArgMax. */
#include "caffe_reader.h"

int32_t caffe_reduction(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__ReductionParameter none = CAFFE_NET__REDUCTION_PARAMETER__INIT;
    static const char *const ops[] = {NULL, "ReduceSum", "ReduceL1", "ReduceSumSquare",
                                      "ReduceMean"};
    const CaffeNet__ReductionParameter *p =
        l->own->reduction_param ? l->own->reduction_param : &none;
    uint32_t axis = 0, src[2] = {l->src[0], 0}, n;
    int64_t axes[AMCT_MAX_RANK];
    if (p->operation < 1 || p->operation > 4)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "operation %d is not known", (int)p->operation);
    CAFFE_TRY(caffe_axis(r, "axis", p->axis, l->in[0].rank, &axis));
    n = l->in[0].rank - axis;
    for (uint32_t i = 0; i < n; i++)
        axes[i] = axis + i;
    CAFFE_TRY(caffe_add_ints(r, l, "axes", axes, n, &src[1]));
    caffe_op op = {.op = ops[p->operation],
                   .part = "",
                   .src = src,
                   .n_src = 2,
                   .attrs = {import_attr_int("keepdims", 0)},
                   .n_attrs = 1,
                   .shape = l->in[0]};
    op.shape.rank = axis;
    if (p->coeff == 1)
        return caffe_result(r, l, &op, 0);
    CAFFE_TRY(caffe_inner(r, l, &op, &src[0]));
    CAFFE_TRY(caffe_add_number(r, l, "coeff", p->coeff, &src[1]));
    op.op = "Mul", op.part = "scale", op.n_attrs = 0;
    return caffe_result(r, l, &op, 0);
}

/* The index of the greatest along an axis, as a float; of equal ones Caffe names the last. */
static int32_t add_index(caffe_reader *r, caffe_layer *l, uint32_t x, uint32_t axis,
                         const caffe_shape *shape, uint32_t *id)
{
    caffe_op index = {.op = "ArgMax",
                      .part = "index",
                      .src = &x,
                      .n_src = 1,
                      .attrs = {import_attr_int("axis", axis), import_attr_int("keepdims", 1),
                                import_attr_int("select_last_index", 1)},
                      .n_attrs = 3,
                      .shape = *shape,
                      .other_type = true};
    CAFFE_TRY(caffe_inner(r, l, &index, id));
    uint32_t integers = *id;
    caffe_op cast = {.op = "Cast",
                     .part = "cast",
                     .src = &integers,
                     .n_src = 1,
                     .attrs = {import_attr_int("to", AMCT_FLOAT)},
                     .n_attrs = 1,
                     .shape = *shape};
    return caffe_inner(r, l, &cast, id);
}

static int32_t add_greatest(caffe_reader *r, caffe_layer *l, uint32_t x, uint32_t axis,
                            const caffe_shape *shape, uint32_t *id)
{
    const int64_t axes[1] = {axis};
    uint32_t src[2] = {x, 0};
    CAFFE_TRY(caffe_add_ints(r, l, "axes", axes, 1, &src[1]));
    return caffe_inner(r, l,
                       &(caffe_op){.op = "ReduceMax",
                                   .part = "greatest",
                                   .src = src,
                                   .n_src = 2,
                                   .attrs = {import_attr_int("keepdims", 1)},
                                   .n_attrs = 1,
                                   .shape = *shape},
                       id);
}

/* Over all dims but the first: the result is Nx1x1, or Nx2x1 with the greatest itself. */
static int32_t over_all(caffe_reader *r, caffe_layer *l, bool values)
{
    const int64_t batch = l->in[0].dims[0], dims[3] = {0, 1, 1};
    const caffe_shape flat = {.rank = 2, .dims = {batch, caffe_count(&l->in[0], 1, l->in[0].rank)}};
    const caffe_shape one = {.rank = 2, .dims = {batch, 1}};
    uint32_t x, pair[2], src[2];
    CAFFE_TRY(caffe_inner(r, l,
                          &(caffe_op){.op = "Flatten",
                                      .part = "flatten",
                                      .src = l->src,
                                      .n_src = 1,
                                      .attrs = {import_attr_int("axis", 1)},
                                      .n_attrs = 1,
                                      .shape = flat},
                          &x));
    CAFFE_TRY(add_index(r, l, x, 1, &one, &src[0]));
    if (values) {
        pair[0] = src[0];
        CAFFE_TRY(add_greatest(r, l, x, 1, &one, &pair[1]));
        CAFFE_TRY(caffe_inner(r, l,
                              &(caffe_op){.op = "Concat",
                                          .part = "pair",
                                          .src = pair,
                                          .n_src = 2,
                                          .attrs = {import_attr_int("axis", 1)},
                                          .n_attrs = 1,
                                          .shape = {.rank = 2, .dims = {batch, 2}}},
                              &src[0]));
    }
    const int64_t pair_dims[3] = {0, 2, 1};
    CAFFE_TRY(caffe_add_ints(r, l, "dims", values ? pair_dims : dims, 3, &src[1]));
    return caffe_result(r, l,
                        &(caffe_op){.op = "Reshape",
                                    .part = "",
                                    .src = src,
                                    .n_src = 2,
                                    .shape = {.rank = 3, .dims = {batch, values ? 2 : 1, 1}}},
                        0);
}

int32_t caffe_argmax(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__ArgMaxParameter none = CAFFE_NET__ARG_MAX_PARAMETER__INIT;
    const CaffeNet__ArgMaxParameter *p = l->argmax_param ? l->argmax_param : &none;
    uint32_t axis, id;
    if (p->top_k != 1)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "top_k is %llu, only 1 is known",
                          (unsigned long long)p->top_k);
    if (l->in[0].rank < 2)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 2 or more wanted",
                          l->in[0].rank);
    if (!p->has_axis)
        return over_all(r, l, p->out_max_val);
    CAFFE_TRY(caffe_axis(r, "axis", p->axis, l->in[0].rank, &axis));
    caffe_shape shape = l->in[0];
    shape.dims[axis] = 1;
    if (p->out_max_val)
        CAFFE_TRY(add_greatest(r, l, l->src[0], axis, &shape, &id));
    else
        CAFFE_TRY(add_index(r, l, l->src[0], axis, &shape, &id));
    return caffe_result(
        r, l, &(caffe_op){.op = "Identity", .part = "", .src = &id, .n_src = 1, .shape = shape}, 0);
}
