/* Parts of tensors, and tensors with more around them. */
#include "ms_ops.h"

#include <string.h>

/* ---- Slices -------------------------------------------------------------------------------- */

typedef struct slices {
    int64_t axes[MS_MAX_RANK], starts[MS_MAX_RANK], ends[MS_MAX_RANK], steps[MS_MAX_RANK];
    uint32_t n;
    int64_t gone[MS_MAX_RANK]; /* axes that one element is taken of */
    uint32_t n_gone;
    int64_t fresh[MS_MAX_RANK]; /* of the result: axes that are new */
    uint32_t n_fresh;
} slices;

static int32_t put_slice(ms_call *c, slices *s, int64_t axis, int64_t start, int64_t end,
                         int64_t step)
{
    if (step == 0)
        return ms_fail(c->r, AMCT_E_FORMAT, "a slice whose step is 0");
    s->axes[s->n] = axis;
    s->starts[s->n] = start;
    s->ends[s->n] = end;
    s->steps[s->n++] = step;
    return AMCT_OK;
}

static int32_t emit_slices(ms_call *c, ms_tensor *x, const slices *s)
{
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    bool more = s->n_gone || s->n_fresh;
    ms_tensor *t = x;
    if (s->n || !more) {
        ms_build b = ms_begin(c, "Slice", more ? "part" : NULL);
        ms_in(&b, x);
        ms_in_ints(&b, "starts", s->starts, s->n);
        ms_in_ints(&b, "ends", s->ends, s->n);
        ms_in_ints(&b, "axes", s->axes, s->n);
        ms_in_ints(&b, "steps", s->steps, s->n);
        if (!more)
            return ms_finish(&b, &like);
        MS_TRY(ms_end(&b, x->dtype, -1, NULL, &t));
    }
    if (s->n_gone) {
        ms_build b = ms_begin(c, "Squeeze", s->n_fresh ? "element" : NULL);
        ms_in(&b, t);
        ms_in_ints(&b, "gone", s->gone, s->n_gone);
        if (!s->n_fresh)
            return ms_finish(&b, &like);
        MS_TRY(ms_end(&b, x->dtype, -1, NULL, &t));
    }
    ms_build b = ms_begin(c, "Unsqueeze", NULL);
    ms_in(&b, t);
    ms_in_ints(&b, "new", s->fresh, s->n_fresh);
    return ms_finish(&b, &like);
}

/* (x, begin, end, strides, begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask):
 * bit i of a mask is about entry i of the lists. */
static int32_t run_strided_slice(ms_call *c)
{
    static const char *const words[] = {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                                        "shrink_axis_mask"};
    enum { BEGIN, END, ELLIPSIS, NEW, SHRINK, N_MASKS };
    ms_tensor *x;
    slices s = {.n = 0};
    int64_t begin[MS_MAX_RANK], end[MS_MAX_RANK], step[MS_MAX_RANK], masks[N_MASKS];
    uint32_t n, n_end, n_step, taken = 0, axis = 0, made = 0;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "begin", begin, MS_MAX_RANK, &n));
    MS_TRY(ms_arg_ints(c, 2, "end", end, MS_MAX_RANK, &n_end));
    MS_TRY(ms_arg_ints(c, 3, "strides", step, MS_MAX_RANK, &n_step));
    for (uint32_t i = 0; i < N_MASKS; i++)
        MS_TRY(ms_arg_int(c, 4 + i, words[i], 0, &masks[i]));
    if (n_end != n || n_step != n)
        return ms_fail(c->r, AMCT_E_FORMAT, "%u begins, %u ends, %u strides", n, n_end, n_step);
    for (uint32_t i = 0; i < n; i++) /* how many dims the entries are about */
        taken += !(masks[ELLIPSIS] >> i & 1) && !(masks[NEW] >> i & 1);
    for (uint32_t i = 0; i < n; i++) {
        if (masks[ELLIPSIS] >> i & 1) {
            uint32_t skipped = (uint32_t)x->rank > taken ? (uint32_t)x->rank - taken : 0;
            axis += skipped;
            made += skipped;
            taken = (uint32_t)x->rank; /* a second one stands for nothing */
            continue;
        }
        if (masks[NEW] >> i & 1) {
            s.fresh[s.n_fresh++] = made++;
            continue;
        }
        if (axis >= (uint32_t)x->rank)
            return ms_fail(c->r, AMCT_E_FORMAT, "slices %u dims or more of %d", axis + 1, x->rank);
        bool shrink = masks[SHRINK] >> i & 1;
        int64_t from = masks[BEGIN] >> i & 1 ? (step[i] < 0 ? INT64_MAX : 0) : begin[i];
        int64_t to = masks[END] >> i & 1 ? (step[i] < 0 ? INT64_MIN : INT64_MAX) : end[i];
        if (shrink) { /* the element at begin */
            bool last = begin[i] == -1 || begin[i] == INT64_MAX;
            MS_TRY(put_slice(c, &s, axis, begin[i], last ? INT64_MAX : begin[i] + 1, 1));
        } else {
            MS_TRY(put_slice(c, &s, axis, from, to, step[i]));
        }
        if (shrink)
            s.gone[s.n_gone++] = axis;
        else
            made++;
        axis++;
    }
    return emit_slices(c, x, &s);
}

/* (x, begin, size): -1 is all that is left */
static int32_t run_slice(ms_call *c)
{
    ms_tensor *x;
    slices s = {.n = 0};
    int64_t begin[MS_MAX_RANK], size[MS_MAX_RANK];
    uint32_t n, n_size;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "begin", begin, MS_MAX_RANK, &n));
    MS_TRY(ms_arg_ints(c, 2, "size", size, MS_MAX_RANK, &n_size));
    if (n != n_size)
        return ms_fail(c->r, AMCT_E_FORMAT, "%u begins, %u sizes", n, n_size);
    for (uint32_t i = 0; i < n; i++) {
        int64_t end;
        if (size[i] == -1 || __builtin_add_overflow(begin[i], size[i], &end))
            end = INT64_MAX;
        MS_TRY(put_slice(c, &s, i, begin[i], end, 1));
    }
    return emit_slices(c, x, &s);
}

/* mint: (x, dim, start, end, step) */
static int32_t run_slice_ext(ms_call *c)
{
    ms_tensor *x;
    slices s = {.n = 0};
    int64_t axis, start, end, step;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "dim", 0, &axis));
    MS_TRY(ms_arg_int(c, 2, "start", 0, &start));
    MS_TRY(ms_arg_int(c, 3, "end", INT64_MAX, &end));
    MS_TRY(ms_arg_int(c, 4, "step", 1, &step));
    MS_TRY(put_slice(c, &s, axis, start, end, step));
    return emit_slices(c, x, &s);
}

/* (x, axes): their order is turned round */
static int32_t run_reverse(ms_call *c)
{
    ms_tensor *x;
    slices s = {.n = 0};
    int64_t axes[MS_MAX_RANK];
    uint32_t n;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "axis", axes, MS_MAX_RANK, &n));
    for (uint32_t i = 0; i < n; i++)
        MS_TRY(put_slice(c, &s, axes[i], -1, INT64_MIN, -1));
    return emit_slices(c, x, &s);
}

/* ---- Gather -------------------------------------------------------------------------------- */

/* (x, indices, axis, batch_dims) */
static int32_t run_gather(ms_call *c)
{
    ms_tensor *x, *indices;
    int64_t axis, batch;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &indices));
    MS_TRY(ms_arg_int(c, 2, "axis", 0, &axis));
    MS_TRY(ms_arg_int(c, 3, "batch_dims", 0, &batch));
    if (batch)
        return ms_unsupported(c, "batch_dims");
    ms_build b = ms_begin(c, "Gather", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_in(&b, indices);
    ms_set_int(&b, "axis", axis);
    return ms_finish(&b, &like);
}

/* (indices, table, ...): rows of a table */
static int32_t run_embedding(ms_call *c)
{
    ms_tensor *indices, *table;
    MS_TRY(ms_arg_tensor(c, 0, &indices));
    MS_TRY(ms_arg_tensor(c, 1, &table));
    ms_build b = ms_begin(c, "Gather", NULL);
    const ms_tensor like = {.dtype = table->dtype, .rank = -1};
    ms_in(&b, table);
    ms_in(&b, indices);
    ms_set_int(&b, "axis", 0);
    return ms_finish(&b, &like);
}

/* (x, axis, indices) */
static int32_t run_gather_elements(ms_call *c)
{
    ms_tensor *x, *indices;
    int64_t axis;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "dim", 0, &axis));
    MS_TRY(ms_arg_tensor(c, 2, &indices));
    ms_build b = ms_begin(c, "GatherElements", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_in(&b, indices);
    ms_set_int(&b, "axis", axis);
    return ms_finish(&b, &like);
}

static int32_t run_gather_nd(ms_call *c)
{
    ms_tensor *x, *indices;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &indices));
    ms_build b = ms_begin(c, "GatherND", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_in(&b, indices);
    return ms_finish(&b, &like);
}

/* ---- Pad ----------------------------------------------------------------------------------- */

/* Pairs, one a dim of x from the first on. */
static int32_t emit_pad(ms_call *c, ms_tensor *x, const int64_t *pairs, const char *mode,
                        double value)
{
    int64_t pads[2 * MS_MAX_RANK];
    uint32_t rank = (uint32_t)x->rank;
    for (uint32_t i = 0; i < 2 * rank; i++) {
        if (pairs[i] < INT32_MIN || pairs[i] > INT32_MAX)
            return ms_fail(c->r, AMCT_E_FORMAT, "pads by %lld", (long long)pairs[i]);
        pads[i % 2 * rank + i / 2] = pairs[i];
    }
    ms_build b = ms_begin(c, "Pad", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_in_ints(&b, "pads", pads, 2 * rank);
    if (strcmp(mode, "constant") == 0 && value != 0)
        ms_in_number(&b, "value", x->dtype, value);
    ms_set_text(&b, "mode", mode);
    return ms_finish(&b, &like);
}

/* (x, paddings): pairs from the first dim on, an attribute; of MirrorPad an input */
static int32_t run_pad(ms_call *c)
{
    ms_tensor *x;
    int64_t pairs[2 * MS_MAX_RANK];
    uint32_t n;
    const char *mode;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "paddings", pairs, 2 * MS_MAX_RANK, &n));
    MS_TRY(ms_arg_text(c, MS_ATTR, "mode", &mode));
    if (n != 2 * (uint32_t)x->rank)
        return ms_fail(c->r, AMCT_E_FORMAT, "paddings has %u numbers, %d wanted", n, 2 * x->rank);
    bool mirror = strcmp(c->op, "MirrorPad") == 0;
    if (mirror && mode && strcasecmp(mode, "REFLECT") != 0)
        return ms_unsupported(c, "mode SYMMETRIC");
    return emit_pad(c, x, pairs, mirror ? "reflect" : "constant", 0);
}

/* (x, paddings, value): pairs from the last dim on, as in PyTorch */
static int32_t run_pad_v3(ms_call *c)
{
    ms_tensor *x;
    int64_t given[2 * MS_MAX_RANK], pairs[2 * MS_MAX_RANK] = {0};
    uint32_t n;
    const char *mode;
    bool contiguous;
    double value;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "paddings", given, 2 * MS_MAX_RANK, &n));
    MS_TRY(ms_arg_number(c, 2, "constant_value", 0, &value));
    MS_TRY(ms_arg_text(c, MS_ATTR, "mode", &mode));
    MS_TRY(ms_arg_bool(c, MS_ATTR, "paddings_contiguous", true, &contiguous));
    mode = mode ? mode : "constant";
    if (n % 2 || n > 2 * (uint32_t)x->rank)
        return ms_fail(c->r, AMCT_E_FORMAT, "paddings has %u numbers for %d dims", n, x->rank);
    for (uint32_t i = 0; i < n / 2; i++) {
        int64_t *pair = pairs + 2 * ((uint32_t)x->rank - 1 - i);
        pair[0] = contiguous ? given[2 * i] : given[i];
        pair[1] = contiguous ? given[2 * i + 1] : given[n / 2 + i];
    }
    bool edge = strcmp(mode, "edge") == 0 || strcmp(mode, "replicate") == 0;
    if (!edge && strcmp(mode, "constant") != 0 && strcmp(mode, "reflect") != 0)
        return ms_fail(c->r, AMCT_E_UNSUPPORTED, "mode '%.40s' is not supported", mode);
    return emit_pad(c, x, pairs, edge ? "edge" : mode, value);
}

const ms_op ms_ops_slice[] = {
    {"StridedSlice", run_strided_slice, NULL},
    {"Slice", run_slice, NULL},
    {"SliceExt", run_slice_ext, NULL},
    {"ReverseV2", run_reverse, NULL},
    {"Gather", run_gather, NULL},
    {"GatherV2", run_gather, NULL},
    {"Embedding", run_embedding, NULL},
    {"GatherD", run_gather_elements, NULL},
    {"GatherNd", run_gather_nd, NULL},
    {"Pad", run_pad, NULL},
    {"MirrorPad", run_pad, NULL},
    {"PadV3", run_pad_v3, NULL},
    {"ConstantPadND", run_pad_v3, NULL},
};
MS_FAMILY(slice);
