#include "data/preprocess.h"

#include "base/number.h"
#include "base/utf8.h"

#include <string.h>

/* ---- Reading ------------------------------------------------------------------------------- */

/* "N" or "HxW"; *width stays 0 for the first form. */
static amct_status parse_extent(uint32_t *height, uint32_t *width, const char *text, amct_err *err)
{
    char first[32], shown[AMCT_CLIPPED];
    int64_t h = 0, w = 0;
    const char *x = strchr(text, 'x');
    size_t length = x ? (size_t)(x - text) : strlen(text);
    amct_status status = length < sizeof first ? AMCT_OK : AMCT_E_INVALID;
    if (status == AMCT_OK) {
        memcpy(first, text, length);
        first[length] = 0;
        status = amct_parse_integer(&h, first, x ? 1 : 0, AMCT_BILINEAR_MAX_SIDE, err);
    }
    if (status == AMCT_OK && x)
        status = amct_parse_integer(&w, x + 1, 1, AMCT_BILINEAR_MAX_SIDE, err);
    if (status != AMCT_OK)
        return amct_fail(err, AMCT_E_INVALID,
                         "'%s' is not a number of pixels such as 224 or, height x width, 224x256",
                         amct_utf8_show(text, shown, sizeof shown));
    *height = (uint32_t)h;
    *width = (uint32_t)w;
    return AMCT_OK;
}

amct_status amct_preprocess_set_resize(amct_preprocess *pre, const char *text, amct_err *err)
{
    uint32_t height, width;
    AMCT_TRY(parse_extent(&height, &width, text, err));
    pre->resize = width ? AMCT_RESIZE_TO : height ? AMCT_RESIZE_SHORT : AMCT_RESIZE_NONE;
    pre->resize_height = height;
    pre->resize_width = width;
    return AMCT_OK;
}

amct_status amct_preprocess_set_crop(amct_preprocess *pre, const char *text, amct_err *err)
{
    uint32_t height, width;
    AMCT_TRY(parse_extent(&height, &width, text, err));
    pre->crop_height = height;
    pre->crop_width = width ? width : height;
    return AMCT_OK;
}

bool amct_preprocess_positive(const double *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!(values[i] > 0))
            return false;
    return true;
}

/* A number, or a list of them. */
static amct_status read_values(double *values, uint32_t *n, const amct_yaml_node *node,
                               amct_err *err)
{
    double read[AMCT_PREPROCESS_MAX_VALUES];
    uint32_t count = 0;
    if (node->kind == AMCT_YAML_IS_SEQUENCE) {
        if (node->n == 0 || node->n > AMCT_PREPROCESS_MAX_VALUES)
            return amct_yaml_fail(node, err, "wanted 1 to %d numbers, found %u",
                                  AMCT_PREPROCESS_MAX_VALUES, node->n);
        for (const amct_yaml_node *v = node->first; v; v = v->next)
            AMCT_TRY(amct_yaml_number(&read[count++], v, err));
    } else {
        AMCT_TRY(amct_yaml_number(&read[count++], node, err));
    }
    memcpy(values, read, count * sizeof *read);
    *n = count;
    return AMCT_OK;
}

amct_status amct_preprocess_read(amct_preprocess *pre, const amct_yaml_node *section, amct_err *err)
{
    static const char *const colors[] = {"RGB", "BGR", "GRAY", NULL};
    static const char *const layouts[] = {"NCHW", "NHWC", NULL};
    amct_preprocess read = *pre;
    int color = (int)read.color - 1, layout = (int)read.layout - 1;
    const amct_yaml_node *resize = NULL, *crop = NULL, *mean = NULL, *std = NULL, *scale = NULL;
    const amct_yaml_field fields[] = {
        AMCT_YAML_NODE("resize", &resize),
        AMCT_YAML_NODE("crop", &crop),
        AMCT_YAML_CHOICE("layout", &layout, layouts),
        AMCT_YAML_CHOICE("color", &color, colors),
        AMCT_YAML_NODE("mean", &mean),
        AMCT_YAML_NODE("std", &std),
        AMCT_YAML_NODE("scale", &scale),
    };
    const char *text;
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    read.color = (amct_color)(color + 1);
    read.layout = (amct_data_layout)(layout + 1);
    if (resize) {
        AMCT_TRY(amct_yaml_text(&text, resize, err));
        if (amct_preprocess_set_resize(&read, text, err) != AMCT_OK)
            return amct_yaml_fail(resize, err, "%s", err->text);
    }
    if (crop) {
        AMCT_TRY(amct_yaml_text(&text, crop, err));
        if (amct_preprocess_set_crop(&read, text, err) != AMCT_OK)
            return amct_yaml_fail(crop, err, "%s", err->text);
    }
    if (mean)
        AMCT_TRY(read_values(read.mean, &read.n_mean, mean, err));
    if (std)
        AMCT_TRY(read_values(read.std, &read.n_std, std, err));
    if (std && !amct_preprocess_positive(read.std, read.n_std))
        return amct_yaml_fail(std, err, "wanted numbers above 0");
    if (scale)
        AMCT_TRY(amct_yaml_number(&read.scale, scale, err));
    if (scale && !amct_preprocess_positive(&read.scale, 1))
        return amct_yaml_fail(scale, err, "wanted a number above 0");
    *pre = read;
    return AMCT_OK;
}

/* ---- Checking ------------------------------------------------------------------------------ */

static amct_status check_count(const char *name, uint32_t n, uint32_t channels, amct_err *err)
{
    if (n > 1 && n != channels)
        return amct_fail(err, AMCT_E_INVALID, "preprocess: %s has %u values, a sample %u channel%s",
                         name, n, channels, channels == 1 ? "" : "s");
    return AMCT_OK;
}

amct_status amct_preprocess_check(const amct_preprocess *pre, uint32_t channels, bool uint8_samples,
                                  amct_err *err)
{
    AMCT_TRY(check_count("mean", pre->n_mean, channels, err));
    AMCT_TRY(check_count("std", pre->n_std, channels, err));
    if (uint8_samples && (pre->n_mean || pre->n_std) && pre->scale == 0)
        return amct_fail(err, AMCT_E_INVALID,
                         "preprocess: mean and std need their scale: set scale: 1/255 if they are "
                         "for values in 0 .. 1, scale: 1 for 0 .. 255");
    if (pre->resize == AMCT_RESIZE_TO &&
        (pre->crop_height > pre->resize_height || pre->crop_width > pre->resize_width))
        return amct_fail(err, AMCT_E_INVALID,
                         "preprocess: crop %ux%u is larger than resize %ux%u (height x width)",
                         pre->crop_height, pre->crop_width, pre->resize_height, pre->resize_width);
    return AMCT_OK;
}

/* ---- Geometry ------------------------------------------------------------------------------ */

/* The full size of a picture whose short side becomes n; the long side to the nearest pixel, halves
 * up. */
static void fit_short_side(uint64_t *full_height, uint64_t *full_width, uint64_t height,
                           uint64_t width, uint64_t n)
{
    *full_height = height <= width ? n : (2 * height * n + width) / (2 * width);
    *full_width = width <= height ? n : (2 * width * n + height) / (2 * height);
}

/* Whether the network takes pictures of this size: as they are or, where it takes a single row or
 * column, as many pixels row by row. 0: it does not say. */
static bool is_taken(uint32_t height, uint32_t width, uint32_t want_height, uint32_t want_width)
{
    bool line = want_height == 1 || want_width == 1;
    return ((!want_height || height == want_height) && (!want_width || width == want_width)) ||
           (line && (uint64_t)height * width == (uint64_t)want_height * want_width);
}

static amct_status fail_fit(const amct_crop *w, uint32_t want_height, uint32_t want_width,
                            amct_err *err)
{
    bool larger = w->full_height >= want_height && w->full_width >= want_width;
    uint32_t height = want_height ? want_height : w->height;
    uint32_t width = want_width ? want_width : w->width;
    if (height == 1 || width == 1)
        return amct_fail(err, AMCT_E_INVALID,
                         "the sample becomes %ux%u, the network takes %ux%u (height x width), row "
                         "by row: set preprocess resize or crop to a size of as many pixels",
                         w->height, w->width, height, width);
    return amct_fail(err, AMCT_E_INVALID,
                     "the sample becomes %ux%u, the network takes %ux%u (height x width): set "
                     "preprocess %s: %ux%u (--%s %ux%u)",
                     w->height, w->width, height, width, larger ? "crop" : "resize", height, width,
                     larger ? "crop" : "resize", height, width);
}

amct_status amct_preprocess_fit(amct_crop *out, const amct_preprocess *pre, uint32_t height,
                                uint32_t width, uint32_t want_height, uint32_t want_width,
                                bool photo, amct_err *err)
{
    uint64_t full_height = height, full_width = width;
    uint32_t crop_height = pre->crop_height, crop_width = pre->crop_width;
    bool fits = is_taken(height, width, want_height, want_width);
    if (pre->resize == AMCT_RESIZE_SHORT) {
        fit_short_side(&full_height, &full_width, height, width, pre->resize_height);
    } else if (pre->resize == AMCT_RESIZE_TO) {
        full_height = pre->resize_height, full_width = pre->resize_width;
    } else if (pre->resize == AMCT_RESIZE_UNSAID && !crop_height && !fits && photo) {
        uint32_t known = want_height ? want_height : want_width;
        crop_height = want_height ? want_height : known;
        crop_width = want_width ? want_width : known;
        if (crop_height == crop_width)
            fit_short_side(&full_height, &full_width, height, width,
                           ((uint64_t)known * 256 + 112) / 224);
        else
            full_height = crop_height, full_width = crop_width;
    }
    if (full_height > AMCT_BILINEAR_MAX_SIDE || full_width > AMCT_BILINEAR_MAX_SIDE)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "%ux%u pixels (height x width) are too long a picture", height, width);
    amct_crop w = {.full_height = (uint32_t)full_height, .full_width = (uint32_t)full_width};
    if (crop_height > w.full_height || crop_width > w.full_width)
        return amct_fail(err, AMCT_E_INVALID,
                         "a crop of %ux%u does not fit into %ux%u (height x width): set "
                         "preprocess resize",
                         crop_height, crop_width, w.full_height, w.full_width);
    w.height = crop_height ? crop_height : w.full_height;
    w.width = crop_width ? crop_width : w.full_width;
    w.top = (w.full_height - w.height) / 2;
    w.left = (w.full_width - w.width) / 2;
    if (!is_taken(w.height, w.width, want_height, want_width))
        return fail_fit(&w, want_height, want_width, err);
    *out = w;
    return AMCT_OK;
}

/* ---- Values -------------------------------------------------------------------------------- */

double amct_preprocess_value(const amct_preprocess *pre, uint32_t c, bool uint8_samples, double v)
{
    double scale = pre->scale != 0 ? pre->scale : uint8_samples ? 1.0 / 255 : 1;
    double mean = pre->n_mean == 0 ? 0 : pre->mean[pre->n_mean == 1 ? 0 : c];
    double std = pre->n_std == 0 ? 1 : pre->std[pre->n_std == 1 ? 0 : c];
    return (v * scale - mean) / std;
}

bool amct_preprocess_is_identity(const amct_preprocess *pre)
{
    return (pre->scale == 0 || pre->scale == 1) && !pre->n_mean && !pre->n_std;
}

static amct_hash hash_doubles(amct_hash seed, const double *values, uint32_t n)
{
    return amct_hash_bytes(amct_hash_u64(seed, n), values, n * sizeof *values);
}

amct_hash amct_preprocess_hash(amct_hash seed, const amct_preprocess *pre)
{
    const uint32_t numbers[] = {pre->resize,      pre->resize_height, pre->resize_width,
                                pre->crop_height, pre->crop_width,    pre->color,
                                pre->layout};
    amct_hash hash = amct_hash_bytes(seed, numbers, sizeof numbers);
    hash = hash_doubles(hash, &pre->scale, 1);
    hash = hash_doubles(hash, pre->mean, pre->n_mean);
    return hash_doubles(hash, pre->std, pre->n_std);
}
