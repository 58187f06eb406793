#include "exec/channels.h"

int64_t amct_channels_of(const amct_shape *shape)
{
    return shape->rank == 0 ? 1 : shape->dims[shape->rank > 2 ? 1 : shape->rank - 1];
}

/* Values come as `outer` runs of `channels` runs of `inner` neighbours. */
static void runs(const amct_buffer *buffer, uint32_t samples, int64_t *outer, int64_t *channels,
                 int64_t *inner)
{
    const amct_shape *shape = &buffer->shape;
    *channels = amct_channels_of(shape);
    int64_t per_sample = shape->rank > 0 ? amct_shape_count(shape, 1, shape->rank) : 1;
    bool last = shape->rank <= 2 || buffer->layout == AMCT_LAYOUT_LAST;
    *inner = last ? 1 : amct_shape_count(shape, 2, shape->rank);
    int64_t block = *channels * *inner;
    *outer = block ? samples * per_sample / block : 0;
}

int64_t amct_channels_sum(double *sums, const amct_buffer *buffer, uint32_t samples)
{
    int64_t outer, channels, inner;
    const float *at = buffer->data;
    runs(buffer, samples, &outer, &channels, &inner);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < channels; c++) {
            double sum = 0;
            for (int64_t i = 0; i < inner; i++)
                sum += *at++;
            sums[c] += sum;
        }
    return outer * inner;
}

void amct_channels_shift(const amct_buffer *buffer, uint32_t samples, const float *shift)
{
    int64_t outer, channels, inner;
    float *at = buffer->data;
    runs(buffer, samples, &outer, &channels, &inner);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < inner; i++)
                *at++ += shift[c];
}
