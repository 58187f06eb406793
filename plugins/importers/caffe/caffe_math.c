/* Layers that work on each element alone. */
#include "caffe_reader.h"

#include <math.h>
#include <string.h>

/* A node with one source and up to two float attributes, as the layer's result. */
static int32_t unary(caffe_reader *r, caffe_layer *l, const char *op, uint32_t src,
                     const amct_attr_desc *attrs, uint32_t n_attrs)
{
    caffe_op node = {
        .op = op, .part = "", .src = &src, .n_src = 1, .n_attrs = n_attrs, .shape = l->in[0]};
    for (uint32_t i = 0; i < n_attrs; i++)
        node.attrs[i] = attrs[i];
    return caffe_result(r, l, &node, 0);
}

/* Applies op with a number to *x, unless the number changes nothing. */
static int32_t with_number(caffe_reader *r, caffe_layer *l, const char *op, float number,
                           float neutral, uint32_t *x)
{
    uint32_t src[2] = {*x, 0};
    char part[16];
    if (number == neutral)
        return AMCT_OK;
    if (!isfinite(number))
        return caffe_fail(r, AMCT_E_FORMAT, "its base or scale makes no finite number");
    strcpy(part, op);
    strcat(part, "_by");
    CAFFE_TRY(caffe_add_number(r, l, part, number, &src[1]));
    return caffe_inner(
        r, l, &(caffe_op){.op = op, .part = op, .src = src, .n_src = 2, .shape = l->in[0]}, x);
}

int32_t caffe_plain(caffe_reader *r, caffe_layer *l)
{
    static const char *const ops[][2] = {{"Sigmoid", "Sigmoid"},  {"TanH", "Tanh"},
                                         {"AbsVal", "Abs"},       {"BNLL", "Softplus"},
                                         {"Dropout", "Identity"}, {"Split", "Identity"}};
    const char *op = NULL;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(l->type, ops[i][0]) == 0)
            op = ops[i][1];
    for (uint32_t i = 0; i < l->n_tops; i++)
        CAFFE_TRY(caffe_result(
            r, l, &(caffe_op){.op = op, .part = "", .src = l->src, .n_src = 1, .shape = l->in[0]},
            i));
    return AMCT_OK;
}

int32_t caffe_relu(caffe_reader *r, caffe_layer *l)
{
    float slope = l->relu_param ? l->relu_param->negative_slope : 0;
    amct_attr_desc alpha = import_attr_float("alpha", slope);
    return slope == 0 ? unary(r, l, "Relu", l->src[0], NULL, 0)
                      : unary(r, l, "LeakyRelu", l->src[0], &alpha, 1);
}

int32_t caffe_elu(caffe_reader *r, caffe_layer *l)
{
    amct_attr_desc alpha =
        import_attr_float("alpha", l->own->elu_param ? l->own->elu_param->alpha : 1);
    return unary(r, l, "Elu", l->src[0], &alpha, 1);
}

static int32_t clip(caffe_reader *r, caffe_layer *l, float min, float max)
{
    uint32_t src[3] = {l->src[0], 0, 0};
    if (min > max)
        return caffe_fail(r, AMCT_E_FORMAT, "min is %g, more than max, %g", min, max);
    CAFFE_TRY(caffe_add_number(r, l, "min", min, &src[1]));
    CAFFE_TRY(caffe_add_number(r, l, "max", max, &src[2]));
    return caffe_result(
        r, l, &(caffe_op){.op = "Clip", .part = "", .src = src, .n_src = 3, .shape = l->in[0]}, 0);
}

int32_t caffe_relu6(caffe_reader *r, caffe_layer *l)
{
    return clip(r, l, 0, 6);
}

int32_t caffe_clip(caffe_reader *r, caffe_layer *l)
{
    const CaffeNet__ClipParameter *p = l->own->clip_param;
    if (!p || !p->has_min || !p->has_max)
        return caffe_fail(r, AMCT_E_FORMAT, "has no min and max");
    return clip(r, l, p->min, p->max);
}

int32_t caffe_swish(caffe_reader *r, caffe_layer *l)
{
    uint32_t src[2] = {l->src[0], l->src[0]};
    CAFFE_TRY(
        with_number(r, l, "Mul", l->own->swish_param ? l->own->swish_param->beta : 1, 1, &src[1]));
    caffe_op gate = {
        .op = "Sigmoid", .part = "gate", .src = &src[1], .n_src = 1, .shape = l->in[0]};
    uint32_t id;
    CAFFE_TRY(caffe_inner(r, l, &gate, &id));
    src[1] = id;
    return caffe_result(
        r, l, &(caffe_op){.op = "Mul", .part = "", .src = src, .n_src = 2, .shape = l->in[0]}, 0);
}

/* (shift + scale * x) ^ power */
int32_t caffe_power(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__PowerParameter none = CAFFE_NET__POWER_PARAMETER__INIT;
    const CaffeNet__PowerParameter *p = l->power_param ? l->power_param : &none;
    uint32_t x = l->src[0];
    CAFFE_TRY(with_number(r, l, "Mul", p->scale, 1, &x));
    CAFFE_TRY(with_number(r, l, "Add", p->shift, 0, &x));
    CAFFE_TRY(with_number(r, l, "Pow", p->power, 1, &x));
    return unary(r, l, "Identity", x, NULL, 0);
}

/* base ^ (shift + scale * x) */
int32_t caffe_exp(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__ExpParameter none = CAFFE_NET__EXP_PARAMETER__INIT;
    const CaffeNet__ExpParameter *p = l->exp_param ? l->exp_param : &none;
    uint32_t x = l->src[0];
    if (p->base_ != -1 && !(p->base_ > 0))
        return caffe_fail(r, AMCT_E_FORMAT, "base is %g, above 0 or -1 (e) wanted", p->base_);
    float log_base = p->base_ == -1 ? 1 : logf(p->base_);
    CAFFE_TRY(with_number(r, l, "Mul", p->scale * log_base, 1, &x));
    CAFFE_TRY(with_number(r, l, "Add", p->shift * log_base, 0, &x));
    return unary(r, l, "Exp", x, NULL, 0);
}

/* log of (shift + scale * x) to the base */
int32_t caffe_log_layer(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__LogParameter none = CAFFE_NET__LOG_PARAMETER__INIT;
    const CaffeNet__LogParameter *p = l->own->log_param ? l->own->log_param : &none;
    uint32_t x = l->src[0];
    if (p->base_ != -1 && !(p->base_ > 0 && p->base_ != 1))
        return caffe_fail(r, AMCT_E_FORMAT, "base is %g, above 0 and not 1, or -1 (e) wanted",
                          p->base_);
    CAFFE_TRY(with_number(r, l, "Mul", p->scale, 1, &x));
    CAFFE_TRY(with_number(r, l, "Add", p->shift, 0, &x));
    if (p->base_ == -1)
        return unary(r, l, "Log", x, NULL, 0);
    caffe_op op = {.op = "Log", .part = "log", .src = &x, .n_src = 1, .shape = l->in[0]};
    uint32_t id;
    CAFFE_TRY(caffe_inner(r, l, &op, &id));
    CAFFE_TRY(with_number(r, l, "Div", logf(p->base_), 1, &id));
    return unary(r, l, "Identity", id, NULL, 0);
}

/* 1 where x is above the threshold, else 0 */
int32_t caffe_threshold(caffe_reader *r, caffe_layer *l)
{
    float threshold = l->threshold_param ? l->threshold_param->threshold : 0;
    uint32_t src[2] = {l->src[0], 0}, above;
    amct_attr_desc to = import_attr_int("to", AMCT_FLOAT);
    CAFFE_TRY(caffe_add_number(r, l, "threshold", threshold, &src[1]));
    CAFFE_TRY(caffe_inner(r, l,
                          &(caffe_op){.op = "Greater",
                                      .part = "above",
                                      .src = src,
                                      .n_src = 2,
                                      .shape = l->in[0],
                                      .other_type = true},
                          &above));
    return unary(r, l, "Cast", above, &to, 1);
}
