/*
 * frame.h - how the samples of a source fit the network's input: what one sample looks like when it
 * is kept, and how it is made from an element of the source. Between source.h and dataset.c.
 */
#ifndef AMCT_DATA_FRAME_H
#define AMCT_DATA_FRAME_H

#include "data/image.h"
#include "data/source.h"

typedef struct amct_frame {
    const amct_preprocess *preprocess;
    /* A sample as kept: height x width x channels. Samples that are no pictures: 1 x 1 x elements
     * on channel 1, in their own order. */
    uint32_t channels, height, width;
    bool bytes;   /* kept as uint8, the values of preprocessing added when fetched; else as
                     float with them */
    bool picture; /* may be resized and change colour */
    amct_data_layout layout; /* of the network's input */
    /* What the network says of a picture, 0 where it does not. */
    uint32_t want_channels, want_height, want_width;
    /* Elements of arrays and raw files before preprocessing: */
    uint32_t src_channels, src_height, src_width;
    bool planar; /* channel x height x width, else height x width x channel */
} amct_frame;

/* Decides it from options, and from the first sample where the network leaves sizes open. */
amct_status amct_frame_decide(amct_frame *out, const amct_source *source, amct_err *err);

static inline size_t amct_frame_elements(const amct_frame *frame)
{
    return (size_t)frame->channels * frame->height * frame->width;
}
static inline size_t amct_frame_bytes(const amct_frame *frame)
{
    return amct_frame_elements(frame) * (frame->bytes ? 1 : sizeof(float));
}

/* Each writes one sample, amct_frame_bytes, to dst. Failures do not name it. [any thread] */
amct_status amct_frame_from_file(void *dst, const amct_frame *frame, amct_source_kind kind,
                                 const void *bytes, size_t size, amct_err *err);
amct_status amct_frame_from_array(void *dst, const amct_frame *frame, const amct_array *array,
                                  uint64_t i, amct_err *err);

#endif
