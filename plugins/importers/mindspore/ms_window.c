#include "ms_window.h"

#include <string.h>

int64_t ms_window_span(const ms_window *w, uint32_t d)
{
    return w->dilation[d] * (w->kernel[d] - 1) + 1;
}

int32_t ms_window_check(ms_call *c, const ms_window *w)
{
    for (uint32_t d = 0; d < w->n; d++) {
        int64_t before = w->pads[d], behind = w->pads[w->n + d];
        if (w->kernel[d] < 1 || w->kernel[d] > INT32_MAX || w->stride[d] < 1 ||
            w->stride[d] > INT32_MAX || w->dilation[d] < 1 || w->dilation[d] > INT32_MAX ||
            before < 0 || before > INT32_MAX || behind < 0 || behind > INT32_MAX)
            return ms_fail(c->r, AMCT_E_FORMAT,
                           "kernel %lld, stride %lld, dilation %lld, padding %lld and %lld",
                           (long long)w->kernel[d], (long long)w->stride[d],
                           (long long)w->dilation[d], (long long)before, (long long)behind);
    }
    return AMCT_OK;
}

int32_t ms_window_mode(ms_call *c, uint32_t i, ms_pad_mode *out)
{
    static const char *const words[] = {"pad", "same", "valid"};
    ms_value v;
    MS_TRY(ms_arg(c, i, "pad_mode", &v));
    if (v.kind == MS_UNSET) {
        *out = MS_VALID;
        return AMCT_OK;
    }
    for (int mode = MS_PAD; mode <= MS_VALID; mode++)
        if ((v.kind == MS_INT && v.i == mode) ||
            (v.kind == MS_TEXT && strcasecmp(v.text, words[mode]) == 0)) {
            *out = (ms_pad_mode)mode;
            return AMCT_OK;
        }
    return ms_unsupported(c, "this pad_mode");
}

int32_t ms_window_pairs(ms_call *c, ms_window *w)
{
    int64_t pairs[2 * MS_MAX_SPACE];
    uint32_t n;
    MS_TRY(ms_arg_ints(c, MS_ATTR, "pad_list", pairs, 2 * MS_MAX_SPACE, &n));
    if (!n)
        MS_TRY(ms_arg_ints(c, MS_ATTR, "pad", pairs, 2 * MS_MAX_SPACE, &n));
    if (n > 1 && n != 2 * w->n)
        return ms_fail(c->r, AMCT_E_FORMAT, "pad has %u numbers, %u wanted", n, 2 * w->n);
    for (uint32_t i = 0; n && i < 2 * w->n; i++)
        w->pads[i % 2 * w->n + i / 2] = n == 1 ? pairs[0] : pairs[i];
    return AMCT_OK;
}

int32_t ms_window_even(ms_call *c, ms_window *w, uint32_t i, const char *name)
{
    MS_TRY(ms_arg_space(c, i, name, 0, w->pads, w->n));
    memcpy(w->pads + w->n, w->pads, w->n * sizeof *w->pads);
    return AMCT_OK;
}

void ms_window_same(ms_window *w, const ms_tensor *x)
{
    for (uint32_t d = 0; d < w->n; d++) {
        int64_t in = x->dims[2 + d], all = 0, stride = w->stride[d];
        w->automatic |= in < 0;
        if (in > 0)
            all = ((in + stride - 1) / stride - 1) * stride + ms_window_span(w, d) - in;
        all = all < 0 ? 0 : all;
        w->pads[d] = all / 2;
        w->pads[w->n + d] = all - all / 2;
    }
}

void ms_window_set(ms_build *b, const ms_window *w)
{
    ms_set_ints(b, "strides", w->stride, w->n);
    if (w->automatic)
        ms_set_text(b, "auto_pad", "SAME_UPPER");
    else
        ms_set_ints(b, "pads", w->pads, 2 * w->n);
}
