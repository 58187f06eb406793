/* Random numbers of a Dropout: what is known of them. */
#include "tf_fold.h"

#include <math.h>

static int32_t put_random(tf_reader *r, tf_call *call, const tf_value *u, double low, double high,
                          bool *done)
{
    *done = true;
    TF_TRY(tf_value_new(r, call->name, u->dtype, &u->shape, &call->dst[0]));
    call->dst[0]->kind = TF_RANDOM;
    call->dst[0]->low = low;
    call->dst[0]->high = high;
    return AMCT_OK;
}

int32_t tf_fold_random(tf_reader *r, tf_call *call, bool *done)
{
    const tf_shape scalar = tf_scalar();
    tf_value *u = call->src[0];
    bool first = u->kind == TF_RANDOM;
    size_t n = 0;
    double low = floor(first ? u->low : 0), truth;
    if (call->n_src == 1 && tf_fold_is(call, "Floor") && u->high <= low + 1)
        return tf_fold_put(r, call, u->dtype, &scalar, &low, done);
    if (call->n_src != 2 || (u = call->src[!first])->kind != TF_RANDOM)
        return AMCT_OK;
    const double *other = tf_known(r, call->src[first], &n);
    if (!other || n != 1 || isnan(other[0]))
        return AMCT_OK;
    double by = other[0];
    if (tf_fold_is(call, "Add") || tf_fold_is(call, "AddV2"))
        return put_random(r, call, u, u->low + by, u->high + by, done);
    if (tf_fold_is(call, "Sub") && first)
        return put_random(r, call, u, u->low - by, u->high - by, done);
    if (tf_fold_is(call, "Mul") && by > 0)
        return put_random(r, call, u, u->low * by, u->high * by, done);
    if (tf_fold_is(call, "GreaterEqual") && first && (u->low >= by || u->high <= by)) {
        truth = u->low >= by;
        return tf_fold_put(r, call, AMCT_BOOL, &scalar, &truth, done);
    }
    return AMCT_OK;
}
