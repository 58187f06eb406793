/* Interp of the DeepLab and PSPNet forks, Upsample of the YOLO and SegNet forks. */
#include "caffe_reader.h"

enum { MAX_NUMBER = 1 << 24 };

/* A Resize of the last two dims to the sizes. */
static int32_t resize(caffe_reader *r, caffe_layer *l, uint32_t x, const int64_t sizes[2],
                      bool linear)
{
    static const int64_t axes[2] = {2, 3};
    uint32_t src[4] = {x, AMCT_NO_TENSOR, AMCT_NO_TENSOR, 0};
    caffe_op op = {.op = "Resize",
                   .part = "",
                   .src = src,
                   .n_src = 4,
                   .attrs = {import_attr_text("mode", linear ? "linear" : "nearest"),
                             import_attr_text("coordinate_transformation_mode",
                                              linear ? "align_corners" : "asymmetric"),
                             import_attr_ints("axes", axes, 2),
                             import_attr_text("nearest_mode", "floor")},
                   .n_attrs = linear ? 3 : 4,
                   .shape = l->in[0]};
    op.shape.dims[2] = sizes[0];
    op.shape.dims[3] = sizes[1];
    CAFFE_TRY(caffe_add_ints(r, l, "sizes", sizes, 2, &src[3]));
    return caffe_result(r, l, &op, 0);
}

/* Negative padding: rows and columns that are cut off. */
static int32_t cut(caffe_reader *r, caffe_layer *l, int64_t begin, int64_t end, uint32_t *x)
{
    static const int64_t axes[2] = {2, 3};
    const int64_t begins[2] = {begin, begin};
    int64_t ends[2];
    uint32_t src[4] = {*x};
    caffe_op op = {.op = "Slice", .part = "cut", .src = src, .n_src = 4, .shape = l->in[0]};
    for (int d = 0; d < 2; d++) {
        ends[d] = l->in[0].dims[2 + d] - end;
        op.shape.dims[2 + d] = ends[d] - begin;
    }
    CAFFE_TRY(caffe_add_ints(r, l, "begins", begins, 2, &src[1]));
    CAFFE_TRY(caffe_add_ints(r, l, "ends", ends, 2, &src[2]));
    CAFFE_TRY(caffe_add_ints(r, l, "axes", axes, 2, &src[3]));
    return caffe_inner(r, l, &op, x);
}

static int32_t interp_size(caffe_reader *r, const CaffeNet__InterpParameter *p, int64_t in,
                           bool height, int64_t *out)
{
    int64_t zoom, shrink;
    if (p->has_height && p->has_width && !p->has_zoom_factor && !p->has_shrink_factor)
        return caffe_range(r, height ? "height" : "width", height ? p->height : p->width, 1,
                           MAX_NUMBER, out);
    if (!p->has_zoom_factor && !p->has_shrink_factor)
        return caffe_fail(r, AMCT_E_FORMAT, "has neither height and width nor a factor");
    CAFFE_TRY(caffe_range(r, "zoom_factor", p->zoom_factor, 1, MAX_NUMBER, &zoom));
    CAFFE_TRY(caffe_range(r, "shrink_factor", p->shrink_factor, 1, MAX_NUMBER, &shrink));
    int64_t less = (in - 1) / shrink + 1;
    *out = less + (less - 1) * (zoom - 1);
    return AMCT_OK;
}

int32_t caffe_interp(caffe_reader *r, caffe_layer *l)
{
    const CaffeNet__InterpParameter *p = l->own->interp_param;
    uint32_t x = l->src[0];
    int64_t begin = 0, end = 0, sizes[2];
    if (!p && l->n_bottoms < 2)
        return caffe_fail(r, AMCT_E_FORMAT, "has no interp_param%s", caffe_hint(r));
    if (l->in[0].rank != 4 || (l->n_bottoms > 1 && l->in[1].rank != 4))
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 4 wanted", l->in[0].rank);
    if (p && (p->pad_beg > 0 || p->pad_end > 0))
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "pad_beg and pad_end must not be above 0");
    if (p) {
        CAFFE_TRY(caffe_range(r, "pad_beg", 0 - (uint64_t)p->pad_beg, 0, MAX_NUMBER, &begin));
        CAFFE_TRY(caffe_range(r, "pad_end", 0 - (uint64_t)p->pad_end, 0, MAX_NUMBER, &end));
    }
    for (int d = 0; d < 2; d++) {
        int64_t in = l->in[0].dims[2 + d] - begin - end;
        if (in < 1)
            return caffe_fail(r, AMCT_E_FORMAT, "pad_beg and pad_end leave nothing");
        if (l->n_bottoms > 1)
            sizes[d] = l->in[1].dims[2 + d];
        else
            CAFFE_TRY(interp_size(r, p, in, d == 0, &sizes[d]));
    }
    if (begin || end)
        CAFFE_TRY(cut(r, l, begin, end, &x));
    return resize(r, l, x, sizes, true);
}

int32_t caffe_upsample(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__UpsampleParameter none = CAFFE_NET__UPSAMPLE_PARAMETER__INIT;
    const CaffeNet__UpsampleParameter *p = l->own->upsample_param ? l->own->upsample_param : &none;
    int64_t sizes[2];
    if (l->n_bottoms > 1 || p->has_upsample_h || p->has_upsample_w)
        return caffe_fail(r, AMCT_E_UNSUPPORTED,
                          "the reverse of a pooling with its mask is not known; a repetition of "
                          "each element is");
    if (l->in[0].rank != 4)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "its input has %u dims, 4 wanted", l->in[0].rank);
    if (!l->own->upsample_param)
        return caffe_fail(r, AMCT_E_FORMAT, "has no upsample_param%s", caffe_hint(r));
    CAFFE_TRY(
        caffe_range(r, "scale", p->has_scale_h ? p->scale_h : p->scale, 1, MAX_NUMBER, &sizes[0]));
    CAFFE_TRY(
        caffe_range(r, "scale", p->has_scale_w ? p->scale_w : p->scale, 1, MAX_NUMBER, &sizes[1]));
    for (int d = 0; d < 2; d++)
        sizes[d] *= l->in[0].dims[2 + d];
    return resize(r, l, l->src[0], sizes, false);
}
