/* Products of matrices, and attention. */
#include "torch_aten.h"

#include <math.h>
#include <string.h>

static void product_dims(const torch_tensor *a, const torch_tensor *b, int32_t *rank, int64_t *dims)
{
    *rank = -1;
    if (a->rank < 2 || b->rank < 2)
        return;
    torch_tensor x = *a, y = *b; /* those before the last two broadcast */
    x.rank -= 2;
    y.rank -= 2;
    torch_broadcast(&x, &y, rank, dims);
    if (*rank + 2 > AMCT_MAX_RANK) {
        *rank = -1;
        return;
    }
    dims[(*rank)++] = a->dims[a->rank - 2];
    dims[(*rank)++] = b->dims[b->rank - 1];
}

static int32_t product(torch_call *c, const char *part, torch_tensor *a, torch_tensor *b,
                       torch_tensor **out)
{
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK];
    product_dims(a, b, &rank, dims);
    torch_node node = torch_begin(c, "MatMul", part);
    torch_src(&node, a);
    torch_src(&node, b);
    return torch_end(&node, a->dtype, rank, dims, out);
}

/* The tensor with its last two dims in the other order. */
static int32_t swap_last(torch_call *c, const char *part, torch_tensor *x, torch_tensor **out)
{
    int64_t perm[AMCT_MAX_RANK];
    for (int32_t d = 0; d < x->rank; d++)
        perm[d] = d;
    perm[x->rank - 1] = x->rank - 2;
    perm[x->rank - 2] = x->rank - 1;
    return torch_transpose_to(c, part, x, perm, out);
}

/* alpha * a * b + beta * bias with matrices; b is constant and lies the other way round if a
 * transpose was worked into it: the network then has it as it is stored. */
static int32_t gemm(torch_call *c, torch_tensor *a, torch_tensor *b, bool transposed,
                    torch_tensor *bias, double alpha, double beta)
{
    torch_tensor *out;
    int64_t dims[2] = {a->dims[0], b->dims[transposed ? 0 : 1]};
    if (b->kind == AMCT_TENSOR_CONSTANT && b->id == AMCT_NO_TENSOR && !torch_tensor_is_plain(b)) {
        TORCH_TRY(swap_last(c, "weight", b, &b));
        transposed = !transposed;
    }
    torch_node node = torch_begin(c, "Gemm", NULL);
    torch_src(&node, a);
    torch_src(&node, b);
    if (bias)
        torch_src(&node, bias);
    if (transposed)
        torch_attr_int(&node, "transB", 1);
    if (alpha != 1)
        torch_attr_float(&node, "alpha", alpha);
    if (beta != 1)
        torch_attr_float(&node, "beta", beta);
    TORCH_TRY(torch_end(&node, a->dtype, 2, dims, &out));
    return torch_return(c, out);
}

static int32_t run_linear(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *weight = torch_arg_tensor(c, 1),
                 *bias = torch_arg_tensor(c, 2), *out;
    TORCH_TRY(torch_need_rank(c, x));
    if (weight->rank != 2)
        return torch_unsupported(c, "weights that are no matrix");
    if (x->rank == 2)
        return gemm(c, x, weight, true, bias, 1, 1);
    TORCH_TRY(swap_last(c, "weight", weight, &weight));
    TORCH_TRY(product(c, bias ? "product" : NULL, x, weight, &out));
    if (bias)
        TORCH_TRY(torch_binary(c, "Add", NULL, out, bias, &out));
    return torch_return(c, out);
}

static int32_t run_matmul(torch_call *c)
{
    torch_tensor *a = torch_arg_tensor(c, 0), *b = torch_arg_tensor(c, 1), *out;
    if (a->rank == 2 && b->rank == 2 && b->kind == AMCT_TENSOR_CONSTANT)
        return gemm(c, a, b, false, NULL, 1, 1);
    TORCH_TRY(product(c, NULL, a, b, &out));
    return torch_return(c, out);
}

static int32_t run_addmm(torch_call *c)
{
    torch_tensor *a = torch_arg_tensor(c, 1), *b = torch_arg_tensor(c, 2);
    if (a->rank != 2 || b->rank != 2)
        return torch_unsupported(c, "a product of other than matrices");
    return gemm(c, a, b, false, torch_arg_tensor(c, 0), torch_arg_number(c, 4, 1),
                torch_arg_number(c, 3, 1));
}

static int32_t run_baddbmm(torch_call *c)
{
    torch_tensor *out;
    if (torch_arg_number(c, 3, 1) != 1 || torch_arg_number(c, 4, 1) != 1)
        return torch_unsupported(c, "alpha or beta other than 1");
    TORCH_TRY(product(c, "product", torch_arg_tensor(c, 1), torch_arg_tensor(c, 2), &out));
    TORCH_TRY(torch_binary(c, "Add", NULL, out, torch_arg_tensor(c, 0), &out));
    return torch_return(c, out);
}

/* ---- Attention ----------------------------------------------------------------------------- */

/* softmax(query * key^T * scale + mask) * value */
static int32_t run_attention(torch_call *c)
{
    torch_tensor *query = torch_arg_tensor(c, 0), *key = torch_arg_tensor(c, 1),
                 *value = torch_arg_tensor(c, 2), *mask = torch_arg_tensor(c, 3), *t, *out;
    double scale = torch_arg_number(c, 6, 0);
    TORCH_TRY(torch_need_rank(c, key));
    if (query->rank < 2 || key->rank < 2 || value->rank < 2)
        return torch_unsupported(c, "an input of fewer than 2 dims");
    if (torch_arg_bool(c, 5, false))
        return torch_unsupported(c, "a causal mask");
    if (torch_arg_bool(c, 7, false))
        return torch_unsupported(c, "enable_gqa");
    if (mask && mask->dtype == AMCT_BOOL)
        return torch_unsupported(c, "a mask of bools");
    if (scale == 0) {
        int64_t width = query->dims[query->rank - 1];
        if (width < 1)
            return torch_unsupported(c, "a width that is not known");
        scale = 1 / sqrt((double)width);
    }
    TORCH_TRY(swap_last(c, "key", key, &key));
    TORCH_TRY(product(c, "scores", query, key, &t));
    torch_node mul = torch_begin(c, "Mul", "scaled");
    torch_src(&mul, t);
    torch_src_number(&mul, "scale", t->dtype, scale);
    TORCH_TRY(torch_end(&mul, t->dtype, t->rank, t->dims, &t));
    if (mask)
        TORCH_TRY(torch_binary(c, "Add", "masked", t, mask, &t));
    torch_node softmax = torch_begin(c, "Softmax", "weights");
    torch_src(&softmax, t);
    torch_attr_int(&softmax, "axis", -1);
    TORCH_TRY(torch_end(&softmax, t->dtype, t->rank, t->dims, &t));
    TORCH_TRY(product(c, NULL, t, value, &out));
    return torch_return(c, out);
}

const torch_aten torch_aten_matrix[] = {
    {"linear", "t:input t:weight|t:bias", run_linear, NULL},
    {"matmul", "t:self t:other", run_matmul, NULL},
    {"mm", "t:self t:mat2", run_matmul, NULL},
    {"bmm", "t:self t:mat2", run_matmul, NULL},
    {"addmm", "t:self t:mat1 t:mat2|n:beta n:alpha", run_addmm, NULL},
    {"baddbmm", "t:self t:batch1 t:batch2|n:beta n:alpha", run_baddbmm, NULL},
    {"scaled_dot_product_attention",
     "t:query t:key t:value|t:attn_mask n:dropout_p b:is_causal n:scale b:enable_gqa",
     run_attention, NULL},
};
TORCH_FAMILY(matrix);
