/* Means per channel: of convolutions along dim 1, of matrix products along the last dim. */
#include "compress/refine.h"
#include "compress/stitch.h"
#include "exec/channels.h"
#include "unit/export_fixture.h"

#include <math.h>

Test(compress_means, channels_are_counted_by_the_axis_in_both_layouts)
{
    float data[2 * 3 * 4 * 5];
    for (int i = 0; i < 120; i++)
        data[i] = (float)i;
    for (int32_t axis = 1; axis < 4; axis++) {
        double sums[2][5] = {{0}};
        float last[120];
        amct_shape shape = amct_shape_of(4, (int64_t[]){2, 3, 4, 5});
        amct_buffer plain = {data, AMCT_FLOAT, AMCT_FORM_VALUE, AMCT_LAYOUT_PLAIN, shape, 480};
        amct_buffer turned = {last, AMCT_FLOAT, AMCT_FORM_VALUE, AMCT_LAYOUT_LAST, shape, 480};
        for (int n = 0; n < 2; n++)
            for (int c = 0; c < 3; c++)
                for (int i = 0; i < 20; i++)
                    last[(n * 20 + i) * 3 + c] = data[(n * 3 + c) * 20 + i];
        cr_assert_eq(amct_channels_sum(sums[0], &plain, axis, 2), 120 / shape.dims[axis]);
        cr_assert_eq(amct_channels_sum(sums[1], &turned, axis, 2), 120 / shape.dims[axis]);
        double all = 0;
        for (int64_t c = 0; c < shape.dims[axis]; c++) {
            cr_assert_eq(sums[0][c], sums[1][c]);
            all += sums[0][c];
        }
        cr_assert_eq(all, 119 * 120 / 2);
        /* neighbours along the axis are `inner` apart, all of them */
        double inner = (double)amct_shape_count(&shape, axis + 1, 4);
        cr_assert_eq(sums[0][1] - sums[0][0], inner * 120 / (double)shape.dims[axis]);

        amct_channels_shift(&turned, axis, 1, (float[]){1, 1, 1, 1, 1});
        cr_assert_eq(last[0], 1);
        cr_assert_eq(last[59], 60);
        cr_assert_eq(last[60], 60, "the second sample is left alone");
    }
}

Test(compress_means, a_matrix_products_channels_are_its_last_dim)
{
    export_case c;
    begin(&c, "matmul", MIX_ALL);
    const amct_layer_stats *stats = &c.calibration->layers[layer_named(&c, "up")];
    cr_assert_eq(stats->n_src_channels, 16);
    for (int k = 0; k < 16; k++) {
        double mean = 0;
        for (uint32_t i = 0; i < c.samples.n * 6; i++)
            mean += c.samples.data[i * 16 + (uint32_t)k];
        cr_assert_float_eq(stats->src_mean[k], mean / (c.samples.n * 6), 1e-6);
    }
    export_case_end(&c);
}

/* Mean of each of the last dim's numbers of the only output. */
static void output_means(double means[9], const export_case *c, const amct_graph *graph)
{
    float *rows;
    size_t n;
    OK(export_case_run(&rows, &n, c, graph, AMCT_ENGINE_ONEDNN, &err));
    for (size_t i = 0; i < n; i++)
        means[i % 9] += rows[i] / (double)(n / 9);
    free(rows);
}

Test(compress_means, refining_gives_matrix_products_the_means_of_the_original)
{
    export_case c;
    amct_exec *exec;
    amct_graph *refined_graph;
    begin(&c, "matmul", MIX_ALL);
    OK(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, &err));
    amct_arena *arena = amct_arena_new();
    const amct_quantised *refined[3];
    cr_assert_eq(c.n_layers, 3);
    OK(amct_refine_means(refined, arena, exec, c.graph, c.layers, c.n_layers, c.calibration,
                         c.levels, &c.feed, 1 << 20, 1, &err));
    OK(amct_stitch(&refined_graph, c.graph, c.layers, c.n_layers, refined, &err));
    double wanted[9] = {0}, got[9] = {0};
    output_means(wanted, &c, c.graph);
    output_means(got, &c, refined_graph);
    const amct_quantised *head = c.levels[layer_named(&c, "head")];
    for (int i = 0; i < 9; i++) /* the bias moves in units of the sums */
        cr_assert_float_eq(got[i], wanted[i], amct_quantised_unit(head, 0), "channel %d", i);
    amct_graph_free(refined_graph);
    amct_arena_free(arena);
    amct_exec_free(exec);
    export_case_end(&c);
}
