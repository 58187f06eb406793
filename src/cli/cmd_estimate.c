#include "cli/command.h"

#include "base/number.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "cli/measured.h"
#include "tune/measuring.h"

#include <math.h>

/* What the graph's numbers are on the device. */
static const char *precision_of(const amct_graph *graph)
{
    bool integer = false, floating = false;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        if (!amct_node_is(node, "Conv") && !amct_node_is(node, "Gemm") &&
            !amct_node_is(node, "MatMul") && !amct_node_is(node, "ConvTranspose"))
            continue;
        const amct_tensor *src = amct_node_src(graph, node, 0);
        *(src && src->dtype == AMCT_INT8 ? &integer : &floating) = true;
    }
    return integer && floating ? "mixed" : integer ? "int8" : "float16";
}

static void print_text(const amct_config *c, const amct_graph *g, const amct_latency *l,
                       const amct_correction *known, const amct_estimator_info *info)
{
    char op[AMCT_SHOWN], name[AMCT_SHOWN], into[AMCT_SHOWN];
    double ms = l->total.latency_ns / 1e6, batch = (double)amct_batch_of(g);
    if (c->per_layer && l->n_nodes) {
        printf("%12s  %-8s %-11s %-20s %s\n", "us", "bound", "status", "operator", "name");
        for (uint32_t n = 0; n < l->n_nodes; n++) {
            const amct_node_cost *k = &l->costs[n];
            amct_utf8_show(g->nodes[n].op, op, sizeof op);
            amct_utf8_show(g->nodes[n].name, name, sizeof name);
            if (k->status == AMCT_NODE_OK)
                printf("%12.2f  %-8s %-11s %-20s %s\n", k->latency_ns / 1e3,
                       amct_bound_name(k->bound),
                       k->flags & AMCT_NODE_ROLLED_BACK ? "rolled back" : "ok", op, name);
            else
                printf("%12s  %-8s %-11s %-20s %s%s%s\n", "-", "-",
                       amct_node_status_name(k->status), op, name,
                       k->status == AMCT_NODE_FUSED ? " -> " : "",
                       k->status == AMCT_NODE_FUSED
                           ? amct_utf8_show(g->nodes[k->fused_into].name, into, sizeof into)
                           : "");
        }
        printf("%12.2f  %-8s %-11s %-20s %s\n", l->total.fixed_ns / 1e3, "-", "fixed", "-",
               "(start, input and output transforms)");
    }
    double reach = 1 + l->total.error_band_ratio;
    printf("%s ms (%s to %s) on %s at batch %.0f, %s: %s a second (%s)\n",
           amct_number_round(ms, 4).text, amct_number_round(ms / reach, 3).text,
           amct_number_round(ms * reach, 3).text, info->device, batch, precision_of(g),
           amct_number_round(batch / ms * 1e3, 4).text,
           info->method == AMCT_METHOD_MEASURED ? "measured" : "estimated");
    amct_measured_print(known->arena ? &known->found : NULL);
}

static amct_status print_json(const amct_config *c, const char *model, const amct_graph *g,
                              const amct_latency *l, const amct_correction *known,
                              const amct_estimator_info *info, amct_err *err)
{
    static const char *const methods[] = {"model", "table", "measured"};
    amct_json json;
    double ms = l->total.latency_ns / 1e6, batch = (double)amct_batch_of(g);
    amct_json_begin(&json);
    amct_json_text(&json, json.root, "model", model);
    amct_json_text(&json, json.root, "target", info->device);
    amct_json_text(&json, json.root, "estimator", c->estimator);
    uint32_t method = known->found.what[0] ? (uint32_t)AMCT_METHOD_TABLE : info->method;
    amct_json_text(&json, json.root, "method", method < 3 ? methods[method] : NULL);
    amct_json_integer(&json, json.root, "batch", amct_batch_of(g));
    amct_json_text(&json, json.root, "precision", precision_of(g));
    amct_json_number(&json, json.root, "latency_ms", ms);
    amct_json_number(&json, json.root, "throughput_per_s", batch / ms * 1e3);
    amct_json_number(&json, json.root, "error_band_ratio", l->total.error_band_ratio);
    amct_json_number(&json, json.root, "fixed_ms", l->total.fixed_ns / 1e6);
    amct_measured_add(&json, json.root, known->arena ? &known->found : NULL);
    cJSON *layers = amct_json_array(&json, json.root, "layers");
    for (uint32_t n = 0; n < l->n_nodes; n++) {
        const amct_node_cost *k = &l->costs[n];
        cJSON *at = amct_json_object(&json, layers, NULL);
        bool fused = k->status == AMCT_NODE_FUSED, ok = k->status == AMCT_NODE_OK;
        amct_json_text(&json, at, "name", g->nodes[n].name);
        amct_json_text(&json, at, "op", g->nodes[n].op);
        amct_json_text(&json, at, "fused_into", fused ? g->nodes[k->fused_into].name : NULL);
        amct_json_number(&json, at, "latency_us", ok ? k->latency_ns / 1e3 : NAN);
        amct_json_number(&json, at, "spread_us", ok ? k->spread_ns / 1e3 : NAN);
        amct_json_text(&json, at, "bound", ok ? amct_bound_name(k->bound) : NULL);
        amct_json_text(&json, at, "status", amct_node_status_name(k->status));
        amct_json_bool(&json, at, "rolled_back", (k->flags & AMCT_NODE_ROLLED_BACK) != 0);
    }
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

/* A plugin that measures models gives no times of layers. */
static amct_status ask(amct_latency *out, amct_correction *known, amct_estimating *estimator,
                       const amct_config *c, const amct_model *model, const char *path,
                       amct_err *err)
{
    const amct_origin as_it_is = {0};
    if (!amct_estimating_measures(estimator)) {
        AMCT_TRY(amct_latency_estimate(out, estimator, model->graph, err));
        amct_latency_warn(out, model->graph);
        if (!c->profile && !c->measured_ns)
            return AMCT_OK;
        AMCT_TRY(amct_correction_make(known, c->profile, (double)c->measured_ns, model->graph, out,
                                      err));
        amct_correction_warn(&known->found);
        amct_correction_apply(out, model->graph, known);
        return AMCT_OK;
    }
    if (c->profile || c->measured_ns)
        return amct_fail(err, AMCT_E_INVALID,
                         "estimator '%s' measures itself: --profile and --measured are for others",
                         c->estimator);
    AMCT_TRY(amct_model_want_weights(model, path, err));
    if (!amct_stop_catch(NULL)) /* temporary files are to be removed */
        return amct_fail_nomem(err);
    return amct_measuring_run(&out->total, estimator, model->graph, &as_it_is,
                              amct_batch_of(model->graph), err);
}

static amct_status estimate(amct_config *c, amct_plugins *plugins, const char *path, amct_err *err)
{
    amct_model model;
    amct_estimating *estimator = NULL;
    amct_latency latency = {0};
    amct_correction known = {0};
    AMCT_TRY(amct_model_load(&model, plugins, path, &c->model_source, err));
    amct_status status = AMCT_OK;
    if (c->batch)
        status = amct_model_set_batch(model.graph, c->batch, path, err);
    if (status == AMCT_OK)
        status = amct_estimating_open(&estimator, plugins, c->estimator, c->target_options,
                                      c->n_target_options, err);
    if (status == AMCT_OK)
        status = ask(&latency, &known, estimator, c, &model, path, err);
    if (status == AMCT_OK && c->json)
        status = print_json(c, path, model.graph, &latency, &known, amct_estimating_info(estimator),
                            err);
    else if (status == AMCT_OK)
        print_text(c, model.graph, &latency, &known, amct_estimating_info(estimator));
    amct_correction_free(&known);
    amct_latency_free(&latency);
    amct_estimating_close(estimator);
    amct_model_free(&model);
    return status;
}

int amct_cmd_estimate(amct_config *config, amct_err *err)
{
    const char *path;
    amct_plugins *plugins;
    if (amct_cmd_argument(&path, config, "a model", err) != AMCT_OK ||
        amct_plugins_open(&plugins, config, err) != AMCT_OK)
        return amct_cmd_fail(err);
    amct_status status = estimate(config, plugins, path, err);
    amct_plugins_free(plugins);
    return status == AMCT_OK ? 0 : amct_cmd_fail(err);
}
