#include "ops/op.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const amct_op *ops;
    const size_t *n;
} families[] = {
#define FAMILY(family) {amct_ops_##family, &amct_n_ops_##family},
    AMCT_OP_FAMILIES(FAMILY)
#undef FAMILY
};

static amct_op sorted[256];
static size_t n_sorted;
static pthread_once_t sort_once = PTHREAD_ONCE_INIT;

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const amct_op *)a)->name, ((const amct_op *)b)->name);
}

static void sort_all(void)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        size_t n = *families[f].n;
        assert(n_sorted + n <= sizeof sorted / sizeof *sorted);
        memcpy(sorted + n_sorted, families[f].ops, n * sizeof *sorted);
        n_sorted += n;
    }
    qsort(sorted, n_sorted, sizeof *sorted, compare_names);
}

const amct_op *amct_op_all(size_t *n)
{
    pthread_once(&sort_once, sort_all);
    *n = n_sorted;
    return sorted;
}

const amct_op *amct_op_find(const char *name, const char *domain)
{
    size_t n;
    const amct_op *all = amct_op_all(&n), wanted = {.name = name};
    return domain[0] ? NULL : bsearch(&wanted, all, n, sizeof *all, compare_names);
}

static amct_status check_counts(const amct_op *op, const amct_node *node, amct_err *err)
{
    if (node->n_src < op->min_src)
        return amct_fail(err, AMCT_E_INVALID, "%s has %u inputs, wanted are at least %u", op->name,
                         node->n_src, op->min_src);
    if (node->n_src > op->max_src)
        return amct_fail(err, AMCT_E_INVALID, "%s has %u inputs, wanted are at most %u", op->name,
                         node->n_src, op->max_src);
    if (node->n_dst < 1 || node->n_dst > op->max_dst)
        return amct_fail(err, AMCT_E_INVALID, "%s has %u results, wanted are 1 to %u", op->name,
                         node->n_dst, op->max_dst);
    return AMCT_OK;
}

static amct_status check_sources(const amct_op *op, const amct_infer *in, bool *known,
                                 amct_err *err)
{
    size_t bytes;
    *known = true;
    for (uint32_t i = 0; i < in->node->n_src; i++) {
        const amct_tensor *src = in->src[i];
        if (!src) {
            if (i < op->min_src)
                return amct_fail(err, AMCT_E_INVALID, "%s: input %u is left out but needed",
                                 op->name, i);
        } else if (!amct_shape_known(&src->shape)) {
            *known = false;
        } else if (amct_tensor_bytes(&bytes, src->dtype, &src->shape, err) != AMCT_OK) {
            return amct_fail_in(err, "%s: input %u", op->name, i);
        }
    }
    return AMCT_OK;
}

amct_status amct_op_infer(const amct_op *op, const amct_infer *in, amct_err *err)
{
    uint32_t n = in->node->n_dst;
    bool known;
    AMCT_TRY(check_counts(op, in->node, err));
    AMCT_TRY(check_sources(op, in, &known, err));
    amct_tensor *dst = calloc(n, sizeof *dst);
    if (!dst)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n; i++)
        dst[i] = (amct_tensor){.name = "", .dtype = AMCT_UNDEFINED, .shape.rank = -1};
    amct_infer local = *in;
    local.dst = dst;
    amct_status status = known ? op->infer(&local, err) : AMCT_OK;
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++) {
        size_t bytes;
        if (amct_shape_known(&dst[i].shape))
            status = amct_tensor_bytes(&bytes, dst[i].dtype, &dst[i].shape, err);
        if (status != AMCT_OK)
            amct_fail_in(err, "result %u", i);
    }
    if (status != AMCT_OK)
        amct_fail_in(err, "%s", op->name);
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++) {
        in->dst[i].dtype = dst[i].dtype;
        in->dst[i].shape = dst[i].shape;
        in->dst[i].zero_point = dst[i].zero_point;
        in->dst[i].int4 = dst[i].int4;
    }
    free(dst);
    return status;
}

/* Hostile dims beside a 0 could keep loops turning that move nothing. */
static bool has_results(const amct_call *call)
{
    for (uint32_t i = 0; i < call->node->n_dst; i++)
        if (call->dst[i] && amct_shape_size(&call->dst[i]->shape) > 0)
            return true;
    return false;
}

amct_status amct_op_run(const amct_op *op, const amct_call *call, amct_err *err)
{
    if (has_results(call) && op->run(call, err) != AMCT_OK)
        return amct_fail_in(err, "%s", op->name);
    return AMCT_OK;
}
