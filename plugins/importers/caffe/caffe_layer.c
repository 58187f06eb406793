/* Layers of both forms as one, without those that the net's state leaves out. */
#include "caffe_reader.h"

#include <string.h>

/* The words of V1LayerParameter.LayerType, as type names of the new form. */
static const char *const old_types[] = {
    [1] = "Accuracy",
    [2] = "BNLL",
    [3] = "Concat",
    [4] = "Convolution",
    [5] = "Data",
    [6] = "Dropout",
    [7] = "EuclideanLoss",
    [8] = "Flatten",
    [9] = "HDF5Data",
    [10] = "HDF5Output",
    [11] = "Im2col",
    [12] = "ImageData",
    [13] = "InfogainLoss",
    [14] = "InnerProduct",
    [15] = "LRN",
    [16] = "MultinomialLogisticLoss",
    [17] = "Pooling",
    [18] = "ReLU",
    [19] = "Sigmoid",
    [20] = "Softmax",
    [21] = "SoftmaxWithLoss",
    [22] = "Split",
    [23] = "TanH",
    [24] = "WindowData",
    [25] = "Eltwise",
    [26] = "Power",
    [27] = "SigmoidCrossEntropyLoss",
    [28] = "HingeLoss",
    [29] = "MemoryData",
    [30] = "ArgMax",
    [31] = "Threshold",
    [32] = "DummyData",
    [33] = "Slice",
    [34] = "MVN",
    [35] = "AbsVal",
    [36] = "Silence",
    [37] = "ContrastiveLoss",
    [38] = "Exp",
    [39] = "Deconvolution",
};

static const CaffeNet__LayerParameter no_params = CAFFE_NET__LAYER_PARAMETER__INIT;

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static void from_old(caffe_layer *to, CaffeNet__V1LayerParameter *from)
{
    size_t type = from->has_type ? (size_t)from->type : 0;
    *to = (caffe_layer){.name = or_empty(from->name),
                        .type = type < sizeof old_types / sizeof *old_types && old_types[type]
                                    ? old_types[type]
                                    : "",
                        .bottoms = from->bottom,
                        .tops = from->top,
                        .n_bottoms = (uint32_t)from->n_bottom,
                        .n_tops = (uint32_t)from->n_top,
                        .include = from->include,
                        .exclude = from->exclude,
                        .n_include = from->n_include,
                        .n_exclude = from->n_exclude,
                        .param_names = from->param,
                        .n_param_names = from->n_param,
                        .own = &no_params};
#define CAFFE_COPY(type, member) to->member = from->member;
    CAFFE_PARAMS(CAFFE_COPY)
}

static int32_t from_new(caffe_reader *r, caffe_layer *to, CaffeNet__LayerParameter *from)
{
    *to = (caffe_layer){.name = or_empty(from->name),
                        .type = or_empty(from->type),
                        .bottoms = from->bottom,
                        .tops = from->top,
                        .n_bottoms = (uint32_t)from->n_bottom,
                        .n_tops = (uint32_t)from->n_top,
                        .include = from->include,
                        .exclude = from->exclude,
                        .n_include = from->n_include,
                        .n_exclude = from->n_exclude,
                        .n_param_names = from->n_param,
                        .own = from};
    CAFFE_PARAMS(CAFFE_COPY)
#undef CAFFE_COPY
    to->param_names = import_alloc(&r->memory, from->n_param, sizeof *to->param_names);
    if (!to->param_names)
        return caffe_nomem(r);
    for (size_t i = 0; i < from->n_param; i++)
        to->param_names[i] = from->param[i]->name;
    return AMCT_OK;
}

/* ---- Which layers are there ------------------------------------------------------------------ */

static bool has_stage(const CaffeNet__NetState *state, const char *stage)
{
    for (size_t i = 0; i < state->n_stage; i++)
        if (strcmp(state->stage[i], stage) == 0)
            return true;
    return false;
}

static bool meets(const CaffeNet__NetState *state, const CaffeNet__NetStateRule *rule)
{
    if ((rule->has_phase && rule->phase != state->phase) ||
        (rule->has_min_level && state->level < rule->min_level) ||
        (rule->has_max_level && state->level > rule->max_level))
        return false;
    for (size_t i = 0; i < rule->n_stage; i++)
        if (!has_stage(state, rule->stage[i]))
            return false;
    for (size_t i = 0; i < rule->n_not_stage; i++)
        if (has_stage(state, rule->not_stage[i]))
            return false;
    return true;
}

static bool any_met(const CaffeNet__NetState *state, CaffeNet__NetStateRule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (meets(state, rules[i]))
            return true;
    return false;
}

bool caffe_is_judge(const caffe_layer *l)
{
    size_t n = strlen(l->type);
    return (n >= 4 && strcmp(l->type + n - 4, "Loss") == 0) || strcmp(l->type, "Accuracy") == 0 ||
           strcmp(l->type, "DetectionEvaluate") == 0 || strcmp(l->type, "HDF5Output") == 0 ||
           strcmp(l->type, "Silence") == 0;
}

static int32_t make_one(caffe_reader *r, size_t i, caffe_layer *l)
{
    CaffeNet__NetParameter *net = r->net;
    if (net->n_layers)
        from_old(l, net->layers[i]);
    else
        CAFFE_TRY(from_new(r, l, net->layer[i]));
    l->line = r->lines ? r->lines[i] : 0;
    if (l->type[0] == 0) {
        caffe_at(r, "layer %zu '%.64s'", i, l->name);
        return caffe_fail(r, AMCT_E_FORMAT, "has no type%s", caffe_hint(r));
    }
    if (l->n_include && l->n_exclude) {
        caffe_at(r, "layer %zu '%.64s'", i, l->name);
        return caffe_fail(r, AMCT_E_FORMAT, "has both include and exclude rules");
    }
    return AMCT_OK;
}

int32_t caffe_make_layers(caffe_reader *r)
{
    static const CaffeNet__NetState at_rest = CAFFE_NET__NET_STATE__INIT;
    CaffeNet__NetParameter *net = r->net;
    size_t n = net->n_layer + net->n_layers;
    CaffeNet__NetState state = net->state ? *net->state : at_rest;
    state.phase = CAFFE_NET__PHASE__TEST;
    if (net->n_layer && net->n_layers)
        return caffe_fail(r, AMCT_E_FORMAT, "has both 'layer' and 'layers', one form wanted");
    if (!n)
        return caffe_fail(r, AMCT_E_FORMAT, "the net has no layers");
    r->layers = import_alloc(&r->memory, n, sizeof *r->layers);
    if (!r->layers)
        return caffe_nomem(r);
    for (size_t i = 0; i < n; i++) {
        caffe_layer *l = &r->layers[r->n_layers];
        CAFFE_TRY(make_one(r, i, l));
        bool there = l->n_include ? any_met(&state, l->include, l->n_include)
                                  : !any_met(&state, l->exclude, l->n_exclude);
        r->n_layers += there && !caffe_is_judge(l);
    }
    return AMCT_OK;
}
