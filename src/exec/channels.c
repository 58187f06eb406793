#include "exec/channels.h"

/* Values come as `outer` runs of `channels` runs of `inner` neighbours. */
static void runs(const amct_buffer *buffer, int32_t axis, uint32_t samples, int64_t *outer,
                 int64_t *channels, int64_t *inner)
{
    const amct_shape *shape = &buffer->shape;
    int64_t dims[AMCT_MAX_RANK] = {samples};
    int32_t at = axis; /* in memory */
    for (int32_t d = 1; d < shape->rank; d++)
        dims[d] = shape->dims[d];
    if (buffer->layout == AMCT_LAYOUT_LAST && shape->rank > 2) {
        for (int32_t d = 1; d + 1 < shape->rank; d++)
            dims[d] = shape->dims[d + 1];
        dims[shape->rank - 1] = shape->dims[1];
        at = axis == 0 ? 0 : axis == 1 ? shape->rank - 1 : axis - 1;
    }
    amct_shape stored = amct_shape_of(shape->rank, dims);
    *outer = amct_shape_count(&stored, 0, at);
    *channels = dims[at];
    *inner = amct_shape_count(&stored, at + 1, stored.rank);
}

int64_t amct_channels_sum(double *sums, const amct_buffer *buffer, int32_t axis, uint32_t samples)
{
    int64_t outer, channels, inner;
    const float *at = buffer->data;
    runs(buffer, axis, samples, &outer, &channels, &inner);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < channels; c++) {
            double sum = 0;
            for (int64_t i = 0; i < inner; i++)
                sum += *at++;
            sums[c] += sum;
        }
    return outer * inner;
}

void amct_channels_shift(const amct_buffer *buffer, int32_t axis, uint32_t samples,
                         const float *shift)
{
    int64_t outer, channels, inner;
    float *at = buffer->data;
    runs(buffer, axis, samples, &outer, &channels, &inner);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < inner; i++)
                *at++ += shift[c];
}
