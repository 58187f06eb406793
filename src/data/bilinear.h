/*
 * bilinear.h - resizing of 8-bit pictures as OpenCV's resize(.., INTER_LINEAR) does it, bit for
 * bit.
 *
 * Pixel centres are at half coordinates, source x = (x + 0.5) * (from / to) - 0.5 in float; weights
 * are rounded to 11 bits; the sum across a row keeps all bits, the one down a column drops 4 bits
 * before and 16 after the product, then rounds 2 away (OpenCV 4.6, imgproc/src/resize.cpp). No
 * antialiasing: shrinking skips pixels.
 */
#ifndef AMCT_DATA_BILINEAR_H
#define AMCT_DATA_BILINEAR_H

#include "base/err.h"

/* Largest side of a resized picture, visible or cropped away. */
#define AMCT_BILINEAR_MAX_SIDE (1u << 20)

/* A picture is resized to full_height x full_width, of which the part at top, left is kept. */
typedef struct amct_crop {
    uint32_t full_height, full_width;
    uint32_t top, left, height, width; /* within the full size */
} amct_crop;

/* src: height x width x channels, dst: the part's height x width x channels; all sides are at least
 * 1. Fails only for want of memory. [any thread] */
amct_status amct_bilinear(uint8_t *dst, const uint8_t *src, uint32_t height, uint32_t width,
                          uint32_t channels, const amct_crop *crop, amct_err *err);

#endif
