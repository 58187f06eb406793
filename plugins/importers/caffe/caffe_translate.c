/* The layers of the net, one after the other, each by its rule. */
#include "caffe_reader.h"

#include <string.h>

#define MANY UINT32_MAX

/* The layers that are known, and how many bottoms and tops they take. */
static const struct entry {
    const char *type;
    caffe_rule *rule;
    uint32_t min_bottoms, max_bottoms, min_tops, max_tops;
} entries[] = {
    {"AbsVal", caffe_plain, 1, 1, 1, 1},
    {"AnnotatedData", caffe_data, 0, 0, 1, MANY},
    {"ArgMax", caffe_argmax, 1, 1, 1, 1},
    {"BNLL", caffe_plain, 1, 1, 1, 1},
    {"BatchNorm", caffe_batch_norm, 1, 1, 1, 1},
    {"Bias", caffe_bias, 1, 2, 1, 1},
    {"Clip", caffe_clip, 1, 1, 1, 1},
    {"Concat", caffe_concat, 1, MANY, 1, 1},
    {"Convolution", caffe_convolution, 1, MANY, 1, MANY},
    {"ConvolutionDepthwise", caffe_convolution, 1, 1, 1, 1},
    {"Crop", caffe_crop, 2, 2, 1, 1},
    {"Data", caffe_data, 0, 0, 1, MANY},
    {"Deconvolution", caffe_deconvolution, 1, MANY, 1, MANY},
    {"DepthwiseConvolution", caffe_convolution, 1, 1, 1, 1},
    {"Dropout", caffe_plain, 1, 1, 1, 1},
    {"DummyData", caffe_dummy_data, 0, 0, 1, MANY},
    {"ELU", caffe_elu, 1, 1, 1, 1},
    {"Eltwise", caffe_eltwise, 2, MANY, 1, 1},
    {"Exp", caffe_exp, 1, 1, 1, 1},
    {"Flatten", caffe_flatten, 1, 1, 1, 1},
    {"HDF5Data", caffe_data, 0, 0, 1, MANY},
    {"ImageData", caffe_data, 0, 0, 1, MANY},
    {"InnerProduct", caffe_inner_product, 1, 1, 1, 1},
    {"Input", caffe_input, 0, 0, 1, MANY},
    {"Interp", caffe_interp, 1, 2, 1, 1},
    {"LRN", caffe_lrn, 1, 1, 1, 1},
    {"Log", caffe_log_layer, 1, 1, 1, 1},
    {"MVN", caffe_mvn, 1, 1, 1, 1},
    {"MemoryData", caffe_data, 0, 0, 1, MANY},
    {"Normalize", caffe_normalize, 1, 1, 1, 1},
    {"PReLU", caffe_prelu, 1, 1, 1, 1},
    {"Permute", caffe_permute, 1, 1, 1, 1},
    {"Pooling", caffe_pooling, 1, 1, 1, 2},
    {"Power", caffe_power, 1, 1, 1, 1},
    {"ReLU", caffe_relu, 1, 1, 1, 1},
    {"ReLU6", caffe_relu6, 1, 1, 1, 1},
    {"Reduction", caffe_reduction, 1, 1, 1, 1},
    {"Reshape", caffe_reshape, 1, 1, 1, 1},
    {"Scale", caffe_scale, 1, 2, 1, 1},
    {"ShuffleChannel", caffe_shuffle_channel, 1, 1, 1, 1},
    {"Sigmoid", caffe_plain, 1, 1, 1, 1},
    {"Slice", caffe_slice, 1, 1, 1, MANY},
    {"Softmax", caffe_softmax, 1, 1, 1, 1},
    {"Split", caffe_plain, 1, 1, 1, MANY},
    {"Swish", caffe_swish, 1, 1, 1, 1},
    {"TanH", caffe_plain, 1, 1, 1, 1},
    {"Threshold", caffe_threshold, 1, 1, 1, 1},
    {"Tile", caffe_tile, 1, 1, 1, 1},
    {"Upsample", caffe_upsample, 1, 2, 1, 1},
    {"WindowData", caffe_data, 0, 0, 1, MANY},
};

static const struct entry *find_entry(const char *type)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(entries[i].type, type) == 0)
            return &entries[i];
    return NULL;
}

/* A layer that nobody knows: a node of the domain "caffe", whose results have no known shape. */
static int32_t pass_on(caffe_reader *r, const caffe_layer *l)
{
    const caffe_shape unknown = {.rank = AMCT_RANK_UNKNOWN};
    uint32_t *tops = import_alloc(&r->memory, l->n_tops, sizeof *tops);
    if (!tops)
        return caffe_nomem(r);
    for (uint32_t i = 0; i < l->n_tops; i++)
        CAFFE_TRY(caffe_make_top(r, l, i, &unknown, &tops[i]));
    const amct_node_desc node = {.struct_size = sizeof node,
                                 .n_src = l->n_bottoms,
                                 .name = l->name,
                                 .op = l->type,
                                 .domain = "caffe",
                                 .src = l->src,
                                 .dst = tops,
                                 .n_dst = l->n_tops};
    return r->sink->node(r->sink->ctx, &node);
}

static int32_t check_counts(caffe_reader *r, const caffe_layer *l, const struct entry *e)
{
    if (l->n_bottoms < e->min_bottoms || l->n_bottoms > e->max_bottoms)
        return caffe_fail(r, AMCT_E_FORMAT, "has %u bottoms, %u wanted", l->n_bottoms,
                          l->n_bottoms < e->min_bottoms ? e->min_bottoms : e->max_bottoms);
    if (l->n_tops < e->min_tops || l->n_tops > e->max_tops)
        return caffe_fail(r, AMCT_E_FORMAT, "has %u tops, %u wanted", l->n_tops,
                          l->n_tops < e->min_tops ? e->min_tops : e->max_tops);
    return AMCT_OK;
}

/* Looks up what the bottoms stand for; *known: all their shapes are. */
static int32_t resolve_bottoms(caffe_reader *r, caffe_layer *l, bool *known)
{
    *known = true;
    l->src = import_alloc(&r->memory, l->n_bottoms, sizeof *l->src);
    l->in = import_alloc(&r->memory, l->n_bottoms, sizeof *l->in);
    if (!l->src || !l->in)
        return caffe_nomem(r);
    for (uint32_t i = 0; i < l->n_bottoms; i++) {
        caffe_blob *blob;
        CAFFE_TRY(caffe_blob_named(r, l->bottoms[i], &blob));
        l->src[i] = blob->id;
        l->in[i] = blob->shape;
        blob->read = true;
        *known &= blob->shape.rank != AMCT_RANK_UNKNOWN;
    }
    return AMCT_OK;
}

static int32_t translate_layer(caffe_reader *r, caffe_layer *l)
{
    bool known;
    const struct entry *e = find_entry(l->type);
    caffe_at(r, "layer '%.64s' (%.40s)", l->name, l->type);
    if (l->line)
        caffe_at(r, "line %u: layer '%.64s' (%.40s)", l->line, l->name, l->type);
    if (e)
        CAFFE_TRY(check_counts(r, l, e));
    CAFFE_TRY(resolve_bottoms(r, l, &known));
    if (!e || !known)
        return pass_on(r, l);
    CAFFE_TRY(e->rule(r, l));
    caffe_check_taken(r, l);
    return AMCT_OK;
}

static int32_t add_outputs(caffe_reader *r)
{
    uint32_t n = 0;
    for (const caffe_blob *blob = r->first_blob; blob; blob = blob->next)
        if (blob->id != AMCT_NO_TENSOR && !blob->read && !blob->input) {
            CAFFE_TRY(r->sink->output(r->sink->ctx, blob->id));
            n++;
        }
    return n ? AMCT_OK : caffe_fail(r, AMCT_E_FORMAT, "the net has no outputs");
}

int32_t caffe_translate(caffe_reader *r)
{
    const amct_model_desc model = {.struct_size = sizeof model,
                                   .name = r->net->name ? r->net->name : "",
                                   .producer = "",
                                   .flags = r->weights.data ? 0 : AMCT_MODEL_NO_WEIGHTS};
    CAFFE_TRY(r->sink->model(r->sink->ctx, &model));
    CAFFE_TRY(caffe_make_layers(r));
    CAFFE_TRY(caffe_connect(r));
    CAFFE_TRY(caffe_net_inputs(r));
    for (uint32_t i = 0; i < r->n_layers; i++)
        CAFFE_TRY(translate_layer(r, &r->layers[i]));
    caffe_at(r, "%s", "");
    CAFFE_TRY(caffe_check_fit(r));
    return add_outputs(r);
}
