#include "data/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Order of elements: channel last. */
static void interleave_bytes(uint8_t *dst, const uint8_t *src, size_t pixels, uint32_t channels)
{
    for (uint32_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++)
            dst[p * channels + c] = src[c * pixels + p];
}

static void interleave_floats(float *dst, const float *src, size_t pixels, uint32_t channels)
{
    for (uint32_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++)
            dst[p * channels + c] = src[c * pixels + p];
}

static void swap_red_and_blue(uint8_t *pixels, size_t n)
{
    for (size_t i = 0; i < n; i++, pixels += 3) {
        uint8_t red = pixels[0];
        pixels[0] = pixels[2];
        pixels[2] = red;
    }
}

/* ---- Bytes --------------------------------------------------------------------------------- */

/* Resizes and crops a picture that has the channels of the frame, in the order R, G, B. */
static amct_status place_picture(uint8_t *dst, const amct_frame *frame, const amct_image *image,
                                 bool photo, amct_err *err)
{
    amct_crop crop;
    AMCT_TRY(amct_preprocess_fit(&crop, frame->preprocess, image->height, image->width,
                                 frame->height, frame->width, photo, err));
    AMCT_TRY(amct_bilinear(dst, image->pixels, image->height, image->width, image->channels, &crop,
                           err));
    if (frame->preprocess->color == AMCT_COLOR_BGR)
        swap_red_and_blue(dst, (size_t)frame->height * frame->width);
    return AMCT_OK;
}

static amct_status fill_from_picture(uint8_t *dst, const amct_frame *frame, const void *bytes,
                                     size_t size, amct_err *err)
{
    amct_image image;
    AMCT_TRY(amct_image_decode(&image, bytes, size, frame->channels, err));
    amct_status status = place_picture(dst, frame, &image, true, err);
    amct_image_free(&image);
    return status;
}

/* The sample of an array as a picture of the frame's channels. */
static void read_picture(amct_image *image, const amct_frame *frame, const uint8_t *src)
{
    size_t pixels = (size_t)image->height * image->width;
    uint32_t from = frame->src_channels;
    if (from == frame->channels && frame->planar)
        interleave_bytes(image->pixels, src, pixels, from);
    else if (from == frame->channels)
        memcpy(image->pixels, src, pixels * from);
    else if (from == 1)
        for (size_t i = 0; i < 3 * pixels; i++)
            image->pixels[i] = src[i / 3];
    else if (frame->planar) { /* to gray */
        uint8_t *rgb = image->pixels;
        for (size_t p = 0; p < pixels; p++) {
            const uint8_t pixel[3] = {src[p], src[pixels + p], src[2 * pixels + p]};
            amct_image_to_gray(rgb + p, pixel, 1);
        }
    } else {
        amct_image_to_gray(image->pixels, src, pixels);
    }
}

static amct_status fill_bytes(uint8_t *dst, const amct_frame *frame, const uint8_t *src,
                              amct_err *err)
{
    amct_image image = {frame->src_width, frame->src_height, frame->channels, NULL};
    image.pixels = malloc((size_t)image.width * image.height * image.channels);
    if (!image.pixels)
        return amct_fail_nomem(err);
    read_picture(&image, frame, src);
    amct_status status = AMCT_OK;
    if (frame->picture)
        status = place_picture(dst, frame, &image, false, err);
    else
        memcpy(dst, image.pixels, amct_frame_elements(frame));
    amct_image_free(&image);
    return status;
}

/* ---- Floats -------------------------------------------------------------------------------- */

static amct_status fill_floats(float *dst, const amct_frame *frame, const amct_array *array,
                               uint64_t i, amct_err *err)
{
    const amct_preprocess *pre = frame->preprocess;
    size_t n = amct_frame_elements(frame);
    if (frame->planar && frame->channels > 1) {
        float *planes = malloc(n * sizeof *planes);
        if (!planes)
            return amct_fail_nomem(err);
        amct_array_floats(planes, array, i);
        interleave_floats(dst, planes, n / frame->channels, frame->channels);
        free(planes);
    } else {
        amct_array_floats(dst, array, i);
    }
    if (!amct_preprocess_is_identity(pre))
        for (size_t e = 0; e < n; e++)
            dst[e] =
                (float)amct_preprocess_value(pre, (uint32_t)(e % frame->channels), false, dst[e]);
    for (size_t e = 0; e < n; e++)
        if (!isfinite(dst[e]))
            return amct_fail(err, AMCT_E_FORMAT, "holds a value that is not a finite number");
    return AMCT_OK;
}

static amct_status fill_from_raw(float *dst, const amct_frame *frame, const void *bytes,
                                 size_t size, amct_err *err)
{
    static const uint16_t one = 1;
    size_t wanted = amct_frame_elements(frame) * sizeof(float);
    if (size != wanted)
        return amct_fail(err, AMCT_E_FORMAT,
                         "has %zu bytes, one sample of the network's input takes %zu (float32)",
                         size, wanted);
    amct_array array = {.dtype = AMCT_FLOAT,
                        .swapped = *(const uint8_t *)&one == 0,
                        .sample_count = amct_frame_elements(frame),
                        .data = bytes,
                        .stride_bytes = wanted};
    return fill_floats(dst, frame, &array, 0, err);
}

/* -------------------------------------------------------------------------------------------- */

amct_status amct_frame_from_file(void *dst, const amct_frame *frame, amct_source_kind kind,
                                 const void *bytes, size_t size, amct_err *err)
{
    return kind == AMCT_SOURCE_RAW ? fill_from_raw(dst, frame, bytes, size, err)
                                   : fill_from_picture(dst, frame, bytes, size, err);
}

amct_status amct_frame_from_array(void *dst, const amct_frame *frame, const amct_array *array,
                                  uint64_t i, amct_err *err)
{
    return frame->bytes ? fill_bytes(dst, frame, array->data + i * array->stride_bytes, err)
                        : fill_floats(dst, frame, array, i, err);
}
