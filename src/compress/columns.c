#include "compress/columns.h"

#include "base/pcg.h"
#include "ops/weights.h"

#include <string.h>

amct_status amct_columns_make(amct_columns *out, const amct_graph *graph, const amct_layer *layer,
                              int64_t batch, amct_err *err)
{
    const amct_node *node = &graph->nodes[layer->node];
    const amct_shape *src = &graph->tensors[layer->src].shape;
    const amct_shape *w = &graph->tensors[layer->weights].shape;
    amct_columns c = {.groups = 1, .outputs = layer->channels, .taps = 1};
    c.transposed = amct_node_is(node, "ConvTranspose");
    c.plane = c.transposed || amct_node_is(node, "Conv");
    int64_t rows;
    if (c.plane) {
        AMCT_TRY(amct_window_make(&c.window, node, src, w, err));
        c.window = amct_window_to_3d(&c.window);
        c.groups = layer->groups;
        c.outputs = layer->channels / layer->groups;
        c.taps = amct_shape_count(w, 2, w->rank);
        c.channels = src->dims[1] / layer->groups;
        c.depthwise = c.groups > 1 && c.channels == 1;
        c.channel_step = c.transposed ? c.outputs * c.taps : c.taps;
        c.output_step = c.transposed ? c.taps : c.channels * c.taps;
        c.group_step = c.channels * c.outputs * c.taps;
        rows = src->dims[0] * c.window.out[0] * c.window.out[1] * c.window.out[2];
        if (batch > 0 && src->dims[0] % batch)
            rows = -1;
    } else {
        bool by_rows = amct_weights_axis(node, w) == 0;
        c.channels = w->dims[by_rows];
        c.channel_step = by_rows ? 1 : c.outputs;
        c.output_step = by_rows ? c.channels : 1;
        rows = amct_shape_count(src, 0, src->rank - 1);
    }
    c.columns = c.channels * c.taps;
    if (batch < 1 || rows < 1 || rows % batch)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its rows do not divide into samples");
    c.rows = rows / batch;
    *out = c;
    return AMCT_OK;
}

/* Distances of neighbours along each dim, in elements. */
static void strides_of(int64_t strides[AMCT_MAX_RANK], const amct_buffer *b)
{
    int64_t run = 1, first = 0;
    if (b->layout == AMCT_LAYOUT_LAST && b->shape.rank > 2) {
        strides[1] = 1;
        run = b->shape.dims[1];
        first = 2;
    }
    for (int64_t d = b->shape.rank - 1; d >= first; d--) {
        strides[d] = run;
        run *= b->shape.dims[d];
    }
    if (first)
        strides[0] = run;
}

/* dst[i * dst_step] = element at + i * step, as a number of steps from zero. */
static void gather(float *restrict dst, int64_t dst_step, const amct_buffer *b, int64_t at,
                   int64_t step, int64_t n, int32_t zero_point)
{
    if (b->dtype == AMCT_FLOAT) {
        const float *restrict from = (const float *)b->data + at;
        if (dst_step == 1 && step == 1)
            memcpy(dst, from, (size_t)n * sizeof *dst);
        else
            for (int64_t i = 0; i < n; i++)
                dst[i * dst_step] = from[i * step];
    } else if (b->form == AMCT_FORM_SHIFTED) {
        const uint8_t *from = (const uint8_t *)b->data + at;
        for (int64_t i = 0; i < n; i++)
            dst[i * dst_step] = (float)(from[i * step] - 128 - zero_point);
    } else {
        const int8_t *from = (const int8_t *)b->data + at;
        for (int64_t i = 0; i < n; i++)
            dst[i * dst_step] = (float)(from[i * step] - zero_point);
    }
}

/* The place in the source that a tap of dim d meets at position o of the result, -1: padding. */
static int64_t meets(const amct_columns *c, int d, int64_t o, int64_t tap)
{
    const amct_window *w = &c->window;
    int64_t at;
    if (c->transposed) {
        at = o + w->pad_begin[d] - tap * w->dilations[d];
        if (at < 0 || at % w->strides[d])
            return -1;
        at /= w->strides[d];
    } else {
        at = o * w->strides[d] - w->pad_begin[d] + tap * w->dilations[d];
    }
    return at >= 0 && at < w->in[d] ? at : -1;
}

/* Where a row of a plane lies: the image (usually the sample) and the position in it. */
static int64_t split_row(int64_t position[3], const amct_columns *c, uint32_t sample, uint32_t row)
{
    int64_t left = sample * c->rows + row;
    for (int d = 2; d >= 0; d--) {
        position[d] = left % c->window.out[d];
        left /= c->window.out[d];
    }
    return left;
}

/* How patches are laid out: numbers between two taps, and between two channels. */
typedef struct spacing {
    int64_t tap, channel;
} spacing;

static void plane_patch(float *dst, spacing by, const amct_columns *c, const amct_buffer *src,
                        const int64_t strides[AMCT_MAX_RANK], int32_t zero_point, uint32_t sample,
                        uint32_t row)
{
    const amct_window *w = &c->window;
    int64_t channels = c->groups * c->channels, step[3] = {0, 0, 0}, o[3];
    int64_t image = split_row(o, c, sample, row) * strides[0];
    for (int32_t d = 2; d < src->shape.rank; d++) /* missing dims come first in a window of 3 */
        step[3 - src->shape.rank + d] = strides[d];
    for (int64_t i = 0; i < w->kernel[0]; i++) {
        int64_t plane = meets(c, 0, o[0], i);
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            int64_t line = meets(c, 1, o[1], j), begin = image + plane * step[0] + line * step[1];
            for (int64_t k = 0; k < w->kernel[2]; k++, dst += by.tap) {
                int64_t place = meets(c, 2, o[2], k);
                if (plane >= 0 && line >= 0 && place >= 0)
                    gather(dst, by.channel, src, begin + place * step[2], strides[1], channels,
                           zero_point);
                else
                    for (int64_t m = 0; m < channels; m++)
                        dst[m * by.channel] = 0;
            }
        }
    }
}

/* Where a row of a tensor begins whose rows are all of its dims but the last. */
static int64_t row_begin(const amct_buffer *b, const int64_t strides[AMCT_MAX_RANK], int64_t row)
{
    int64_t at = 0;
    for (int32_t d = b->shape.rank - 2; d >= 0; d--) {
        at += row % b->shape.dims[d] * strides[d];
        row /= b->shape.dims[d];
    }
    return at;
}

static void write_patches(float *dst, spacing by, const amct_columns *c, const amct_buffer *src,
                          int32_t zero_point, uint32_t sample, const uint32_t *rows, size_t n)
{
    int64_t strides[AMCT_MAX_RANK], last = src->shape.rank - 1;
    strides_of(strides, src);
    for (size_t i = 0; i < n; i++, dst += c->groups * c->columns) {
        if (c->plane)
            plane_patch(dst, by, c, src, strides, zero_point, sample, rows[i]);
        else
            gather(dst, 1, src, row_begin(src, strides, sample * c->rows + rows[i]), strides[last],
                   c->columns, zero_point);
    }
}

void amct_columns_patches(float *dst, const amct_columns *c, const amct_buffer *src,
                          int32_t zero_point, uint32_t sample, const uint32_t *rows, size_t n)
{
    write_patches(dst, (spacing){1, c->taps}, c, src, zero_point, sample, rows, n);
}

void amct_columns_patches_by_tap(float *dst, const amct_columns *c, const amct_buffer *src,
                                 uint32_t sample, const uint32_t *rows, size_t n)
{
    write_patches(dst, (spacing){c->groups * c->channels, 1}, c, src, 0, sample, rows, n);
}

/* Where the result's channels of a row begin. */
static int64_t result_begin(const amct_columns *c, const amct_buffer *result,
                            const int64_t strides[AMCT_MAX_RANK], uint32_t sample, uint32_t row)
{
    int64_t o[3];
    int32_t rank = result->shape.rank;
    if (!c->plane)
        return row_begin(result, strides, sample * c->rows + row);
    int64_t at = split_row(o, c, sample, row) * strides[0];
    for (int32_t d = 2; d < rank; d++)
        at += o[3 - rank + d] * strides[d];
    return at;
}

void amct_columns_results(float *dst, const amct_columns *c, const amct_buffer *result,
                          uint32_t sample, const uint32_t *rows, size_t n)
{
    int64_t strides[AMCT_MAX_RANK], channels = c->groups * c->outputs;
    strides_of(strides, result);
    int64_t step = strides[c->plane ? 1 : result->shape.rank - 1];
    for (size_t i = 0; i < n; i++, dst += channels)
        gather(dst, 1, result, result_begin(c, result, strides, sample, rows[i]), step, channels,
               0);
}

int64_t amct_columns_enough_rows(const amct_columns *c, uint32_t n_samples)
{
    enum { PER_SAMPLE = 64, SAMPLES = 512, PER_COLUMN = 32 };
    int64_t samples = n_samples ? n_samples : 1,
            all = PER_SAMPLE * (samples < SAMPLES ? samples : SAMPLES);
    if (all < c->columns * PER_COLUMN)
        all = c->columns * PER_COLUMN;
    int64_t rows = (all + samples - 1) / samples;
    return rows < c->rows ? rows : c->rows;
}

void amct_columns_draw(uint32_t *rows, int64_t n, const amct_columns *c, uint32_t sample,
                       uint32_t layer)
{
    amct_pcg rng = amct_pcg_new(sample, layer);
    for (int64_t i = 0; i < n; i++) {
        int64_t from = i * c->rows / n, to = (i + 1) * c->rows / n;
        rows[i] = (uint32_t)(from + amct_pcg_below(&rng, (uint32_t)(to - from)));
    }
}

void amct_columns_put_results(const amct_buffer *result, const float *src, const amct_columns *c,
                              uint32_t sample, const uint32_t *rows, size_t n)
{
    int64_t strides[AMCT_MAX_RANK], channels = c->groups * c->outputs;
    strides_of(strides, result);
    int64_t step = strides[c->plane ? 1 : result->shape.rank - 1];
    for (size_t i = 0; i < n; i++, src += channels) {
        float *to = (float *)result->data + result_begin(c, result, strides, sample, rows[i]);
        for (int64_t k = 0; k < channels; k++)
            to[k * step] = src[k];
    }
}
