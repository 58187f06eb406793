/* Operators that permute dims: Transpose, DepthToSpace, SpaceToDepth. */
#include "ops/broadcast.h"
#include "ops/move.h"
#include "ops/param.h"

/* perm[d] is the dim of the source that becomes dim d. */
static amct_status read_perm(int32_t perm[AMCT_MAX_RANK], const amct_node *node, int32_t rank,
                             amct_err *err)
{
    bool used[AMCT_MAX_RANK] = {false};
    size_t n;
    const int64_t *listed = amct_node_ints(node, "perm", &n);
    if (listed && n != (size_t)rank)
        return amct_fail(err, AMCT_E_INVALID, "perm has %zu axes for a tensor of %d dims", n, rank);
    for (int32_t d = 0; d < rank; d++) {
        int64_t from = listed ? listed[d] : rank - 1 - d;
        if (from < 0 || from >= rank || used[from])
            return amct_fail(err, AMCT_E_INVALID, "perm is no permutation: axis %lld at place %d",
                             (long long)from, d);
        used[from] = true;
        perm[d] = (int32_t)from;
    }
    return AMCT_OK;
}

/* dst has the elements of src, seen as `dims`, with dim perm[d] at place d; dst's own dims may be
 * joined ones of these. */
static void permute(const amct_value *dst, const amct_value *src, const amct_shape *dims,
                    const int32_t *perm)
{
    int64_t from[AMCT_MAX_RANK], strides[AMCT_MAX_RANK];
    amct_value view = *dst;
    amct_shape_strides(from, dims);
    view.shape.rank = dims->rank;
    for (int32_t d = 0; d < dims->rank; d++) {
        view.shape.dims[d] = dims->dims[perm[d]];
        strides[d] = from[perm[d]];
    }
    amct_move_strided(&view, src, 0, strides);
}

static amct_status transpose_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *src = &in->src[0]->shape;
    int32_t perm[AMCT_MAX_RANK];
    AMCT_TRY(read_perm(perm, in->node, src->rank, err));
    amct_shape shape = {.rank = src->rank};
    for (int32_t d = 0; d < shape.rank; d++)
        shape.dims[d] = src->dims[perm[d]];
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status transpose_run(const amct_call *call, amct_err *err)
{
    int32_t perm[AMCT_MAX_RANK];
    AMCT_TRY(read_perm(perm, call->node, call->src[0]->shape.rank, err));
    permute(call->dst[0], call->src[0], &call->src[0]->shape, perm);
    return AMCT_OK;
}

/* ---- DepthToSpace and SpaceToDepth: N x C x H x W ------------------------------------------- */

static amct_status read_block(int64_t *block, const amct_infer *in, amct_err *err)
{
    int64_t size = amct_node_int(in->node, "blocksize", 0);
    if (in->src[0]->shape.rank != 4)
        return amct_fail(err, AMCT_E_INVALID, "the input has %d dims, wanted are N x C x H x W",
                         in->src[0]->shape.rank);
    if (size < 1 || size > INT32_MAX)
        return amct_fail(err, AMCT_E_INVALID, "blocksize is %lld", (long long)size);
    *block = size;
    return AMCT_OK;
}

/* DCR: blocks lie outside of the channels; CRD: within them. */
static amct_status read_depth_mode(bool *channels_first, const amct_node *node, amct_err *err)
{
    static const char *const modes[] = {"DCR", "CRD", NULL};
    uint32_t mode;
    AMCT_TRY(amct_param_word(&mode, node, "mode", modes, err));
    *channels_first = mode == 1;
    return AMCT_OK;
}

static amct_status depth_to_space_infer(const amct_infer *in, amct_err *err)
{
    int64_t block;
    bool channels_first;
    AMCT_TRY(read_block(&block, in, err));
    AMCT_TRY(read_depth_mode(&channels_first, in->node, err));
    amct_shape shape = in->src[0]->shape;
    if (shape.dims[1] % (block * block))
        return amct_fail(err, AMCT_E_INVALID, "%lld channels do not divide into blocks of %lld",
                         (long long)shape.dims[1], (long long)(block * block));
    shape.dims[1] /= block * block;
    for (int32_t d = 2; d < 4; d++)
        if (__builtin_mul_overflow(shape.dims[d], block, &shape.dims[d]))
            return amct_fail(err, AMCT_E_LIMIT, "dim %d times blocksize overflows", d);
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status depth_to_space_run(const amct_call *call, amct_err *err)
{
    static const int32_t from_dcr[] = {0, 3, 4, 1, 5, 2}, from_crd[] = {0, 1, 4, 2, 5, 3};
    const int64_t *s = call->src[0]->shape.dims, b = amct_node_int(call->node, "blocksize", 0);
    int64_t c = s[1] / (b * b);
    bool channels_first;
    AMCT_TRY(read_depth_mode(&channels_first, call->node, err));
    amct_shape dcr = {6, {s[0], b, b, c, s[2], s[3]}}, crd = {6, {s[0], c, b, b, s[2], s[3]}};
    permute(call->dst[0], call->src[0], channels_first ? &crd : &dcr,
            channels_first ? from_crd : from_dcr);
    return AMCT_OK;
}

static amct_status space_to_depth_infer(const amct_infer *in, amct_err *err)
{
    int64_t block;
    bool channels_first;
    AMCT_TRY(read_block(&block, in, err));
    AMCT_TRY(read_depth_mode(&channels_first, in->node, err));
    amct_shape shape = in->src[0]->shape;
    if (shape.dims[2] % block || shape.dims[3] % block)
        return amct_fail(err, AMCT_E_INVALID, "%lld x %lld does not divide into blocks of %lld",
                         (long long)shape.dims[2], (long long)shape.dims[3], (long long)block);
    if (__builtin_mul_overflow(shape.dims[1], block * block, &shape.dims[1]))
        return amct_fail(err, AMCT_E_LIMIT, "channels times blocksize squared overflow");
    shape.dims[2] /= block;
    shape.dims[3] /= block;
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    return AMCT_OK;
}

static amct_status space_to_depth_run(const amct_call *call, amct_err *err)
{
    static const int32_t to_dcr[] = {0, 3, 5, 1, 2, 4}, to_crd[] = {0, 1, 3, 5, 2, 4};
    const int64_t *s = call->src[0]->shape.dims, b = amct_node_int(call->node, "blocksize", 0);
    amct_shape dims = {6, {s[0], s[1], s[2] / b, b, s[3] / b, b}};
    bool channels_first;
    AMCT_TRY(read_depth_mode(&channels_first, call->node, err));
    permute(call->dst[0], call->src[0], &dims, channels_first ? to_crd : to_dcr);
    return AMCT_OK;
}

const amct_op amct_ops_transpose[] = {
    {"DepthToSpace", 1, 1, 1, depth_to_space_infer, depth_to_space_run},
    {"SpaceToDepth", 1, 1, 1, space_to_depth_infer, space_to_depth_run},
    {"Transpose", 1, 1, 1, transpose_infer, transpose_run},
};
const size_t amct_n_ops_transpose = sizeof amct_ops_transpose / sizeof *amct_ops_transpose;
