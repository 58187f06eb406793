#include "exec/onednn_inside.h"

#include <stdlib.h>
#include <string.h>

void amct_prim_free(amct_prim *prim)
{
    if (!prim)
        return;
    if (prim->handle)
        dnnl_primitive_destroy(prim->handle);
    if (prim->pd)
        dnnl_primitive_desc_destroy(prim->pd);
    free(prim);
}

/* ---- Descriptions ------------------------------------------------------------------------- */

static dnnl_data_type_t type_of(uint32_t dtype)
{
    switch (dtype) {
    case AMCT_FLOAT: return dnnl_f32;
    case AMCT_UINT8: return dnnl_u8;
    case AMCT_INT8: return dnnl_s8;
    case AMCT_INT32: return dnnl_s32;
    default: return dnnl_data_type_undef;
    }
}

dnnl_status_t amct_dnnl_describe(dnnl_memory_desc_t *md, const amct_onednn_tensor *t)
{
    static const dnnl_format_tag_t plain[] = {dnnl_a,   dnnl_a,    dnnl_ab,
                                              dnnl_abc, dnnl_abcd, dnnl_abcde};
    static const dnnl_format_tag_t last[] = {dnnl_a,   dnnl_a,    dnnl_ab,
                                             dnnl_acb, dnnl_acdb, dnnl_acdeb};
    if (t->shape.rank < 1 || t->shape.rank > 5 || type_of(t->dtype) == dnnl_data_type_undef)
        return dnnl_unimplemented;
    dnnl_dims_t dims = {0};
    memcpy(dims, t->shape.dims, (size_t)t->shape.rank * sizeof *dims);
    return dnnl_memory_desc_init_by_tag(
        md, t->shape.rank, dims, type_of(t->dtype),
        (t->layout == AMCT_LAYOUT_LAST ? last : plain)[t->shape.rank]);
}

/* oneDNN's dims with the strides of C order. */
dnnl_status_t amct_dnnl_describe_weights(dnnl_memory_desc_t *md, const amct_layer_desc *desc,
                                         bool any)
{
    dnnl_data_type_t type = desc->src.dtype == AMCT_FLOAT ? dnnl_f32 : dnnl_s8;
    dnnl_dims_t dims, strides;
    int n = 0, rank = desc->weights.rank;
    const int64_t *w = desc->weights.dims;
    int64_t inner = amct_shape_count(&desc->weights, 2, rank);
    if (desc->kind == AMCT_LAYER_INNER) {
        dims[0] = w[desc->weights_transposed], dims[1] = w[!desc->weights_transposed];
        strides[0] = desc->weights_transposed ? 1 : w[1];
        strides[1] = desc->weights_transposed ? w[1] : 1;
        n = 2;
    } else {
        bool deconv = desc->kind == AMCT_LAYER_DECONV, grouped = desc->groups > 1;
        int64_t g = desc->groups, first = w[0] / g, second = w[1];
        int64_t by_first = second * inner, by_second = inner;
        if (grouped)
            dims[n] = g, strides[n++] = first * by_first;
        dims[n] = deconv ? second : first, strides[n++] = deconv ? by_second : by_first;
        dims[n] = deconv ? first : second, strides[n++] = deconv ? by_first : by_second;
        for (int i = 2; i < rank; i++) {
            dims[n] = w[i];
            strides[n++] = amct_shape_count(&desc->weights, i + 1, rank);
        }
    }
    if (any)
        return dnnl_memory_desc_init_by_tag(md, n, dims, type, dnnl_format_tag_any);
    return dnnl_memory_desc_init_by_strides(md, n, dims, type, strides);
}

static dnnl_alg_kind_t algorithm_of(amct_post_kind kind)
{
    static const dnnl_alg_kind_t kinds[] = {
        [AMCT_POST_RELU] = dnnl_eltwise_relu,
        [AMCT_POST_CLIP] = dnnl_eltwise_clip,
        [AMCT_POST_LINEAR] = dnnl_eltwise_linear,
        [AMCT_POST_ROUND] = dnnl_eltwise_round,
        [AMCT_POST_SIGMOID] = dnnl_eltwise_logistic,
        [AMCT_POST_TANH] = dnnl_eltwise_tanh,
        [AMCT_POST_ELU] = dnnl_eltwise_elu,
        [AMCT_POST_SOFTPLUS] = dnnl_eltwise_soft_relu,
        [AMCT_POST_GELU_ERF] = dnnl_eltwise_gelu_erf,
        [AMCT_POST_GELU_TANH] = dnnl_eltwise_gelu_tanh,
        [AMCT_POST_HARDSWISH] = dnnl_eltwise_hardswish,
        [AMCT_POST_MISH] = dnnl_eltwise_mish,
        [AMCT_POST_EXP] = dnnl_eltwise_exp,
        [AMCT_POST_SQRT] = dnnl_eltwise_sqrt,
        [AMCT_POST_ABS] = dnnl_eltwise_abs,
    };
    return kinds[kind];
}

/* Appends the posts; binary operands have dst's dims or one per channel. */
static dnnl_status_t append_posts(dnnl_post_ops_t ops, const amct_post *posts, uint32_t n,
                                  const amct_onednn_tensor *dst)
{
    for (uint32_t i = 0; i < n; i++) {
        dnnl_status_t status;
        if (posts[i].kind == AMCT_POST_ADD || posts[i].kind == AMCT_POST_SCALES) {
            amct_onednn_tensor operand = *dst;
            operand.dtype = AMCT_FLOAT;
            for (int d = 0; posts[i].kind == AMCT_POST_SCALES && d < operand.shape.rank; d++)
                operand.shape.dims[d] = d == 1 ? operand.shape.dims[d] : 1;
            dnnl_memory_desc_t md;
            status = amct_dnnl_describe(&md, &operand);
            if (status == dnnl_success)
                status = dnnl_post_ops_append_binary(
                    ops, posts[i].kind == AMCT_POST_ADD ? dnnl_binary_add : dnnl_binary_mul, &md);
        } else if (posts[i].kind == AMCT_POST_SUM) {
            status = dnnl_post_ops_append_sum(ops, 1.0f);
        } else {
            status = dnnl_post_ops_append_eltwise(ops, 1.0f, algorithm_of(posts[i].kind),
                                                  posts[i].a, posts[i].b);
        }
        if (status != dnnl_success)
            return status;
    }
    return dnnl_success;
}

/* ---- Compiling ---------------------------------------------------------------------------- */

/* Any of oneDNN's operation descriptors, and what is asked of it beyond. */
typedef struct operation {
    union {
        dnnl_convolution_desc_t conv;
        dnnl_deconvolution_desc_t deconv;
        dnnl_inner_product_desc_t inner;
        dnnl_pooling_v2_desc_t pool;
        dnnl_eltwise_desc_t eltwise;
        dnnl_binary_desc_t binary;
        dnnl_prelu_desc_t prelu;
    } desc;
    const dnnl_memory_desc_t *reorder_from, *reorder_to; /* instead of desc */
    const amct_onednn_tensor *dst;
    const amct_post *posts;
    uint32_t n_posts;
    int64_t n_scales;
    const float *scales;
    int32_t src_zero_point, dst_zero_point;
    int second;     /* of two sources: what it is to oneDNN; 0: there is one */
    bool integers;  /* a layer of them */
    int64_t inputs; /* of a layer: channels that a result is summed over */
} operation;

/* What oneDNN 2.6 gets wrong, found by the random cases of test_exec_layer.c. */
static bool is_trusted(const_dnnl_primitive_desc_t pd, const operation *op)
{
    const char *name = "";
    bool binary = false;
    for (uint32_t i = 0; i < op->n_posts; i++)
        binary |= op->posts[i].kind == AMCT_POST_ADD || op->posts[i].kind == AMCT_POST_SCALES;
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    if (op->integers) /* others saturate, or take the wrong channel's scale */
        return strstr(name, "vnni") || strstr(name, "amx");
    bool gemm = strncmp(name, "x64:gemm", 8) == 0 || strncmp(name, "gemm", 4) == 0;
    bool plain = strncmp(name, "ref", 3) == 0; /* right, but slower than any other way */
    /* where the result is one vector, what is added looks like one number per channel */
    const amct_shape *dst = &op->dst->shape;
    bool vector = dst->rank > 2 && amct_shape_size(dst) == dst->dims[1];
    return !binary || (!gemm && !plain && strncmp(name, "jit_deconvolution", 17) != 0 &&
                       !(vector && strncmp(name, "br", 2) == 0));
}

/* oneDNN lists batched matrix products first; where each sum is short, its older kernels are faster
 * (measured: depthwise, and integers of few channels). */
static bool is_slow(const_dnnl_primitive_desc_t pd, const operation *op)
{
    enum { FEW = 64 };
    const char *name = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    return strncmp(name, "brdgmm", 6) == 0 ||
           (strncmp(name, "brgconv", 7) == 0 && op->integers && op->inputs <= FEW);
}

/* The first implementation that can be trusted, and that can be made; of the slow ones only if
 * allowed. */
static amct_status choose(amct_prim *prim, const amct_onednn *dnn, const operation *op,
                          dnnl_primitive_attr_t attr, bool slow, amct_err *err)
{
    amct_status status = AMCT_OK;
    dnnl_primitive_desc_iterator_t each = NULL;
    DNNL_TRY(dnnl_primitive_desc_iterator_create(&each, &op->desc, attr, dnn->engine, NULL));
    do {
        dnnl_primitive_desc_t pd = dnnl_primitive_desc_iterator_fetch(each);
        if (!pd) {
            status = amct_fail_nomem(err);
            goto done;
        }
        if (is_trusted(pd, op) && (slow || !is_slow(pd, op)) &&
            dnnl_primitive_create(&prim->handle, pd) == dnnl_success) {
            prim->pd = pd;
            goto done;
        }
        dnnl_primitive_desc_destroy(pd);
    } while (dnnl_primitive_desc_iterator_next(each) == dnnl_success);
    status = amct_dnnl_fail(err, dnnl_unimplemented, "none that can be trusted");
done:
    if (each)
        dnnl_primitive_desc_iterator_destroy(each);
    return status;
}

static amct_status compile(amct_prim **out, amct_onednn *dnn, amct_hash key, const operation *op,
                           amct_err *err)
{
    amct_prim *prim = calloc(1, sizeof *prim);
    if (!prim)
        return amct_fail_nomem(err);
    amct_status status = AMCT_OK;
    dnnl_post_ops_t ops = NULL;
    dnnl_primitive_attr_t attr = NULL;
    prim->n_posts = op->n_posts;
    prim->second = op->second;
    for (uint32_t i = 0; i < op->n_posts; i++)
        prim->posts[i] = op->posts[i].kind;
    DNNL_TRY(dnnl_primitive_attr_create(&attr));
    DNNL_TRY(dnnl_post_ops_create(&ops));
    DNNL_TRY(append_posts(ops, op->posts, op->n_posts, op->dst));
    DNNL_TRY(dnnl_primitive_attr_set_post_ops(attr, ops));
    DNNL_TRY(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user));
    if (op->n_scales)
        DNNL_TRY(dnnl_primitive_attr_set_output_scales(attr, op->n_scales,
                                                       op->n_scales > 1 ? 1 << 1 : 0, op->scales));
    if (op->src_zero_point)
        DNNL_TRY(
            dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_SRC, 1, 0, &op->src_zero_point));
    if (op->dst_zero_point)
        DNNL_TRY(
            dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_DST, 1, 0, &op->dst_zero_point));
    if (op->reorder_from) {
        DNNL_TRY(dnnl_reorder_primitive_desc_create(&prim->pd, op->reorder_from, dnn->engine,
                                                    op->reorder_to, dnn->engine, attr));
        DNNL_TRY(dnnl_primitive_create(&prim->handle, prim->pd));
    } else {
        status = choose(prim, dnn, op, attr, false, err);
        if (status == AMCT_E_UNSUPPORTED)
            status = choose(prim, dnn, op, attr, true, err);
        if (status != AMCT_OK)
            goto done;
    }
    const dnnl_memory_desc_t *scratch =
        dnnl_primitive_desc_query_md(prim->pd, dnnl_query_scratchpad_md, 0);
    prim->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    if (!amct_map_put(&dnn->prims, key, prim)) {
        status = amct_fail_nomem(err);
        goto done;
    }
    *out = prim;
    prim = NULL;
done:
    if (ops)
        dnnl_post_ops_destroy(ops);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    amct_prim_free(prim);
    return status;
}

static amct_hash key_of(const char *what, const void *desc, size_t size)
{
    return amct_hash_bytes(amct_hash_string((amct_hash){0}, what), desc, size);
}

static bool find_prim(amct_prim **out, const amct_onednn *dnn, amct_hash key)
{
    amct_prim *known = amct_map_get(&dnn->prims, key);
    if (known)
        *out = known;
    return known;
}

/* Tensors may have padding bytes: hash what they mean. */
static amct_hash key_of_tensor(amct_hash key, const amct_onednn_tensor *t)
{
    key = amct_hash_u64(key, (uint64_t)t->dtype << 32 | (uint32_t)t->layout << 8 |
                                 (uint32_t)t->shape.rank);
    return amct_hash_bytes(key, t->shape.dims, (size_t)t->shape.rank * sizeof *t->shape.dims);
}

/* oneDNN's functions read whole dnnl_dims_t. */
static void copy_dims(dnnl_dims_t to, const int64_t *from, int n, int64_t minus)
{
    memset(to, 0, sizeof(dnnl_dims_t));
    for (int i = 0; i < n; i++)
        to[i] = from[i] - minus;
}

static dnnl_status_t describe_layer(operation *op, const amct_layer_desc *desc)
{
    dnnl_memory_desc_t src, weights, bias, dst;
    dnnl_dims_t channels = {desc->dst.shape.dims[1]}, strides, dilations, begin, end;
    dnnl_status_t status = amct_dnnl_describe(&src, &desc->src);
    if (status == dnnl_success)
        status = amct_dnnl_describe(&dst, &desc->dst);
    if (status == dnnl_success)
        status = amct_dnnl_describe_weights(&weights, desc, true);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(
            &bias, 1, channels, desc->src.dtype == AMCT_FLOAT ? dnnl_f32 : dnnl_s32, dnnl_a);
    if (status != dnnl_success)
        return status;
    const dnnl_memory_desc_t *b = desc->bias ? &bias : NULL;
    copy_dims(strides, desc->strides, 3, 0);
    copy_dims(dilations, desc->dilations, 3, 1);
    copy_dims(begin, desc->pad_begin, 3, 0);
    copy_dims(end, desc->pad_end, 3, 0);
    switch (desc->kind) {
    case AMCT_LAYER_CONV:
        return dnnl_dilated_convolution_forward_desc_init(&op->desc.conv, dnnl_forward_inference,
                                                          dnnl_convolution_direct, &src, &weights,
                                                          b, &dst, strides, dilations, begin, end);
    case AMCT_LAYER_DECONV:
        return dnnl_dilated_deconvolution_forward_desc_init(
            &op->desc.deconv, dnnl_forward_inference, dnnl_deconvolution_direct, &src, &weights, b,
            &dst, strides, dilations, begin, end);
    default:
        return dnnl_inner_product_forward_desc_init(&op->desc.inner, dnnl_forward_inference, &src,
                                                    &weights, b, &dst);
    }
}

/* Descs are hashed as bytes: callers zero them first, so padding and unused fields are equal. */
amct_status amct_onednn_layer(amct_prim **out, amct_onednn *dnn, const amct_layer_desc *desc,
                              amct_err *err)
{
    bool scaled = desc->src.dtype != AMCT_FLOAT && desc->dst.dtype != AMCT_INT32;
    operation op = {.dst = &desc->dst,
                    .posts = desc->posts,
                    .n_posts = desc->n_posts,
                    .n_scales = scaled ? desc->n_scales : 0,
                    .scales = desc->scales,
                    .integers = desc->src.dtype != AMCT_FLOAT,
                    .inputs = desc->src.shape.dims[1] / desc->groups,
                    .src_zero_point = desc->src_zero_point,
                    .dst_zero_point = desc->dst_zero_point};
    amct_layer_desc plain;
    memcpy(&plain, desc, sizeof plain);
    plain.scales = NULL;
    amct_hash key = key_of("layer", &plain, sizeof plain);
    key = amct_hash_bytes(key, op.scales, (size_t)op.n_scales * sizeof *op.scales);
    if (find_prim(out, dnn, key))
        return AMCT_OK;
    amct_status status = AMCT_OK;
    DNNL_TRY(describe_layer(&op, desc));
    return compile(out, dnn, key, &op, err);
done:
    return status;
}

amct_status amct_onednn_pool(amct_prim **out, amct_onednn *dnn, const amct_pool_desc *desc,
                             amct_err *err)
{
    static const dnnl_alg_kind_t kinds[] = {
        [AMCT_POOL_MAX] = dnnl_pooling_max,
        [AMCT_POOL_AVERAGE] = dnnl_pooling_avg_exclude_padding,
        [AMCT_POOL_AVERAGE_PADDED] = dnnl_pooling_avg_include_padding,
    };
    amct_hash key = key_of("pool", desc, sizeof *desc);
    if (find_prim(out, dnn, key))
        return AMCT_OK;
    amct_status status = AMCT_OK;
    operation op = {.dst = &desc->dst};
    dnnl_memory_desc_t src, dst;
    dnnl_dims_t kernel, strides, dilations, begin, end;
    copy_dims(kernel, desc->kernel, 3, 0);
    copy_dims(strides, desc->strides, 3, 0);
    copy_dims(dilations, desc->dilations, 3, 1);
    copy_dims(begin, desc->pad_begin, 3, 0);
    copy_dims(end, desc->pad_end, 3, 0);
    DNNL_TRY(amct_dnnl_describe(&src, &desc->src));
    DNNL_TRY(amct_dnnl_describe(&dst, &desc->dst));
    DNNL_TRY(dnnl_pooling_v2_forward_desc_init(&op.desc.pool, dnnl_forward_inference,
                                               kinds[desc->kind], &src, &dst, strides, kernel,
                                               dilations, begin, end));
    return compile(out, dnn, key, &op, err);
done:
    return status;
}

amct_status amct_onednn_eltwise(amct_prim **out, amct_onednn *dnn, const amct_onednn_tensor *src,
                                const amct_post *post, amct_err *err)
{
    amct_hash key = key_of_tensor(key_of("eltwise", post, sizeof *post), src);
    if (find_prim(out, dnn, key))
        return AMCT_OK;
    amct_status status = AMCT_OK;
    operation op = {.dst = src};
    dnnl_memory_desc_t md;
    DNNL_TRY(amct_dnnl_describe(&md, src));
    DNNL_TRY(dnnl_eltwise_forward_desc_init(&op.desc.eltwise, dnnl_forward_inference,
                                            algorithm_of(post->kind), &md, post->a, post->b));
    return compile(out, dnn, key, &op, err);
done:
    return status;
}

amct_status amct_onednn_binary(amct_prim **out, amct_onednn *dnn, amct_binary_kind kind,
                               const amct_onednn_tensor *a, const amct_onednn_tensor *b,
                               amct_err *err)
{
    static const dnnl_alg_kind_t kinds[] = {dnnl_binary_add, dnnl_binary_sub, dnnl_binary_mul,
                                            dnnl_binary_div, dnnl_binary_max, dnnl_binary_min};
    amct_hash key = key_of_tensor(key_of_tensor(key_of("binary", &kind, sizeof kind), a), b);
    if (find_prim(out, dnn, key))
        return AMCT_OK;
    amct_status status = AMCT_OK;
    bool prelu = kind == AMCT_BINARY_PRELU;
    operation op = {.dst = a, .second = prelu ? DNNL_ARG_WEIGHTS : DNNL_ARG_SRC_1};
    dnnl_memory_desc_t md_a, md_b;
    DNNL_TRY(amct_dnnl_describe(&md_a, a));
    DNNL_TRY(amct_dnnl_describe(&md_b, b));
    if (prelu)
        DNNL_TRY(
            dnnl_prelu_forward_desc_init(&op.desc.prelu, dnnl_forward_inference, &md_a, &md_b));
    else
        DNNL_TRY(dnnl_binary_desc_init(&op.desc.binary, kinds[kind], &md_a, &md_b, &md_a));
    return compile(out, dnn, key, &op, err);
done:
    return status;
}

amct_status amct_onednn_reorder(amct_prim **out, amct_onednn *dnn, const amct_onednn_tensor *src,
                                amct_layout dst_layout, amct_err *err)
{
    amct_hash key = key_of_tensor(key_of("reorder", &dst_layout, sizeof dst_layout), src);
    if (find_prim(out, dnn, key))
        return AMCT_OK;
    amct_status status = AMCT_OK;
    amct_onednn_tensor dst = *src;
    dst.layout = dst_layout;
    dnnl_memory_desc_t from, to;
    operation op = {.reorder_from = &from, .reorder_to = &to, .dst = &dst};
    DNNL_TRY(amct_dnnl_describe(&from, src));
    DNNL_TRY(amct_dnnl_describe(&to, &dst));
    return compile(out, dnn, key, &op, err);
done:
    return status;
}

const char *amct_prim_name(const amct_prim *prim)
{
    const char *name = "?";
    dnnl_primitive_desc_query(prim->pd, dnnl_query_impl_info_str, 0, &name);
    return name;
}
