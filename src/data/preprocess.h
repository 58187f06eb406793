/*
 * preprocess.h - from the picture in the file to the numbers that the network was trained on:
 * resize (bilinear, see bilinear.h), centre crop, colour order, then (v * scale - mean) / std.
 *
 * A zeroed amct_preprocess means "nothing said". Then
 * - a picture of the size that the network takes is left as it is; any other is resized so that its
 *   short side is 256/224 of the network's (round half up) and cropped at the centre, or resized to
 *   the network's size if that is not square; only files of pictures, not arrays;
 * - the colour of files is RGB, or GRAY where the network takes one channel; arrays keep theirs,
 * and where one is said, three channels are taken to be R, G, B;
 * - uint8 values are scaled by 1/255, others by 1; mean 0, std 1.
 */
#ifndef AMCT_DATA_PREPROCESS_H
#define AMCT_DATA_PREPROCESS_H

#include "base/hash.h"
#include "base/yaml.h"
#include "data/bilinear.h"

typedef enum amct_resize {
    AMCT_RESIZE_UNSAID = 0,
    AMCT_RESIZE_NONE,
    AMCT_RESIZE_SHORT, /* the short side to resize_height; the long one in proportion, to the
                          nearest pixel */
    AMCT_RESIZE_TO     /* to resize_height x resize_width */
} amct_resize;

typedef enum amct_color {
    AMCT_COLOR_UNSAID = 0,
    AMCT_COLOR_RGB,
    AMCT_COLOR_BGR,
    AMCT_COLOR_GRAY
} amct_color;

/* Order of a sample's elements: channel x height x width, or height x width x channel. */
typedef enum amct_data_layout {
    AMCT_DATA_LAYOUT_UNSAID = 0,
    AMCT_NCHW,
    AMCT_NHWC
} amct_data_layout;

enum { AMCT_PREPROCESS_MAX_VALUES = 64 }; /* entries of mean and std */

typedef struct amct_preprocess {
    amct_resize resize;
    uint32_t resize_height, resize_width;
    uint32_t crop_height, crop_width; /* 0: none */
    amct_color color;
    amct_data_layout layout; /* of the network's input; unsaid: found from its dims */
    double scale;            /* 0: unsaid */
    uint32_t n_mean, n_std;  /* 0: unsaid; 1: for all channels; else one per channel */
    double mean[AMCT_PREPROCESS_MAX_VALUES];
    double std[AMCT_PREPROCESS_MAX_VALUES]; /* above 0 */
} amct_preprocess;

/* Reads `256`, `0` (none) or `224x256` (height x width), as a search file or the command line has
 * it, into the resize or crop of pre. Failures quote the text. */
amct_status amct_preprocess_set_resize(amct_preprocess *pre, const char *text, amct_err *err);
amct_status amct_preprocess_set_crop(amct_preprocess *pre, const char *text, amct_err *err);

/* Whether all are above 0, as std and scale must be. */
bool amct_preprocess_positive(const double *values, uint32_t n);

/* Reads the `preprocess` section of a search file over what pre holds; NULL or empty changes
 * nothing. */
amct_status amct_preprocess_read(amct_preprocess *pre, const amct_yaml_node *section,
                                 amct_err *err);

/* Refuses what cannot be meant: a crop larger than the resized picture; std 0; mean or std of
 * another number than channels; mean or std of uint8 samples without the scale that they belong to.
 */
amct_status amct_preprocess_check(const amct_preprocess *pre, uint32_t channels, bool uint8_samples,
                                  amct_err *err);

/* Which part of which resized picture becomes the sample. want_height and want_width are the
 * network's, 0 where it does not say; of a network that takes one row or column, as many pixels in
 * other rows and columns are it, row by row. `photo` allows the default above. If the result is not
 * what the network takes: AMCT_E_INVALID and a hint what to set. A picture too long to be resized
 * is AMCT_E_UNSUPPORTED. */
amct_status amct_preprocess_fit(amct_crop *out, const amct_preprocess *pre, uint32_t height,
                                uint32_t width, uint32_t want_height, uint32_t want_width,
                                bool photo, amct_err *err);

/* The value of a sample's element v in channel c. */
double amct_preprocess_value(const amct_preprocess *pre, uint32_t c, bool uint8_samples, double v);
/* Whether amct_preprocess_value leaves floats as they are. */
bool amct_preprocess_is_identity(const amct_preprocess *pre);

amct_hash amct_preprocess_hash(amct_hash seed, const amct_preprocess *pre);

#endif
