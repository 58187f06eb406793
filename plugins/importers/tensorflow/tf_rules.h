/*
 * tf_rules.h - the translations, each of one node: src are its inputs, dst[0] its result. Those
 * with several results make places for them first.
 */
#ifndef TF_RULES_H
#define TF_RULES_H

#include "tf_reader.h"

/* tf_op_plain.c */
tf_translate tf_const, tf_placeholder, tf_alias, tf_variable, tf_read_variable, tf_random, tf_floor,
    tf_only_known;
/* tf_op_math.c */
tf_translate tf_unary, tf_relu6, tf_leaky_relu, tf_rsqrt, tf_square, tf_erfc, tf_binary, tf_compare,
    tf_squared_difference, tf_add_n, tf_select, tf_cast, tf_bias_add;
/* tf_op_conv.c, tf_op_pool.c */
tf_translate tf_conv, tf_space_to_batch, tf_batch_to_space, tf_conv_transpose, tf_pool;
/* tf_op_norm.c */
tf_translate tf_batch_norm, tf_lrn, tf_softmax, tf_matmul, tf_reduce, tf_arg;
/* tf_op_shape.c */
tf_translate tf_shape_of, tf_reshape, tf_squeeze, tf_expand_dims, tf_transpose, tf_fill, tf_tile;
/* tf_op_move.c, tf_op_slice.c, tf_op_picture.c */
tf_translate tf_concat, tf_split, tf_pack, tf_unpack, tf_slice, tf_strided_slice, tf_pad, tf_gather,
    tf_resize, tf_depth_to_space;

/* The rule's `as` of the call's operator. */
static inline const char *tf_as(const tf_call *call)
{
    return tf_rule_find(call->node->op)->as;
}

/* The call of a helper node: the name with a suffix. */
#define TF_SUB(r, call, suffix) import_text(&(r)->memory, "%s/%s", (call)->name, suffix)

/* dst[0] is x with other dims for the same elements. */
int32_t tf_view(tf_reader *r, tf_call *call, tf_value *x, const tf_shape *to);
/* Dims that several values are broadcast to. */
int32_t tf_broadcast(tf_reader *r, tf_value *const *values, uint32_t n, tf_shape *out);
/* A node of the operands broadcast beside each other, in the form that is there. */
int32_t tf_elementwise(tf_reader *r, tf_call *call, const char *op, tf_value *const *src,
                       uint32_t n, uint32_t dtype, tf_value **out);
/* Whether dims are N x ... x C: data_format or its default. */
bool tf_channels_last(const tf_call *call);

#endif
