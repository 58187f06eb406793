#include "exec/onednn.h"

#include "base/map.h"

#include <dnnl.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

struct amct_prim {
    dnnl_primitive_t handle;
    dnnl_primitive_desc_t pd;
    size_t scratch_bytes;
    uint32_t n_posts;
    amct_post_kind posts[AMCT_MAX_POSTS];
    bool binary;
};

struct amct_packed {
    dnnl_memory_t memory;
    void *block; /* what memory points to */
};

enum { MAX_ARGS = 7 + AMCT_MAX_POSTS };

struct amct_bound {
    amct_prim *prim;
    dnnl_exec_arg_t args[MAX_ARGS];
    dnnl_memory_t own[MAX_ARGS]; /* those that end with the arena */
    dnnl_memory_t scratch;
    int n_args, n_own;
};

struct amct_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    amct_map prims, packed;
    void *scratch;
    size_t scratch_bytes;
};

#define DNNL_TRY(call)                                                                             \
    do {                                                                                           \
        dnnl_status_t dnnl_status_ = (call);                                                       \
        if (dnnl_status_ != dnnl_success) {                                                        \
            status = fail(err, dnnl_status_, #call);                                               \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

static amct_status fail(amct_err *err, dnnl_status_t code, const char *call)
{
    switch (code) {
    case dnnl_out_of_memory: return amct_fail_nomem(err);
    case dnnl_unimplemented:
    case dnnl_invalid_arguments: /* 2.6 says so of geometries that it cannot do */
        return amct_fail(err, AMCT_E_UNSUPPORTED, "oneDNN has no implementation: %.80s", call);
    default:
        return amct_fail(err, AMCT_E_INTERNAL, "oneDNN failed with status %d: %.80s", (int)code,
                         call);
    }
}

amct_status amct_onednn_new(amct_onednn **out, amct_err *err)
{
    amct_onednn *dnn = calloc(1, sizeof *dnn);
    if (!dnn)
        return amct_fail_nomem(err);
    amct_status status = AMCT_OK;
    /* Parallel work is one process per core; a thread team would not survive their fork. */
    omp_set_num_threads(1);
    DNNL_TRY(dnnl_engine_create(&dnn->engine, dnnl_cpu, 0));
    DNNL_TRY(dnnl_stream_create(&dnn->stream, dnn->engine, dnnl_stream_default_flags));
    *out = dnn;
    return AMCT_OK;
done:
    amct_onednn_free(dnn);
    return status;
}

static void free_prim(amct_prim *prim)
{
    if (!prim)
        return;
    if (prim->handle)
        dnnl_primitive_destroy(prim->handle);
    if (prim->pd)
        dnnl_primitive_desc_destroy(prim->pd);
    free(prim);
}

static void free_packed(amct_packed *packed)
{
    if (!packed)
        return;
    if (packed->memory)
        dnnl_memory_destroy(packed->memory);
    free(packed->block);
    free(packed);
}

void amct_onednn_free(amct_onednn *dnn)
{
    if (!dnn)
        return;
    for (size_t i = 0; i < dnn->prims.cap; i++)
        free_prim(dnn->prims.slots[i].value);
    for (size_t i = 0; i < dnn->packed.cap; i++)
        free_packed(dnn->packed.slots[i].value);
    amct_map_free(&dnn->prims);
    amct_map_free(&dnn->packed);
    if (dnn->stream)
        dnnl_stream_destroy(dnn->stream);
    if (dnn->engine)
        dnnl_engine_destroy(dnn->engine);
    free(dnn->scratch);
    free(dnn);
}

bool amct_onednn_has_vnni(void)
{
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni ||
           (isa & dnnl_cpu_isa_avx2_vnni) == dnnl_cpu_isa_avx2_vnni;
}

const char *amct_onednn_isa(void)
{
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse4.1";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return "avx2";
    case dnnl_cpu_isa_avx2_vnni: return "avx2-vnni";
    case dnnl_cpu_isa_avx512_core: return "avx512";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512-vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512-bf16";
    default: return "other";
    }
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

static dnnl_status_t describe(dnnl_memory_desc_t *md, const amct_onednn_tensor *t)
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

/* The weights as they lie in the file: oneDNN's dims with the strides of C order. */
static dnnl_status_t describe_weights(dnnl_memory_desc_t *md, const amct_layer_desc *desc, bool any)
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
            status = describe(&md, &operand);
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
    } desc;
    const dnnl_memory_desc_t *reorder_from, *reorder_to; /* instead of desc */
    const amct_onednn_tensor *dst;
    const amct_post *posts;
    uint32_t n_posts;
    int64_t n_scales;
    const float *scales;
    int32_t src_zero_point, dst_zero_point;
    bool binary;    /* two sources */
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
    status = fail(err, dnnl_unimplemented, "none that can be trusted");
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
    prim->binary = op->binary;
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
    free_prim(prim);
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
    dnnl_status_t status = describe(&src, &desc->src);
    if (status == dnnl_success)
        status = describe(&dst, &desc->dst);
    if (status == dnnl_success)
        status = describe_weights(&weights, desc, true);
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
    DNNL_TRY(describe(&src, &desc->src));
    DNNL_TRY(describe(&dst, &desc->dst));
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
    DNNL_TRY(describe(&md, src));
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
    operation op = {.dst = a, .binary = true};
    dnnl_memory_desc_t md_a, md_b;
    DNNL_TRY(describe(&md_a, a));
    DNNL_TRY(describe(&md_b, b));
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
    DNNL_TRY(describe(&from, src));
    DNNL_TRY(describe(&to, &dst));
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

/* ---- Weights ------------------------------------------------------------------------------ */

amct_status amct_onednn_pack(const amct_packed **out, amct_onednn *dnn, const amct_prim *layer,
                             const amct_layer_desc *desc, const void *data, amct_hash hash,
                             amct_err *err)
{
    const dnnl_memory_desc_t *wanted =
        dnnl_primitive_desc_query_md(layer->pd, dnnl_query_weights_md, 0);
    amct_hash key = amct_hash_bytes(hash, wanted, sizeof *wanted);
    if ((*out = amct_map_get(&dnn->packed, key)))
        return AMCT_OK;
    amct_packed *packed = calloc(1, sizeof *packed);
    if (!packed)
        return amct_fail_nomem(err);
    amct_status status = AMCT_OK;
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_desc_t given;
    DNNL_TRY(describe_weights(&given, desc, false));
    size_t bytes = dnnl_memory_desc_get_size(wanted);
    if (posix_memalign(&packed->block, 64, bytes ? bytes : 64)) {
        packed->block = NULL;
        status = amct_fail_nomem(err);
        goto done;
    }
    DNNL_TRY(dnnl_memory_create(&packed->memory, wanted, dnn->engine, packed->block));
    DNNL_TRY(dnnl_memory_create(&from, &given, dnn->engine, (void *)data));
    DNNL_TRY(
        dnnl_reorder_primitive_desc_create(&pd, &given, dnn->engine, wanted, dnn->engine, NULL));
    DNNL_TRY(dnnl_primitive_create(&reorder, pd));
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, packed->memory}};
    DNNL_TRY(dnnl_primitive_execute(reorder, dnn->stream, 2, args));
    DNNL_TRY(dnnl_stream_wait(dnn->stream));
    if (!amct_map_put(&dnn->packed, key, packed)) {
        status = amct_fail_nomem(err);
        goto done;
    }
    *out = packed;
    packed = NULL;
done:
    if (reorder)
        dnnl_primitive_destroy(reorder);
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    if (from)
        dnnl_memory_destroy(from);
    free_packed(packed);
    return status;
}

/* ---- Binding and running ------------------------------------------------------------------ */

static void release_bound(void *object)
{
    amct_bound *bound = object;
    for (int i = 0; i < bound->n_own; i++)
        dnnl_memory_destroy(bound->own[i]);
}

static dnnl_status_t bind_memory(amct_onednn *dnn, amct_bound *bound, int arg,
                                 const dnnl_memory_desc_t *md, const void *data)
{
    dnnl_memory_t memory;
    dnnl_status_t status = dnnl_memory_create(&memory, md, dnn->engine, (void *)data);
    if (status != dnnl_success)
        return status;
    bound->own[bound->n_own++] = memory;
    bound->args[bound->n_args++] = (dnnl_exec_arg_t){arg, memory};
    return dnnl_success;
}

amct_status amct_onednn_bind(amct_bound **out, amct_onednn *dnn, amct_prim *prim, amct_arena *arena,
                             const amct_prim_args *args, amct_err *err)
{
    amct_status status = AMCT_OK;
    amct_bound *bound = amct_arena_alloc(arena, sizeof *bound);
    if (!bound || amct_arena_own(arena, bound, release_bound))
        return amct_fail_nomem(err);
    bound->prim = prim;
    if (prim->scratch_bytes > dnn->scratch_bytes) {
        void *bigger = NULL;
        if (posix_memalign(&bigger, 64, prim->scratch_bytes))
            return amct_fail_nomem(err);
        free(dnn->scratch);
        dnn->scratch = bigger;
        dnn->scratch_bytes = prim->scratch_bytes;
    }
#define MD(what, i) dnnl_primitive_desc_query_md(prim->pd, dnnl_query_##what##_md, i)
    DNNL_TRY(bind_memory(dnn, bound, prim->binary ? DNNL_ARG_SRC_0 : DNNL_ARG_SRC, MD(src, 0),
                         args->src));
    DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_DST, MD(dst, 0), args->dst));
    if (prim->binary)
        DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_SRC_1, MD(src, 1), args->src1));
    if (args->weights)
        bound->args[bound->n_args++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, args->weights->memory};
    if (args->bias)
        DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_BIAS, MD(weights, 1), args->bias));
    for (uint32_t i = 0; i < prim->n_posts; i++) {
        int arg = DNNL_ARG_ATTR_MULTIPLE_POST_OP((int)i) | DNNL_ARG_SRC_1;
        if (prim->posts[i] == AMCT_POST_ADD || prim->posts[i] == AMCT_POST_SCALES) {
            dnnl_memory_desc_t md = *MD(dst, 0);
            amct_onednn_tensor operand = {AMCT_FLOAT, AMCT_LAYOUT_PLAIN,
                                          amct_shape_of(md.ndims, md.dims)};
            bool scales = prim->posts[i] == AMCT_POST_SCALES;
            for (int d = 0; scales && d < md.ndims; d++)
                operand.shape.dims[d] = d == 1 ? md.dims[d] : 1;
            if (scales)
                DNNL_TRY(describe(&md, &operand));
            md.data_type = dnnl_f32;
            DNNL_TRY(bind_memory(dnn, bound, arg, &md, scales ? args->scales : args->add[i]));
        }
    }
    if (prim->scratch_bytes) {
        DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_SCRATCHPAD, MD(scratchpad, 0), dnn->scratch));
        bound->scratch = bound->own[bound->n_own - 1];
    }
#undef MD
    *out = bound;
done:
    return status;
}

amct_status amct_onednn_run(amct_onednn *dnn, amct_bound *bound, amct_err *err)
{
    amct_status status = AMCT_OK;
    if (bound->scratch) /* it may have grown since */
        DNNL_TRY(dnnl_memory_set_data_handle(bound->scratch, dnn->scratch));
    DNNL_TRY(dnnl_primitive_execute(bound->prim->handle, dnn->stream, bound->n_args, bound->args));
    DNNL_TRY(dnnl_stream_wait(dnn->stream));
done:
    return status;
}
