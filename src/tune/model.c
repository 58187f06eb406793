#include "tune/model.h"

#include "base/log.h"
#include "compress/equalise.h"
#include "compress/sparse.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

amct_status amct_plugins_open(amct_plugins **out, const amct_config *config, amct_err *err)
{
    amct_plugins *plugins;
    AMCT_TRY(amct_plugins_new(&plugins, err));
    amct_status status =
        amct_plugins_search(plugins, config->plugin_dirs, config->n_plugin_dirs, err);
    if (status != AMCT_OK)
        amct_plugins_free(plugins);
    else
        *out = plugins;
    return status;
}

static amct_status load(amct_model *out, const amct_plugins *plugins, const char *path,
                        const amct_model_source *source, amct_err *err)
{
    static const amct_model_source alone = {0};
    amct_model model = {0};
    if (!source)
        source = &alone;
    AMCT_TRY(amct_import_with(&model.graph, plugins, path, source->weights, source->options,
                              source->n_options, err));
    amct_status status = AMCT_OK;
    if (model.graph->n_inputs) {
        const amct_shape *in = &model.graph->tensors[model.graph->inputs[0]].shape;
        model.free_batch = in->rank > 0 && in->dims[0] < 0;
    }
    status = amct_prepare(model.graph, err);
    model.batch = amct_batch_of(model.graph);
    if (status == AMCT_OK)
        status = amct_layers_find(&model.layers, &model.n_layers, model.graph, err);
    if (status != AMCT_OK) {
        amct_model_free(&model);
        return amct_fail_in(err, "%s", path);
    }
    for (uint32_t i = 0; i < model.n_layers; i++) /* as in a deploy model */
        if (!model.graph->no_weights && amct_sparse_is(model.graph, &model.layers[i]))
            model.graph->tensors[model.layers[i].weights].sparse = true;
    *out = model;
    return AMCT_OK;
}

amct_status amct_model_want_weights(const amct_model *model, const char *path, amct_err *err)
{
    return model->graph->no_weights
               ? amct_fail(err, AMCT_E_INVALID,
                           "%s: has no weights; say --weights FILE, as beside it lie none or "
                           "several",
                           path)
               : AMCT_OK;
}

amct_status amct_model_load(amct_model *out, const amct_plugins *plugins, const char *path,
                            const amct_model_source *source, amct_err *err)
{
    amct_log_hold(); /* what an importer warns of is no news beside the error */
    amct_status status = load(out, plugins, path, source, err);
    amct_log_release(status == AMCT_OK);
    return status;
}

amct_status amct_model_load_whole(amct_model *out, const amct_plugins *plugins, const char *path,
                                  const amct_model_source *source, amct_err *err)
{
    amct_model model = {0};
    amct_log_hold();
    amct_status status = load(&model, plugins, path, source, err);
    if (status == AMCT_OK)
        status = amct_model_want_weights(&model, path, err);
    amct_log_release(status == AMCT_OK);
    if (status == AMCT_OK)
        *out = model;
    else
        amct_model_free(&model);
    return status;
}

void amct_model_free(amct_model *model)
{
    free(model->layers);
    amct_graph_free(model->graph);
    *model = (amct_model){0};
}

amct_status amct_model_equalise(amct_model *model, amct_err *err)
{
    uint32_t pairs, n;
    amct_layer *layers;
    AMCT_TRY(amct_equalise(&pairs, model->graph, err));
    AMCT_TRY(amct_layers_find(&layers, &n, model->graph, err)); /* their weights are others now */
    free(model->layers);
    model->layers = layers;
    model->n_layers = n;
    amct_log(AMCT_LOG_INFO, "equalised %u pairs of layers%s", pairs,
             pairs ? "" : ": between no two of them is it exact, or they are equal already");
    return AMCT_OK;
}

amct_status amct_model_set_batch(amct_graph *graph, int64_t batch, const char *path, amct_err *err)
{
    amct_status status = amct_set_batch(graph, batch, err);
    return status == AMCT_OK ? status : amct_fail_in(err, "%s", path);
}

/* Whether batch 1, where it is hard to see which dim the samples lie in, leads back to the graph's
 * own batch size. */
static amct_status returns(bool *back, const amct_graph *graph, amct_err *err)
{
    amct_graph *copy;
    amct_err why;
    int64_t own = amct_batch_of(graph);
    AMCT_TRY(amct_graph_clone(&copy, graph, err));
    *back = amct_set_batch(copy, 1, &why) != AMCT_OK || /* it stays where it is */
            amct_set_batch(copy, own, &why) == AMCT_OK;
    if (!*back)
        amct_log(AMCT_LOG_DEBUG, "there and back: %s", why.text);
    amct_graph_free(copy);
    return AMCT_OK;
}

amct_status amct_model_set_eval_batch(amct_model *model, amct_err *err)
{
    enum { CACHE_BYTES = 1 << 20, BATCH_MAX = 16 };
    amct_exec *exec;
    int64_t best = amct_batch_of(model->graph);
    amct_err why;
    bool back;
    AMCT_TRY(returns(&back, model->graph, err));
    if (!back)
        return AMCT_OK;
    AMCT_TRY(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err));
    for (int64_t batch = 1; batch <= BATCH_MAX; batch *= 2) {
        amct_plan *plan;
        if (amct_set_batch(model->graph, batch, &why) != AMCT_OK) {
            amct_log(AMCT_LOG_DEBUG, "batch %lld: %s", (long long)batch, why.text);
            break;
        }
        if (batch > 1 && !amct_batch_leads(model->graph))
            continue;
        if (amct_plan_new(&plan, exec, model->graph, NULL, &why) != AMCT_OK)
            break; /* said again, better, when it is run */
        size_t bytes = amct_plan_bytes(plan);
        amct_plan_free(plan);
        if (batch > 1 && bytes > CACHE_BYTES)
            break;
        best = batch;
    }
    amct_exec_free(exec);
    return amct_set_batch(model->graph, best, err);
}

void amct_model_blame(const char *path, amct_err *err)
{
    if (err->code == AMCT_E_UNSUPPORTED || err->code == AMCT_E_INVALID)
        amct_fail_in(err, "%s", path);
}

amct_status amct_engine_by_name(amct_engine *out, const char *name, amct_err *err)
{
    static const char *const names[] = {"onednn", "onednn-float", "reference"};
    for (int i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (amct_engine)i;
            return AMCT_OK;
        }
    return amct_fail(err, AMCT_E_INVALID,
                     "executor '%s' is none of onednn, onednn-float, reference", name);
}

void amct_model_warn_float16(const amct_model *model)
{
    static const float largest = 65504;
    for (uint32_t i = 0; i < model->n_layers; i++) {
        const amct_layer *layer = &model->layers[i];
        uint32_t constants[] = {layer->weights, layer->bias};
        float most = 0;
        for (size_t k = 0; k < 2; k++) {
            const amct_tensor *t =
                constants[k] == AMCT_NO_TENSOR ? NULL : &model->graph->tensors[constants[k]];
            const float *values = t && t->dtype == AMCT_FLOAT ? t->data : NULL;
            int64_t n = values ? amct_shape_size(&t->shape) : 0;
            for (int64_t e = 0; e < n; e++) /* all weights, at each start: no call, no branch */
                most = fabsf(values[e]) > most ? fabsf(values[e]) : most;
        }
        if (most > largest)
            amct_log(
                AMCT_LOG_WARN,
                "layer '%s' has a constant of %.3g: float16, in which the chip runs it where it "
                "is not quantised, ends at %.0f",
                layer->name, (double)most, (double)largest);
    }
}
