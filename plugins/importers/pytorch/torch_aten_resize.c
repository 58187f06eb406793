/* Upsampling: ONNX's Resize, with the coordinates that PyTorch uses. */
#include "torch_aten.h"

#include <string.h>

typedef struct resize {
    torch_tensor *x;
    uint32_t dims;                /* of space */
    torch_value size;             /* UNSET, or a list of integers and symbols */
    double scales[AMCT_MAX_RANK]; /* 0: not given */
    const char *mode, *coordinates, *nearest;
    bool antialias;
} resize;

static int32_t set_mode(torch_call *c, resize *z, bool align)
{
    const char *op = c->op;
    bool exact = strstr(op, "exact") != NULL;
    z->antialias = strstr(op, "_aa") != NULL;
    z->dims = strstr(op, "1d") ? 1 : strstr(op, "3d") ? 3 : 2;
    z->coordinates = align ? "align_corners" : "half_pixel";
    if (strstr(op, "nearest")) {
        z->mode = "nearest";
        z->nearest = exact ? "round_prefer_ceil" : "floor";
        z->coordinates = exact ? "half_pixel" : "asymmetric";
    } else {
        z->mode = strstr(op, "bicubic") ? "cubic" : "linear";
    }
    TORCH_TRY(torch_need_rank(c, z->x));
    if (z->x->rank != (int32_t)z->dims + 2)
        return torch_fail(c->r, AMCT_E_UNSUPPORTED, "aten::%s: an input of %d dims, %u wanted", op,
                          z->x->rank, z->dims + 2);
    return AMCT_OK;
}

/* Where a size is given PyTorch uses in / size for coordinates, as ONNX does; where a scale is
 * given, both use the scale. */
static int32_t emit(torch_call *c, resize *z)
{
    int64_t dims[AMCT_MAX_RANK] = {z->x->dims[0], z->x->dims[1]}, axes[AMCT_MAX_RANK];
    float scales[AMCT_MAX_RANK];
    torch_tensor *sizes, *t, *out;
    bool by_size = z->size.kind != TORCH_UNSET;
    torch_node node = torch_begin(c, "Resize", NULL);
    torch_src(&node, z->x);
    torch_src(&node, NULL);
    for (uint32_t d = 0; d < z->dims; d++) {
        int64_t in = z->x->dims[2 + d];
        axes[d] = 2 + (int64_t)d;
        dims[2 + d] = AMCT_DIM_UNKNOWN;
        scales[d] = (float)z->scales[d];
        if (by_size && z->size.list->at[d].kind == TORCH_INT)
            dims[2 + d] = z->size.list->at[d].i;
        else if (!by_size && !(z->scales[d] > 0 && z->scales[d] < 65536))
            return torch_unsupported(c, "this scale");
        else if (!by_size && in > 0 && in < INT32_MAX)
            dims[2 + d] = (int64_t)((double)in * z->scales[d]);
    }
    if (by_size) {
        TORCH_TRY(torch_ints_of(c, "sizes", z->size, &sizes));
        torch_src(&node, NULL);
        torch_src(&node, sizes);
    } else {
        const char *name = import_text(&c->r->memory, "%s_scales", c->label);
        if (!name)
            return torch_nomem(c->r);
        TORCH_TRY(torch_const_bytes(c->r, name, AMCT_FLOAT, 1, (int64_t[]){z->dims}, scales,
                                    z->dims * sizeof *scales, &t));
        torch_src(&node, t);
    }
    torch_attr_text(&node, "mode", z->mode);
    torch_attr_text(&node, "coordinate_transformation_mode", z->coordinates);
    if (z->nearest)
        torch_attr_text(&node, "nearest_mode", z->nearest);
    if (strcmp(z->mode, "cubic") == 0)
        torch_attr_float(&node, "cubic_coeff_a", z->antialias ? -0.5 : -0.75);
    if (z->antialias)
        torch_attr_int(&node, "antialias", 1);
    torch_attr_ints(&node, "axes", axes, z->dims);
    TORCH_TRY(torch_end(&node, z->x->dtype, z->x->rank, dims, &out));
    return torch_return(c, out);
}

static int32_t read_size(torch_call *c, resize *z, uint32_t at)
{
    if (!torch_arg_given(c, at))
        return AMCT_OK;
    if (!torch_is_list(c->args[at]) || c->args[at].list->n != z->dims)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: %u numbers wanted as output_size",
                          c->name, z->dims);
    z->size = c->args[at];
    return AMCT_OK;
}

static int32_t read_scales(torch_call *c, resize *z, uint32_t at)
{
    const torch_list *list = torch_is_list(c->args[at]) ? c->args[at].list : NULL;
    if (!list)
        return AMCT_OK;
    if (list->n != z->dims)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: %u numbers wanted as scale_factors",
                          c->name, z->dims);
    for (uint32_t d = 0; d < z->dims; d++) {
        torch_value v = list->at[d];
        z->scales[d] = v.kind == TORCH_FLOAT ? v.f : v.kind == TORCH_INT ? (double)v.i : 0;
    }
    return AMCT_OK;
}

static int32_t finish(torch_call *c, resize *z)
{
    if (z->size.kind == TORCH_UNSET && z->scales[0] == 0)
        return torch_unsupported(c, "neither a size nor a scale");
    return emit(c, z);
}

/* (input, output_size, scale_factors) */
static int32_t run_nearest(torch_call *c)
{
    resize z = {.x = torch_arg_tensor(c, 0)};
    TORCH_TRY(set_mode(c, &z, false));
    TORCH_TRY(read_size(c, &z, 1));
    TORCH_TRY(read_scales(c, &z, 2));
    return finish(c, &z);
}

/* (self, output_size, scales_h, scales_w): a scale that is given decides the coordinates. */
static int32_t run_nearest_core(torch_call *c)
{
    resize z = {.x = torch_arg_tensor(c, 0)};
    TORCH_TRY(set_mode(c, &z, false));
    TORCH_TRY(read_size(c, &z, 1));
    return finish(c, &z);
}

/* (input, output_size, align_corners, scale_factors) */
static int32_t run_smooth(torch_call *c)
{
    resize z = {.x = torch_arg_tensor(c, 0)};
    TORCH_TRY(set_mode(c, &z, torch_arg_bool(c, 2, false)));
    TORCH_TRY(read_size(c, &z, 1));
    TORCH_TRY(read_scales(c, &z, 3));
    return finish(c, &z);
}

#define NEAREST      "t:input|I:output_size F:scale_factors"
#define NEAREST_CORE "t:self I:output_size|n:scales n:scales_h n:scales_w n:scales_d"
#define SMOOTH       "t:input|I:output_size b:align_corners F:scale_factors"
#define SMOOTH_CORE  "t:self I:output_size b:align_corners|n:scales n:scales_h n:scales_w"

const torch_aten torch_aten_resize[] = {
    {"upsample_nearest1d", NEAREST, run_nearest, NULL},
    {"upsample_nearest2d", NEAREST, run_nearest, NULL},
    {"upsample_nearest3d", NEAREST, run_nearest, NULL},
    {"upsample_nearest1d", NEAREST_CORE, run_nearest_core, NULL},
    {"upsample_nearest2d", NEAREST_CORE, run_nearest_core, NULL},
    {"upsample_nearest3d", NEAREST_CORE, run_nearest_core, NULL},
    {"_upsample_nearest_exact1d", NEAREST, run_nearest, NULL},
    {"_upsample_nearest_exact2d", NEAREST, run_nearest, NULL},
    {"_upsample_nearest_exact2d", NEAREST_CORE, run_nearest_core, NULL},
    {"upsample_linear1d", SMOOTH, run_smooth, NULL},
    {"upsample_bilinear2d", SMOOTH, run_smooth, NULL},
    {"upsample_trilinear3d", SMOOTH, run_smooth, NULL},
    {"upsample_bicubic2d", SMOOTH, run_smooth, NULL},
    {"_upsample_bilinear2d_aa", SMOOTH, run_smooth, NULL},
    {"_upsample_bicubic2d_aa", SMOOTH, run_smooth, NULL},
    {"upsample_linear1d", SMOOTH_CORE, run_smooth, NULL},
    {"upsample_bilinear2d", SMOOTH_CORE, run_smooth, NULL},
    {"upsample_trilinear3d",
     "t:self I:output_size b:align_corners|n:scales_d n:scales_h n:scales_w", run_smooth, NULL},
    {"upsample_bicubic2d", SMOOTH_CORE, run_smooth, NULL},
    {"_upsample_bilinear2d_aa", SMOOTH_CORE, run_smooth, NULL},
    {"_upsample_bicubic2d_aa", SMOOTH_CORE, run_smooth, NULL},
};
TORCH_FAMILY(resize);
