/* Where blobs come from outside: the net's own fields, and layers that read data. */
#include "caffe_reader.h"

#include <string.h>

static int32_t shape_of(caffe_reader *r, const CaffeNet__BlobShape *from, const char *name,
                        caffe_shape *out)
{
    caffe_shape shape = {.rank = (uint32_t)from->n_dim};
    if (from->n_dim < 1 || from->n_dim > AMCT_MAX_RANK)
        return caffe_fail(r, AMCT_E_LIMIT, "input '%.64s' has %zu dims, 1 to %d wanted", name,
                          from->n_dim, AMCT_MAX_RANK);
    for (size_t i = 0; i < from->n_dim; i++)
        shape.dims[i] = from->dim[i];
    *out = shape;
    return AMCT_OK;
}

int32_t caffe_net_inputs(caffe_reader *r)
{
    const CaffeNet__NetParameter *net = r->net;
    for (size_t i = 0; i < net->n_input; i++) {
        caffe_blob *blob;
        caffe_shape shape = {.rank = 4};
        CAFFE_TRY(caffe_blob_named(r, net->input[i], &blob));
        if (net->n_input_shape == net->n_input) {
            CAFFE_TRY(shape_of(r, net->input_shape[i], blob->name, &shape));
        } else if (net->n_input_dim == 4 * net->n_input && !net->n_input_shape) {
            memcpy(shape.dims, net->input_dim + 4 * i, 4 * sizeof *shape.dims);
        } else {
            return caffe_fail(r, AMCT_E_FORMAT,
                              "%zu inputs have %zu input_shape and %zu input_dim, one or four for "
                              "each wanted",
                              net->n_input, net->n_input_shape, net->n_input_dim);
        }
        CAFFE_TRY(caffe_add_input(r, blob, &shape));
    }
    return AMCT_OK;
}

static int32_t add_top(caffe_reader *r, const caffe_layer *l, uint32_t i, const caffe_shape *shape)
{
    caffe_blob *blob;
    CAFFE_TRY(caffe_blob_named(r, l->tops[i], &blob));
    return caffe_add_input(r, blob, shape);
}

int32_t caffe_input(caffe_reader *r, caffe_layer *l)
{
    const CaffeNet__InputParameter *p = l->own->input_param;
    if (!p || (p->n_shape != 1 && p->n_shape != l->n_tops))
        return caffe_fail(r, AMCT_E_FORMAT, "has %zu shapes, 1 or %u wanted", p ? p->n_shape : 0,
                          l->n_tops);
    for (uint32_t i = 0; i < l->n_tops; i++) {
        caffe_shape shape;
        CAFFE_TRY(shape_of(r, p->shape[p->n_shape > 1 ? i : 0], l->tops[i], &shape));
        CAFFE_TRY(add_top(r, l, i, &shape));
    }
    return AMCT_OK;
}

/* ---- DummyData ------------------------------------------------------------------------------- */

static int32_t dummy_shape(caffe_reader *r, const caffe_layer *l,
                           const CaffeNet__DummyDataParameter *p, uint32_t i, caffe_shape *out)
{
    const size_t counts[4] = {p->n_num, p->n_channels, p->n_height, p->n_width};
    const uint64_t *const dims[4] = {p->num, p->channels, p->height, p->width};
    if (p->n_shape == 1 || (p->n_shape && p->n_shape == l->n_tops))
        return shape_of(r, p->shape[p->n_shape > 1 ? i : 0], l->tops[i], out);
    caffe_shape shape = {.rank = 4};
    for (int d = 0; d < 4; d++) {
        if (p->n_shape || (counts[d] != 1 && counts[d] != l->n_tops))
            return caffe_fail(r, AMCT_E_FORMAT, "has not one shape, or one for each of %u tops",
                              l->n_tops);
        CAFFE_TRY(
            caffe_range(r, "a dim", dims[d][counts[d] > 1 ? i : 0], 1, INT32_MAX, &shape.dims[d]));
    }
    *out = shape;
    return AMCT_OK;
}

/* Whether anything else of the net comes from outside; then DummyData is what it says, constant. */
static bool has_real_input(const caffe_reader *r)
{
    bool found = r->net->n_input > 0;
    for (uint32_t i = 0; i < r->n_layers; i++)
        found |= r->layers[i].n_bottoms == 0 && strcmp(r->layers[i].type, "DummyData") != 0;
    return found;
}

/* One number, spread over the shape. */
static int32_t add_filled(caffe_reader *r, const caffe_layer *l,
                          const CaffeNet__FillerParameter *filler, uint32_t i,
                          const caffe_shape *shape)
{
    uint32_t src[2];
    if (filler && strcmp(filler->type, "constant") != 0)
        return caffe_fail(r, AMCT_E_UNSUPPORTED, "is filled by '%.64s'; only 'constant' is known",
                          filler->type);
    char *number = import_text(&r->memory, "number%u", i),
         *dims = import_text(&r->memory, "dims%u", i);
    if (!number || !dims)
        return caffe_nomem(r);
    CAFFE_TRY(caffe_check_shape(r, shape, l->tops[i]));
    CAFFE_TRY(caffe_add_number(r, l, number, filler ? filler->value : 0, &src[0]));
    CAFFE_TRY(caffe_add_ints(r, l, dims, shape->dims, shape->rank, &src[1]));
    return caffe_result(
        r, l, &(caffe_op){.op = "Expand", .part = "", .src = src, .n_src = 2, .shape = *shape}, i);
}

int32_t caffe_dummy_data(caffe_reader *r, caffe_layer *l)
{
    static const CaffeNet__DummyDataParameter none = CAFFE_NET__DUMMY_DATA_PARAMETER__INIT;
    const CaffeNet__DummyDataParameter *p = l->dummy_data_param ? l->dummy_data_param : &none;
    bool constant = has_real_input(r);
    if (p->n_data_filler > 1 && p->n_data_filler != l->n_tops)
        return caffe_fail(r, AMCT_E_FORMAT, "has %zu fillers for %u tops", p->n_data_filler,
                          l->n_tops);
    for (uint32_t i = 0; i < l->n_tops; i++) {
        caffe_shape shape;
        CAFFE_TRY(dummy_shape(r, l, p, i, &shape));
        if (constant)
            CAFFE_TRY(add_filled(
                r, l, p->n_data_filler ? p->data_filler[p->n_data_filler > 1 ? i : 0] : NULL, i,
                &shape));
        else
            CAFFE_TRY(add_top(r, l, i, &shape));
    }
    return AMCT_OK;
}

/* ---- Layers that read files ------------------------------------------------------------------ */

/* Channels that the first convolution of the blob takes; 0 if its weights do not tell. */
static int64_t wanted_channels(const caffe_reader *r, const char *top)
{
    for (uint32_t i = 0; i < r->n_layers; i++) {
        const caffe_layer *l = &r->layers[i];
        caffe_shape shape;
        if (strcmp(l->type, "Convolution") == 0 && l->n_bottoms &&
            strcmp(l->bottoms[0], top) == 0 && caffe_peek_shape(r, l, 0, &shape) &&
            shape.rank == 4 && l->convolution_param && l->convolution_param->group < 65536)
            return shape.dims[1] * (int64_t)l->convolution_param->group;
    }
    return 0;
}

static uint64_t first_of(uint64_t a, uint64_t b)
{
    return a ? a : b;
}

int32_t caffe_data(caffe_reader *r, caffe_layer *l)
{
    const CaffeNet__TransformationParameter *t = l->transform_param;
    const CaffeNet__DataParameter *data = l->data_param;
    const CaffeNet__ImageDataParameter *image = l->image_data_param;
    const CaffeNet__MemoryDataParameter *memory = l->memory_data_param;
    uint64_t crop = t ? t->crop_size : 0, h = 0, w = 0, n = 1, c = 0;
    if (data)
        crop = first_of(crop, data->crop_size), n = data->batch_size;
    if (image) {
        crop = first_of(crop, image->crop_size);
        n = image->batch_size, h = image->new_height, w = image->new_width;
        c = image->is_color ? 3 : 1;
    }
    if (memory)
        n = memory->batch_size, c = memory->channels, h = memory->height, w = memory->width;
    if (t && (t->force_gray || t->force_color))
        c = t->force_gray ? 1 : 3;
    if (t && t->n_mean_value > 1)
        c = t->n_mean_value;
    if (!c)
        c = (uint64_t)wanted_channels(r, l->tops[0]);
    h = first_of(crop, h), w = first_of(crop, w);
    if ((!h || !w || !c) && !r->input.rank)
        return caffe_fail(r, AMCT_E_UNSUPPORTED,
                          "does not say the shape of what it reads; give the net for deployment, "
                          "which has an Input, or say --model-option input=1x3x32x32");
    caffe_shape shape = {.rank = 4};
    const uint64_t dims[4] = {n, c, h, w};
    for (int d = 0; d < 4 && !r->input.rank; d++)
        CAFFE_TRY(caffe_range(r, "a dim", dims[d], 1, INT32_MAX, &shape.dims[d]));
    if (r->input.rank)
        shape = r->input;
    CAFFE_TRY(add_top(r, l, 0, &shape));
    if (t)
        caffe_log(r, AMCT_LOG_INFO,
                  "its transform_param is no part of the network: it is what "
                  "--scale, --mean, --resize and --crop say");
    for (uint32_t i = 1; i < l->n_tops; i++) { /* labels, which nobody should read */
        const caffe_shape label = {.rank = 1, .dims = {shape.dims[0]}};
        CAFFE_TRY(add_top(r, l, i, &label));
    }
    return AMCT_OK;
}
