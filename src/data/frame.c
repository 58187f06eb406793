#include "data/frame.h"

#include <limits.h>
#include <stdio.h>

/* What the network's input says, beyond what the frame keeps. */
typedef struct input {
    bool flat;      /* not a picture: samples keep their own order of elements */
    uint64_t count; /* elements of a sample, 0 if not all dims are known */
} input;

/* A sample of an array, as it is in the file. */
typedef struct shape {
    uint32_t rank;
    uint32_t dims[AMCT_MAX_RANK];
} shape;

/* "3x224x224" for messages. */
static const char *print_dims(char *text, size_t size, const uint32_t *dims, uint32_t rank)
{
    size_t length = 0;
    text[0] = 0;
    for (uint32_t d = 0; d < rank && length < size; d++)
        length += (size_t)snprintf(text + length, size - length, d ? "x%u" : "%u", dims[d]);
    return rank ? text : "single numbers";
}

static uint64_t count_elements(const uint32_t *dims, uint32_t rank)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < rank; d++)
        count *= dims[d];
    return count;
}

/* ---- The network --------------------------------------------------------------------------- */

static amct_status read_input(amct_frame *frame, input *in, const amct_dataset_options *options,
                              amct_err *err)
{
    uint32_t dims[AMCT_MAX_RANK] = {0}, rank = options->rank;
    *in = (input){.flat = rank == 1 || rank > 3, .count = rank > 0};
    if (rank > AMCT_MAX_RANK)
        return amct_fail(err, AMCT_E_INVALID, "a network input of %u dims", rank);
    for (uint32_t d = 0; d < rank; d++) {
        int64_t dim = options->dims[d];
        if (dim != AMCT_DIM_UNKNOWN && (dim < 1 || dim > INT32_MAX))
            return amct_fail(err, AMCT_E_INVALID, "the network's input has a dim of %lld",
                             (long long)dim);
        dims[d] = dim == AMCT_DIM_UNKNOWN ? 0 : (uint32_t)dim;
        if (__builtin_mul_overflow(in->count, (uint64_t)dims[d], &in->count))
            return amct_fail(err, AMCT_E_LIMIT, "the network's input is too large");
    }
    frame->layout = options->preprocess.layout;
    if (rank == 3) {
        bool first = dims[0] == 1 || dims[0] == 3, last = dims[2] == 1 || dims[2] == 3;
        if (frame->layout == AMCT_DATA_LAYOUT_UNSAID)
            frame->layout = last && !first ? AMCT_NHWC : AMCT_NCHW;
        bool interleaved = frame->layout == AMCT_NHWC;
        frame->want_channels = dims[interleaved ? 2 : 0];
        frame->want_height = dims[interleaved ? 0 : 1];
        frame->want_width = dims[interleaved ? 1 : 2];
    } else if (rank == 2) {
        frame->want_channels = 1;
        frame->want_height = dims[0];
        frame->want_width = dims[1];
    }
    return AMCT_OK;
}

/* The last word on every sample: what preprocessing makes is what the network takes. */
static amct_status check_frame(const amct_frame *frame, const input *in, amct_err *err)
{
    uint32_t dims[3] = {frame->channels, frame->height, frame->width};
    char text[64];
    uint64_t count = (uint64_t)frame->height * frame->width * frame->channels;
    if (in->count && count != in->count)
        return amct_fail(err, AMCT_E_INVALID,
                         "a sample of %s (channels x height x width) has %llu elements, the "
                         "network takes %llu",
                         print_dims(text, sizeof text, dims, 3), (unsigned long long)count,
                         (unsigned long long)in->count);
    return AMCT_OK;
}

/* ---- Picture files ------------------------------------------------------------------------- */

static uint32_t channels_of(amct_color color)
{
    return color == AMCT_COLOR_GRAY ? 1 : 3;
}

static amct_status decide_pictures(amct_frame *frame, const input *in, uint32_t rank, amct_err *err)
{
    const amct_preprocess *pre = frame->preprocess;
    if (rank > 3)
        return amct_fail(err, AMCT_E_INVALID, "images do not fit a network input of %u dims", rank);
    bool sized = pre->resize == AMCT_RESIZE_TO;
    frame->bytes = frame->picture = true;
    frame->height = pre->crop_height ? pre->crop_height
                    : sized          ? pre->resize_height
                                     : frame->want_height;
    frame->width = pre->crop_width ? pre->crop_width
                   : sized         ? pre->resize_width
                                   : frame->want_width;
    if (!frame->height || !frame->width)
        return amct_fail(err, AMCT_E_INVALID,
                         "the network's input leaves the size of images open: set preprocess crop, "
                         "or resize to height x width");
    frame->channels = channels_of(pre->color);
    if (pre->color == AMCT_COLOR_UNSAID &&
        (frame->want_channels == 1 || in->count == (uint64_t)frame->height * frame->width))
        frame->channels = 1;
    if (frame->want_channels && frame->channels != frame->want_channels)
        return amct_fail(err, AMCT_E_INVALID,
                         "images have %u channel%s, the network takes %u: preprocess color may be "
                         "RGB, BGR or GRAY",
                         frame->channels, frame->channels == 1 ? "" : "s", frame->want_channels);
    return AMCT_OK;
}

/* ---- Arrays -------------------------------------------------------------------------------- */

/* Whether an array's dim may count the channels. */
static bool fits_channels(const amct_frame *frame, uint32_t dim)
{
    bool common = dim == 1 || dim == 3;
    if (!frame->want_channels)
        return common;
    return dim == frame->want_channels ||
           (common && frame->picture && frame->preprocess->color != AMCT_COLOR_UNSAID);
}

static amct_status fail_channels(const amct_frame *frame, const shape *s, amct_err *err)
{
    char text[64];
    return amct_fail(err, AMCT_E_INVALID,
                     "samples of %s do not have the %u channel%s that the network takes%s",
                     print_dims(text, sizeof text, s->dims, s->rank), frame->want_channels,
                     frame->want_channels == 1 ? "" : "s",
                     frame->picture ? ": set preprocess color: RGB, BGR or GRAY to convert" : "");
}

/* Which of three dims is the channel. */
static amct_status place_channels(amct_frame *frame, const shape *s, amct_err *err)
{
    const uint32_t *d = s->dims;
    bool first = fits_channels(frame, d[0]), last = fits_channels(frame, d[2]);
    if (!first && !last && frame->want_channels)
        return fail_channels(frame, s, err);
    frame->planar = frame->layout != AMCT_NHWC;
    if (first != last)
        frame->planar = first;
    else if (d[1] == frame->want_height && d[2] == frame->want_width)
        frame->planar = true;
    else if (d[0] == frame->want_height && d[1] == frame->want_width)
        frame->planar = false;
    frame->src_channels = frame->planar ? d[0] : d[2];
    frame->src_height = frame->planar ? d[1] : d[0];
    frame->src_width = frame->planar ? d[2] : d[1];
    return AMCT_OK;
}

/* The channels, height and width of an array's samples. */
static amct_status place_dims(amct_frame *frame, const shape *s, const input *in, amct_err *err)
{
    uint64_t count = count_elements(s->dims, s->rank);
    if (s->rank == 3 && !(in->flat && !frame->picture))
        return place_channels(frame, s, err);
    frame->planar = true;
    frame->src_channels = 1;
    frame->src_height = s->rank == 2 ? s->dims[0] : 1;
    frame->src_width = s->rank == 2 ? s->dims[1] : (uint32_t)count;
    if (s->rank == 1 && frame->want_channels && in->count == count) {
        /* a flat picture, in the network's order */
        frame->planar = frame->layout != AMCT_NHWC;
        frame->src_channels = frame->want_channels;
        frame->src_height = frame->want_height;
        frame->src_width = frame->want_width;
    }
    return AMCT_OK;
}

static amct_status check_sizes(const amct_frame *frame, amct_err *err)
{
    if ((frame->want_height && frame->height != frame->want_height) ||
        (frame->want_width && frame->width != frame->want_width))
        return amct_fail(err, AMCT_E_INVALID,
                         "samples are %ux%u, the network takes %ux%u (height x width)",
                         frame->height, frame->width, frame->want_height, frame->want_width);
    return AMCT_OK;
}

/* Sizes and colours after preprocessing. */
static amct_status transform_dims(amct_frame *frame, const shape *s, amct_err *err)
{
    const amct_preprocess *pre = frame->preprocess;
    bool common = frame->src_channels == 1 || frame->src_channels == 3;
    if (!frame->picture && (pre->resize > AMCT_RESIZE_NONE || pre->crop_height))
        return amct_fail(err, AMCT_E_INVALID,
                         "preprocess: only images can be resized or cropped, these samples are no "
                         "8-bit images");
    if (pre->color != AMCT_COLOR_UNSAID && !(frame->picture && common) &&
        !(pre->color == AMCT_COLOR_RGB && frame->src_channels == 3))
        return amct_fail(err, AMCT_E_INVALID,
                         "preprocess: color can be changed in images alone, these samples are no "
                         "8-bit images");
    frame->channels =
        pre->color == AMCT_COLOR_UNSAID ? frame->src_channels : channels_of(pre->color);
    if (frame->want_channels && frame->channels != frame->want_channels)
        return fail_channels(frame, s, err);
    frame->height = frame->src_height;
    frame->width = frame->src_width;
    if (!frame->picture)
        return check_sizes(frame, err);
    amct_crop crop;
    AMCT_TRY(amct_preprocess_fit(&crop, pre, frame->src_height, frame->src_width,
                                 frame->want_height, frame->want_width, false, err));
    frame->height = crop.height;
    frame->width = crop.width;
    return AMCT_OK;
}

/* ---- Reshaping ----------------------------------------------------------------------------- */

/* Without dims of 1. */
static shape squeeze(const shape *s)
{
    shape out = {0};
    for (uint32_t d = 0; d < s->rank; d++)
        if (s->dims[d] != 1)
            out.dims[out.rank++] = s->dims[d];
    return out;
}

/* Whether b has the dims of a in another order: 240x320 and 320x240. */
static bool is_transposed(const shape *a, const shape *b)
{
    shape x = squeeze(a), y = squeeze(b);
    bool same = x.rank == y.rank;
    for (uint32_t d = 0; same && d < x.rank; d++)
        same = x.dims[d] == y.dims[d];
    if (same || x.rank != y.rank)
        return false;
    for (uint32_t d = 0; d < x.rank; d++) {
        uint32_t k = d;
        while (k < y.rank && y.dims[k] != x.dims[d])
            k++;
        if (k == y.rank)
            return false;
        y.dims[k] = y.dims[d];
    }
    return true;
}

/* Whether the elements of a sample, one after the other, may be taken for those of the network's
 * input: so many there are, and nothing else was asked for. */
static bool may_reshape(shape *to, const shape *s, const input *in,
                        const amct_dataset_options *options)
{
    const amct_preprocess *pre = &options->preprocess;
    bool asked = pre->resize > AMCT_RESIZE_NONE || pre->crop_height;
    bool convert = pre->color != AMCT_COLOR_UNSAID && squeeze(s).rank > 2;
    if (!in->count || asked || convert || count_elements(s->dims, s->rank) != in->count)
        return false;
    *to = (shape){.rank = options->rank};
    for (uint32_t d = 0; d < to->rank; d++)
        to->dims[d] = (uint32_t)options->dims[d];
    return !is_transposed(s, to);
}

/* -------------------------------------------------------------------------------------------- */

/* How samples of this shape become those of the network. */
static amct_status fit_arrays(amct_frame *frame, const shape *s, const input *in,
                              const amct_dataset_options *options, amct_err *err)
{
    char text[64];
    if (options->rank > 3 || s->rank > 3) {
        bool same = options->rank == 0 || options->rank == 1 || options->rank == s->rank;
        for (uint32_t d = 0; options->rank > 1 && same && d < s->rank; d++)
            same = options->dims[d] == AMCT_DIM_UNKNOWN || options->dims[d] == s->dims[d];
        if (!same)
            return amct_fail(err, AMCT_E_INVALID,
                             "samples of %s do not have the dims of the network's input",
                             print_dims(text, sizeof text, s->dims, s->rank));
    }
    AMCT_TRY(place_dims(frame, s, in, err));
    if (in->flat && options->preprocess.layout == AMCT_DATA_LAYOUT_UNSAID)
        frame->layout = frame->planar ? AMCT_NCHW : AMCT_NHWC; /* their own order */
    return transform_dims(frame, s, err);
}

static amct_status decide_arrays(amct_frame *frame, const amct_array *array, const input *in,
                                 const amct_dataset_options *options, amct_err *err)
{
    shape s = {.rank = array->rank - 1}, reshaped;
    frame->picture = array->dtype == AMCT_UINT8 && (s.rank == 2 || s.rank == 3);
    if (array->sample_count > INT32_MAX)
        return amct_fail(err, AMCT_E_LIMIT, "samples of more than 2^31 elements");
    for (uint32_t d = 0; d < s.rank; d++)
        s.dims[d] = (uint32_t)array->dims[d + 1];
    frame->bytes = array->dtype == AMCT_UINT8;
    amct_frame as_is = *frame;
    amct_status status = fit_arrays(&as_is, &s, in, options, err);
    if (status == AMCT_E_INVALID && may_reshape(&reshaped, &s, in, options)) {
        as_is = *frame;
        as_is.picture = as_is.picture && (reshaped.rank == 2 || reshaped.rank == 3);
        status = fit_arrays(&as_is, &reshaped, in, options, err);
    }
    if (status == AMCT_OK)
        *frame = as_is;
    return status;
}

/* ---- Raw files ----------------------------------------------------------------------------- */

static amct_status decide_raw(amct_frame *frame, const input *in, amct_err *err)
{
    if (!in->count || in->count > INT32_MAX)
        return amct_fail(err, AMCT_E_INVALID,
                         ".bin files hold samples of the network's input, whose size is not known");
    /* one sample of the network's own shape and order */
    bool picture = frame->want_channels != 0;
    frame->planar = frame->layout != AMCT_NHWC;
    frame->src_channels = picture ? frame->want_channels : 1;
    frame->src_height = picture ? frame->want_height : 1;
    frame->src_width = picture ? frame->want_width : (uint32_t)in->count;
    return transform_dims(frame, &(shape){0}, err);
}

amct_status amct_frame_decide(amct_frame *out, const amct_source *source, amct_err *err)
{
    const amct_dataset_options *options = source->options;
    amct_frame frame = {.preprocess = &options->preprocess};
    input in;
    AMCT_TRY(read_input(&frame, &in, options, err));
    switch (source->kind) {
    case AMCT_SOURCE_PICTURES: AMCT_TRY(decide_pictures(&frame, &in, options->rank, err)); break;
    case AMCT_SOURCE_RAW: AMCT_TRY(decide_raw(&frame, &in, err)); break;
    case AMCT_SOURCE_ARRAYS:
        AMCT_TRY(decide_arrays(&frame, &source->arrays[0], &in, options, err));
        break;
    }
    if (frame.layout == AMCT_DATA_LAYOUT_UNSAID)
        frame.layout = AMCT_NCHW;
    AMCT_TRY(check_frame(&frame, &in, err));
    AMCT_TRY(amct_preprocess_check(&options->preprocess, frame.channels, frame.bytes, err));
    *out = frame;
    return AMCT_OK;
}
