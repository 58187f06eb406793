/*
 * image.h - JPEG and PNG files become bytes of pixels.
 *
 * JPEG by libjpeg-turbo with its accurate inverse DCT and fancy upsampling, the orientation of EXIF
 * ignored; PNG by libpng, all colour types and interlacing, 16 bits cut to the upper 8, alpha
 * dropped, no gamma or colour profile applied. Bit for bit what OpenCV's imread(..,
 * IGNORE_ORIENTATION) gives for colour. Refused as AMCT_E_UNSUPPORTED: CMYK, and more than 100
 * million pixels.
 */
#ifndef AMCT_DATA_IMAGE_H
#define AMCT_DATA_IMAGE_H

#include "base/err.h"

#include <stdbool.h>

#define AMCT_IMAGE_MAX_PIXELS 100000000u

typedef struct amct_image {
    uint32_t width, height;
    uint32_t channels; /* 1 gray, 3 in the order R, G, B */
    uint8_t *pixels;   /* height x width x channels, malloc'd */
} amct_image;

/* Decodes the bytes of a file, whatever its name says, into 1 or 3 channels: gray becomes colour by
 * repetition, colour gray by ITU-R BT.601. A file that is cut or damaged is AMCT_E_FORMAT. [any
 * thread] */
amct_status amct_image_decode(amct_image *out, const void *bytes, size_t size, uint32_t channels,
                              amct_err *err);
void amct_image_free(amct_image *image); /* a zeroed one is allowed */

/* Whether a file of this name is meant to be a picture, one that we can read or another. */
bool amct_image_is_name(const char *name);

/* n pixels of RGB to gray, BT.601 in fixed point; dst may be src. */
void amct_image_to_gray(uint8_t *dst, const uint8_t *src, size_t n);

/* ---- For image.c: the two formats ---------------------------------------------------------- */

amct_status amct_jpeg_decode(amct_image *out, const void *bytes, size_t size, uint32_t channels,
                             amct_err *err);
amct_status amct_png_decode(amct_image *out, const void *bytes, size_t size, uint32_t channels,
                            amct_err *err);
/* Sets the size of an image and allocates its pixels, after the checks that every format needs. */
amct_status amct_image_allocate(amct_image *out, uint64_t width, uint64_t height, uint32_t channels,
                                amct_err *err);

#endif
