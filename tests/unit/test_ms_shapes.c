/* MindSpore's operators that move elements: other dims, parts, several in one, pictures. */
#include "unit/mindir_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static mindir_file m;

static void begin(void)
{
    mi_begin(&m);
}

static void end(void)
{
    mi_end(&m);
}

#define F(...)                                                                                     \
    (const float[])                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define EXPECT(x, ...) mi_expect(&m, "y", x, sizeof(F(__VA_ARGS__)) / sizeof(float), F(__VA_ARGS__))

static const float six[] = {1, 2, 3, 4, 5, 6};

/* ---- Dims ------------------------------------------------------------------------------------ */

Test(ms_shapes, reshape_transpose_flatten, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 6));
    mi_const_ints(&m, "dims", N(1, 2, -1));
    mi_node(&m, "Reshape", "a", "x dims", N(1, 2, 3));
    mi_const_ints(&m, "perm", N(0, 2, 1));
    mi_node(&m, "Transpose", "b", "a perm", N(1, 3, 2));
    mi_node(&m, "Flatten", "y", "b", N(1, 6));
    EXPECT(six, 1, 4, 2, 5, 3, 6);
}

Test(ms_shapes, dims_come_and_go, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 3));
    mi_const_int(&m, "last", -1);
    mi_node(&m, "ExpandDims", "a", "x last", N(1, 3, 1));
    mi_const_ints(&m, "times", N(2));
    mi_node(&m, "Tile", "b", "a times", N(1, 3, 2));
    mi_const_ints(&m, "axis", N(0));
    mi_node(&m, "Squeeze", "c", "b axis", N(3, 2));
    mi_const_int(&m, "zero", 0);
    mi_const_int(&m, "one", 1);
    mi_node(&m, "TransposeExtView", "d", "c zero one", N(2, 3));
    mi_node(&m, "FlattenExt", "y", "d", N(6));
    EXPECT(six, 1, 2, 3, 1, 2, 3);
}

Test(ms_shapes, tiles_with_more_dims_than_the_tensor, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_ints(&m, "times", N(2, 1, 1));
    mi_node(&m, "Tile", "y", "x times", N(2, 1, 2));
    EXPECT(six, 1, 2, 1, 2);
}

Test(ms_shapes, broadcasts_keep_dims_of_minus_one, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 1));
    mi_const_ints(&m, "dims", N(-1, -1, 3));
    mi_node(&m, "BroadcastTo", "y", "x dims", N(1, 2, 3));
    EXPECT(six, 1, 1, 1, 2, 2, 2);
}

Test(ms_shapes, sizes_are_reckoned_with, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 3));
    mi_node(&m, "Shape", "shape", "x", -1, NULL);
    mi_const_int(&m, "one", 1);
    mi_const_int(&m, "two", 2);
    mi_const_int(&m, "first", 0);
    mi_node(&m, "TupleGetItem", "n", "shape first", -1, NULL);
    mi_node(&m, "TupleGetItem", "h", "shape one", -1, NULL);
    mi_node(&m, "TupleGetItem", "w", "shape two", -1, NULL);
    mi_node(&m, "ScalarMul", "all", "h w", -1, NULL);
    mi_node(&m, "ScalarFloorDiv", "half", "all two", -1, NULL);
    mi_node(&m, "MakeTuple", "dims", "n two half", -1, NULL);
    mi_node(&m, "Reshape", "a", "x dims", N(1, 2, 3));
    mi_node(&m, "Flatten", "y", "a", N(1, 6));
    EXPECT(six, 1, 2, 3, 4, 5, 6);
}

/* A batch that is open: the file's shape is made of it while the network runs. */
Test(ms_shapes, an_open_batch_goes_through_a_reshape, .init = begin, .fini = end)
{
    amct_graph *g;
    mi_input(&m, "x", N(-1, 2, 3));
    mi_node(&m, "Shape", "shape", "x", -1, NULL);
    mi_const_int(&m, "first", 0);
    mi_const_int(&m, "rest", -1);
    mi_node(&m, "TupleGetItem", "n", "shape first", -1, NULL);
    mi_node(&m, "MakeTuple", "dims", "n rest", -1, NULL);
    mi_node(&m, "Reshape", "y", "x dims", N(-1, 6));
    cr_assert_eq(mi_import(&m, "y", &g), AMCT_OK, "%s", m.err.text);
    cr_assert_eq(g->tensors[g->inputs[0]].shape.dims[0], -1);
    amct_graph_free(g);
    EXPECT(six, 1, 2, 3, 4, 5, 6);
}

Test(ms_shapes, blocks_of_pixels, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 4, 1, 1));
    mi_node(&m, "DepthToSpace", "a", "x", N(1, 1, 2, 2));
    mi_int(&m, "block_size", 2);
    mi_const_int(&m, "axis", 3);
    mi_const_ints(&m, "axes", N(3));
    mi_node(&m, "ReverseV2", "b", "a axes", N(1, 1, 2, 2));
    mi_node(&m, "SpaceToDepth", "y", "b", N(1, 4, 1, 1));
    mi_int(&m, "block_size", 2);
    EXPECT(six, 2, 1, 4, 3);
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static void strided(const char *name, int64_t begin_mask, int64_t end_mask, int64_t ellipsis,
                    int64_t fresh, int64_t shrink)
{
    const int64_t masks[] = {begin_mask, end_mask, ellipsis, fresh, shrink};
    char src[128] = "x begin end step";
    for (int i = 0; i < 5; i++) {
        char word[16];
        snprintf(word, sizeof word, "mask%d", i);
        mi_const_int(&m, word, masks[i]);
        strcat(strcat(src, " "), word);
    }
    mi_node(&m, "StridedSlice", name, src, -1, NULL);
}

Test(ms_shapes, slices_begin_end_and_step, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 3));
    mi_const_ints(&m, "begin", N(0, 1, 0));
    mi_const_ints(&m, "end", N(1, 2, 3));
    mi_const_ints(&m, "step", N(1, 1, 2));
    strided("y", 0, 0, 0, 0, 0);
    EXPECT(six, 4, 6);
}

Test(ms_shapes, masks_of_slices, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 3));
    mi_const_ints(&m, "begin", N(0, 5, 2));
    mi_const_ints(&m, "end", N(0, 0, 0));
    mi_const_ints(&m, "step", N(1, 1, -1));
    /* entry 0 stands for the first two dims, entry 1 is a new one, entry 2 runs back to the front
     */
    strided("part", 0, 4, 1, 2, 0);
    mi_const_ints(&m, "dims", N(1, 6));
    mi_node(&m, "Reshape", "y", "part dims", N(1, 6));
    EXPECT(six, 3, 2, 1, 6, 5, 4);
}

Test(ms_shapes, slices_of_one_element_lose_the_dim, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 3));
    mi_const_ints(&m, "begin", N(0, -1));
    mi_const_ints(&m, "end", N(1, 0));
    mi_const_ints(&m, "step", N(1, 1));
    strided("y", 0, 0, 0, 0, 2);
    EXPECT(six, 4, 5, 6);
}

Test(ms_shapes, slices_by_size_and_of_mint, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2, 3));
    mi_const_ints(&m, "from", N(0, 1, 0));
    mi_const_ints(&m, "size", N(1, 1, -1));
    mi_node(&m, "Slice", "a", "x from size", N(1, 1, 3));
    mi_const_int(&m, "axis", 2);
    mi_const_int(&m, "one", 1);
    mi_const_int(&m, "many", 100);
    mi_node(&m, "SliceExt", "y", "a axis one many one", N(1, 1, 2));
    EXPECT(six, 5, 6);
}

Test(ms_shapes, gathers_rows_and_elements, .init = begin, .fini = end)
{
    static const int32_t rows[] = {2, 0}, places[] = {1, 1};
    mi_input(&m, "x", N(3, 2));
    mi_const_tensor(&m, "rows", 6, N(2), rows, sizeof rows);
    mi_const_int(&m, "axis", 0);
    mi_node(&m, "Gather", "a", "x rows axis", N(2, 2));
    mi_const_tensor(&m, "places", 6, N(2, 1), places, sizeof places);
    mi_const_int(&m, "dim", 1);
    mi_node(&m, "GatherD", "y", "a dim places", N(2, 1));
    EXPECT(six, 6, 2);
}

Test(ms_shapes, pads_around, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 1, 2));
    mi_node(&m, "Pad", "a", "x", N(1, 1, 1, 4));
    mi_ints(&m, "paddings", N(0, 0, 0, 0, 0, 0, 1, 1));
    mi_const_ints(&m, "last", N(2, 0)); /* from the last dim on */
    mi_const_float(&m, "value", 7);
    mi_node(&m, "PadV3", "y", "a last value", N(1, 1, 1, 6));
    mi_text(&m, "mode", "constant");
    mi_bool(&m, "paddings_contiguous", true);
    EXPECT(six, 7, 7, 0, 1, 2, 0);
}

Test(ms_shapes, pads_that_mirror_or_repeat, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 1, 3));
    mi_const_ints(&m, "pairs", N(0, 0, 0, 0, 0, 0, 2, 0));
    mi_node(&m, "MirrorPad", "a", "x pairs", N(1, 1, 1, 5));
    mi_text(&m, "mode", "REFLECT");
    mi_const_ints(&m, "last", N(0, 1));
    mi_node(&m, "PadV3", "y", "a last", N(1, 1, 1, 6));
    mi_text(&m, "mode", "edge");
    EXPECT(six, 3, 2, 1, 2, 3, 3);
}

/* ---- Several --------------------------------------------------------------------------------- */

Test(ms_shapes, tensors_are_split_and_joined, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 6));
    mi_const_int(&m, "axis", 1);
    mi_const_int(&m, "three", 3);
    mi_node(&m, "Split", "parts", "x axis three", -1, NULL);
    mi_const_int(&m, "last", -1);
    mi_const_int(&m, "first", 0);
    mi_node(&m, "TupleGetItem", "a", "parts last", N(1, 2));
    mi_node(&m, "TupleGetItem", "b", "parts first", N(1, 2));
    mi_node(&m, "MakeTuple", "t", "a b", -1, NULL);
    mi_node(&m, "Concat", "y", "t axis", N(1, 4));
    EXPECT(six, 5, 6, 1, 2);
}

Test(ms_shapes, parts_of_other_sizes, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 6));
    mi_const_ints(&m, "sizes", N(1, 2, 3));
    mi_const_int(&m, "axis", 1);
    mi_const_int(&m, "second", 1);
    mi_node(&m, "SplitWithSize", "parts", "x sizes axis", -1, NULL);
    mi_node(&m, "TupleGetItem", "a", "parts second", N(1, 2));
    mi_node(&m, "SplitV", "old", "x", -1, NULL);
    mi_ints(&m, "size_splits", N(4, -1));
    mi_int(&m, "split_dim", 1);
    mi_node(&m, "TupleGetItem", "b", "old second", N(1, 2));
    mi_const_int(&m, "four", 4);
    mi_node(&m, "SplitTensor", "even", "x four axis", -1, NULL);
    mi_node(&m, "TupleGetItem", "c", "even second", N(1, 2));
    mi_node(&m, "MakeTuple", "t", "a b c", -1, NULL);
    mi_node(&m, "Concat", "y", "t axis", N(1, 6));
    EXPECT(six, 2, 3, 5, 6, 5, 6);
}

Test(ms_shapes, stacks_are_made_and_taken_apart, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(2, 3));
    mi_node(&m, "Unstack", "rows", "x", -1, NULL);
    mi_int(&m, "axis", 0);
    mi_const_int(&m, "first", 0);
    mi_const_int(&m, "second", 1);
    mi_node(&m, "TupleGetItem", "a", "rows first", N(3));
    mi_node(&m, "TupleGetItem", "b", "rows second", N(3));
    mi_node(&m, "MakeTuple", "t", "b a", -1, NULL);
    mi_node(&m, "Stack", "y", "t second", N(3, 2));
    EXPECT(six, 4, 1, 5, 2, 6, 3);
}

/* ---- Pictures -------------------------------------------------------------------------------- */

static void resize(const char *op, bool align, bool half)
{
    mi_input(&m, "x", N(1, 1, 1, 2));
    mi_const_ints(&m, "size", N(1, 4));
    mi_const_bool(&m, "align", align);
    mi_const_bool(&m, "half", half);
    mi_node(&m, op, "y", "x size align half", N(1, 1, 1, 4));
}

Test(ms_shapes, bilinear_from_the_corner, .init = begin, .fini = end)
{
    resize("ResizeBilinearV2", false, false);
    EXPECT(F(0, 8), 0, 4, 8, 8);
}

Test(ms_shapes, bilinear_with_corners_aligned, .init = begin, .fini = end)
{
    resize("ResizeBilinearV2", true, false);
    EXPECT(F(0, 9), 0, 3, 6, 9);
}

Test(ms_shapes, bilinear_between_centres, .init = begin, .fini = end)
{
    resize("ResizeBilinearV2", false, true);
    EXPECT(F(0, 8), 0, 2, 6, 8);
}

Test(ms_shapes, nearest_is_the_pixel_at_or_before, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 1, 1, 2));
    mi_node(&m, "ResizeNearestNeighbor", "y", "x", N(1, 1, 1, 3));
    mi_ints(&m, "size", N(1, 3)); /* an attribute, as in older files */
    mi_bool(&m, "align_corners", false);
    EXPECT(F(1, 2), 1, 1, 2);
}

Test(ms_shapes, upsampling_of_mint_by_scales, .init = begin, .fini = end)
{
    static const float scales[] = {1, 2};
    mi_input(&m, "x", N(1, 1, 1, 2));
    mi_const_none(&m, "none");
    mi_const_tensor(&m, "scales", 1, N(2), scales, sizeof scales);
    mi_node(&m, "UpsampleNearest2D", "y", "x none scales", N(1, 1, 1, 4));
    EXPECT(F(1, 2), 1, 1, 2, 2);
}

/* ---- Out of numbers -------------------------------------------------------------------------- */

Test(ms_shapes, tensors_out_of_numbers, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 2));
    mi_const_ints(&m, "dims", N(1, 2));
    mi_const_float(&m, "three", 3);
    mi_node(&m, "FillV2", "a", "dims three", N(1, 2));
    mi_node(&m, "OnesLike", "b", "x", N(1, 2));
    mi_node(&m, "Zeros", "c", "dims", N(1, 2));
    mi_node(&m, "AddN", "d", "a b c", N(1, 2));
    mi_node(&m, "Mul", "y", "x d", N(1, 2));
    EXPECT(six, 4, 8);
}

Test(ms_shapes, ranges_of_whole_numbers, .init = begin, .fini = end)
{
    mi_input(&m, "x", N(1, 3));
    mi_const_int(&m, "from", 5);
    mi_const_int(&m, "to", -1);
    mi_const_int(&m, "step", -2);
    mi_node(&m, "Range", "r", "from to step", -1, NULL);
    mi_result(&m, 7, N(3));
    mi_const_int(&m, "float32", 43);
    mi_node(&m, "Cast", "f", "r float32", N(3));
    mi_node(&m, "Add", "y", "x f", N(1, 3));
    EXPECT(six, 6, 5, 4);
}
