/* Eltwise and Softmax. */
#include "caffe_reader.h"

#include <stdio.h>

/* Term i of a sum; *minus instead of a factor of -1, which only the first term cannot have. */
static int32_t add_term(caffe_reader *r, caffe_layer *l, const CaffeNet__EltwiseParameter *p,
                        uint32_t i, uint32_t *id, bool *minus)
{
    float coeff = p->n_coeff ? p->coeff[i] : 1;
    char part[32], factor[32];
    *id = l->src[i];
    *minus = coeff == -1 && i > 0;
    if (coeff == 1 || *minus)
        return AMCT_OK;
    snprintf(part, sizeof part, "term%u", i);
    snprintf(factor, sizeof factor, "coeff%u", i);
    uint32_t src[2] = {l->src[i], 0};
    CAFFE_TRY(caffe_add_number(r, l, factor, coeff, &src[1]));
    return caffe_inner(
        r, l, &(caffe_op){.op = "Mul", .part = part, .src = src, .n_src = 2, .shape = l->in[0]},
        id);
}

int32_t caffe_eltwise(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__EltwiseParameter none = CAFFE_NET__ELTWISE_PARAMETER__INIT;
    static const char *const ops[] = {"Mul", "Add", "Max"};
    const CaffeNet__EltwiseParameter *p = l->eltwise_param ? l->eltwise_param : &none;
    bool sum = p->operation == CAFFE_NET__ELTWISE_PARAMETER__ELTWISE_OP__SUM, minus = false;
    if ((unsigned)p->operation > 2)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "operation %d is not known", (int)p->operation);
    if (p->n_coeff && (p->n_coeff != l->n_bottoms || !sum))
        return caffe_fail(r, AMCT_E_FORMAT, "has %zu coefficients, 0 or, for SUM, %u wanted",
                          p->n_coeff, l->n_bottoms);
    for (uint32_t i = 1; i < l->n_bottoms; i++)
        if (!caffe_same_shape(&l->in[i], &l->in[0]))
            return caffe_fail(r, AMCT_E_FORMAT, "bottom '%.64s' has another shape than '%.64s'",
                              l->bottoms[i], l->bottoms[0]);
    uint32_t src[2];
    CAFFE_TRY(add_term(r, l, p, 0, &src[0], &minus));
    for (uint32_t i = 1; i < l->n_bottoms; i++) {
        char part[32];
        snprintf(part, sizeof part, "part%u", i);
        CAFFE_TRY(add_term(r, l, p, i, &src[1], &minus));
        caffe_op op = {.op = minus ? "Sub" : ops[p->operation],
                       .part = part,
                       .src = src,
                       .n_src = 2,
                       .shape = l->in[0]};
        if (i + 1 < l->n_bottoms) {
            CAFFE_TRY(caffe_inner(r, l, &op, &src[0]));
            continue;
        }
        op.part = "";
        CAFFE_TRY(caffe_result(r, l, &op, 0));
    }
    return AMCT_OK;
}

int32_t caffe_softmax(caffe_reader *r, caffe_layer *l)
{
    uint32_t axis;
    CAFFE_TRY(
        caffe_axis(r, "axis", l->softmax_param ? l->softmax_param->axis : 1, l->in[0].rank, &axis));
    return caffe_result(r, l,
                        &(caffe_op){.op = "Softmax",
                                    .part = "",
                                    .src = l->src,
                                    .n_src = 1,
                                    .attrs = {import_attr_int("axis", axis)},
                                    .n_attrs = 1,
                                    .shape = l->in[0]},
                        0);
}
