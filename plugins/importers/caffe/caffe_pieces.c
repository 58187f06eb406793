/* Blobs put together and taken apart: Concat, Slice, Crop and Tile. */
#include "caffe_reader.h"

int32_t caffe_concat(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__ConcatParameter none = CAFFE_NET__CONCAT_PARAMETER__INIT;
    const CaffeNet__ConcatParameter *p = l->concat_param ? l->concat_param : &none;
    int64_t wanted =
        p->has_concat_dim && p->concat_dim < INT32_MAX ? (int64_t)p->concat_dim : p->axis;
    uint32_t axis;
    CAFFE_TRY(caffe_axis(r, "axis", wanted, l->in[0].rank, &axis));
    caffe_shape shape = l->in[0];
    for (uint32_t i = 1; i < l->n_bottoms; i++) {
        caffe_shape other = l->in[i];
        other.dims[axis] = l->in[0].dims[axis];
        if (!caffe_same_shape(&other, &l->in[0]))
            return caffe_fail(r, AMCT_E_FORMAT,
                              "bottom '%.64s' has other dims than '%.64s' besides axis %u",
                              l->bottoms[i], l->bottoms[0], axis);
        shape.dims[axis] += l->in[i].dims[axis];
    }
    return caffe_result(r, l,
                        &(caffe_op){.op = "Concat",
                                    .part = "",
                                    .src = l->src,
                                    .n_src = l->n_bottoms,
                                    .attrs = {import_attr_int("axis", axis)},
                                    .n_attrs = 1,
                                    .shape = shape},
                        0);
}

/* Sizes of the pieces: between points, or equal. */
static int32_t piece_sizes(caffe_reader *r, const caffe_layer *l, const CaffeNet__SliceParameter *p,
                           int64_t whole, int64_t *sizes)
{
    uint64_t before = 0;
    if (p->n_slice_point && p->n_slice_point != l->n_tops - 1)
        return caffe_fail(r, AMCT_E_FORMAT, "has %zu slice points and %u tops", p->n_slice_point,
                          l->n_tops);
    if (!p->n_slice_point && whole % l->n_tops)
        return caffe_fail(r, AMCT_E_FORMAT, "%lld cannot be cut into %u equal pieces",
                          (long long)whole, l->n_tops);
    for (uint32_t i = 0; i < l->n_tops; i++) {
        uint64_t end = i < p->n_slice_point ? p->slice_point[i] : (uint64_t)whole;
        if (!p->n_slice_point)
            end = before + (uint64_t)whole / l->n_tops;
        if (end <= before || end > (uint64_t)whole)
            return caffe_fail(r, AMCT_E_FORMAT, "slice point %llu is not between %llu and %lld",
                              (unsigned long long)end, (unsigned long long)before,
                              (long long)whole);
        sizes[i] = (int64_t)(end - before);
        before = end;
    }
    return AMCT_OK;
}

int32_t caffe_slice(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__SliceParameter none = CAFFE_NET__SLICE_PARAMETER__INIT;
    const CaffeNet__SliceParameter *p = l->slice_param ? l->slice_param : &none;
    int64_t wanted = p->has_slice_dim && p->slice_dim < INT32_MAX ? (int64_t)p->slice_dim : p->axis;
    uint32_t axis, src[2] = {l->src[0], 0};
    CAFFE_TRY(caffe_axis(r, "axis", wanted, l->in[0].rank, &axis));
    int64_t *sizes = import_alloc(&r->memory, l->n_tops, sizeof *sizes);
    uint32_t *tops = import_alloc(&r->memory, l->n_tops, sizeof *tops);
    if (!sizes || !tops)
        return caffe_nomem(r);
    CAFFE_TRY(piece_sizes(r, l, p, l->in[0].dims[axis], sizes));
    CAFFE_TRY(caffe_add_ints(r, l, "sizes", sizes, l->n_tops, &src[1]));
    for (uint32_t i = 0; i < l->n_tops; i++) {
        caffe_shape shape = l->in[0];
        shape.dims[axis] = sizes[i];
        CAFFE_TRY(caffe_make_top(r, l, i, &shape, &tops[i]));
    }
    return caffe_node(r, l,
                      &(caffe_op){.op = "Split",
                                  .part = "",
                                  .src = src,
                                  .n_src = 2,
                                  .attrs = {import_attr_int("axis", axis)},
                                  .n_attrs = 1},
                      tops, l->n_tops);
}

/* The dims of the first bottom, from the axis on, cut to those of the second. */
int32_t caffe_crop(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__CropParameter none = CAFFE_NET__CROP_PARAMETER__INIT;
    const CaffeNet__CropParameter *p = l->own->crop_param ? l->own->crop_param : &none;
    int64_t at[3][AMCT_MAX_RANK]; /* begins, ends, axes */
    uint32_t axis, rank = l->in[0].rank, src[4] = {l->src[0]};
    CAFFE_TRY(caffe_axis(r, "axis", p->axis, rank, &axis));
    uint32_t n = rank - axis;
    if (l->in[1].rank != rank || (p->n_offset > 1 && p->n_offset != n))
        return caffe_fail(r, AMCT_E_FORMAT, "has %zu offsets and bottoms of %u and %u dims",
                          p->n_offset, rank, l->in[1].rank);
    caffe_shape shape = l->in[0];
    for (uint32_t i = 0; i < n; i++) {
        int64_t size = l->in[1].dims[axis + i], room = l->in[0].dims[axis + i] - size;
        if (room < 0)
            return caffe_fail(r, AMCT_E_FORMAT, "dim %u is %lld, at least %lld wanted", axis + i,
                              (long long)l->in[0].dims[axis + i], (long long)size);
        at[0][i] = 0;
        if (p->n_offset)
            CAFFE_TRY(
                caffe_range(r, "offset", p->offset[p->n_offset > 1 ? i : 0], 0, room, &at[0][i]));
        at[1][i] = at[0][i] + size;
        at[2][i] = axis + i;
        shape.dims[axis + i] = size;
    }
    static const char *const names[] = {"begins", "ends", "axes"};
    for (int k = 0; k < 3; k++)
        CAFFE_TRY(caffe_add_ints(r, l, names[k], at[k], n, &src[1 + k]));
    return caffe_result(
        r, l, &(caffe_op){.op = "Slice", .part = "", .src = src, .n_src = 4, .shape = shape}, 0);
}

int32_t caffe_tile(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__TileParameter none = CAFFE_NET__TILE_PARAMETER__INIT;
    const CaffeNet__TileParameter *p = l->own->tile_param ? l->own->tile_param : &none;
    int64_t repeats[AMCT_MAX_RANK], tiles;
    uint32_t axis, src[2] = {l->src[0], 0};
    CAFFE_TRY(caffe_axis(r, "axis", p->axis, l->in[0].rank, &axis));
    CAFFE_TRY(caffe_range(r, "tiles", (uint64_t)p->tiles, 1, 1 << 24, &tiles));
    caffe_shape shape = l->in[0];
    for (uint32_t i = 0; i < shape.rank; i++)
        repeats[i] = i == axis ? tiles : 1;
    shape.dims[axis] *= tiles;
    CAFFE_TRY(caffe_add_ints(r, l, "repeats", repeats, shape.rank, &src[1]));
    return caffe_result(
        r, l, &(caffe_op){.op = "Tile", .part = "", .src = src, .n_src = 2, .shape = shape}, 0);
}
