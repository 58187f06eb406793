/* Pictures of another size. */
#include "ms_ops.h"

#include <string.h>

/* What the dims of space become; x has 4 dims. Where a size is not given, scales are. */
static int32_t emit(ms_call *c, ms_tensor *x, const int64_t size[2], const char *mode,
                    bool align_corners, bool half_pixel)
{
    const int64_t axes[] = {2, 3};
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    bool nearest = strcmp(mode, "nearest") == 0;
    if (x->rank != 4 || size[0] < 1 || size[0] > INT32_MAX || size[1] < 1 || size[1] > INT32_MAX)
        return ms_fail(c->r, AMCT_E_FORMAT, "an input of %d dims to %lld x %lld", x->rank,
                       (long long)size[0], (long long)size[1]);
    if (align_corners && half_pixel)
        return ms_unsupported(c, "align_corners together with half_pixel_centers");
    ms_build b = ms_begin(c, "Resize", NULL);
    ms_in(&b, x);
    ms_in(&b, NULL);
    ms_in(&b, NULL);
    ms_in_ints(&b, "sizes", size, 2);
    ms_set_ints(&b, "axes", axes, 2);
    ms_set_text(&b, "mode", mode);
    ms_set_text(&b, "coordinate_transformation_mode",
                align_corners ? "align_corners"
                : half_pixel  ? "half_pixel"
                              : "asymmetric");
    /* halves go up where there is a choice; else it is the pixel at or before the point */
    if (nearest)
        ms_set_text(&b, "nearest_mode",
                    align_corners || half_pixel ? "round_prefer_ceil" : "floor");
    return ms_finish(&b, &like);
}

/* (x, size, align_corners, half_pixel_centers), or the last three as attributes */
static int32_t run_resize(ms_call *c)
{
    ms_tensor *x;
    int64_t size[2];
    uint32_t n;
    bool align, half;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "size", size, 2, &n));
    MS_TRY(ms_arg_bool(c, 2, "align_corners", false, &align));
    MS_TRY(ms_arg_bool(c, 3, "half_pixel_centers", false, &half));
    if (n != 2)
        return ms_fail(c->r, AMCT_E_FORMAT, "size has %u numbers, 2 wanted", n);
    return emit(c, x, size, c->onnx, align, half);
}

/* (x, output_size, scales, align_corners): one of size and scales is None. With scales the result's
 * size is what the file says. */
static int32_t run_upsample(ms_call *c)
{
    ms_tensor *x, hint;
    int64_t size[2];
    uint32_t n;
    bool align;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "output_size", size, 2, &n));
    MS_TRY(ms_arg_bool(c, 3, "align_corners", false, &align));
    MS_TRY(ms_hint(c, 0, &hint));
    if (!n && hint.rank == 4) {
        size[0] = hint.dims[2];
        size[1] = hint.dims[3];
    } else if (n != 2) {
        return ms_unsupported(c, "a size that is not known");
    }
    bool nearest = strcmp(c->onnx, "nearest") == 0;
    return emit(c, x, size, c->onnx, align, !nearest && !align);
}

const ms_op ms_ops_resize[] = {
    {"ResizeBilinear", run_resize, "linear"},
    {"ResizeBilinearV2", run_resize, "linear"},
    {"ResizeNearestNeighbor", run_resize, "nearest"},
    {"ResizeNearestNeighborV2", run_resize, "nearest"},
    {"UpsampleNearest2D", run_upsample, "nearest"},
    {"UpsampleBilinear2D", run_upsample, "linear"},
};
MS_FAMILY(resize);
