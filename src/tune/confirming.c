#include "tune/confirming.h"

#include "base/log.h"
#include "base/stop.h"
#include "tune/measuring.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

amct_status amct_confirming_open(amct_setup *s, amct_err *err)
{
    const amct_config *c = s->config;
    if (!c->confirm_by)
        return AMCT_OK;
    amct_option *options = amct_arena_array(c->arena, c->n_confirm_options + 1, sizeof *options);
    if (!options)
        return amct_fail_nomem(err);
    options[0] = (amct_option){.struct_size = sizeof *options, .key = "chip", .value = c->chip};
    if (c->n_confirm_options)
        memcpy(options + 1, c->confirm_options, c->n_confirm_options * sizeof *options);
    amct_status status = amct_estimating_open(&s->confirming, s->plugins, c->confirm_by, options,
                                              c->n_confirm_options + 1, err);
    if (status == AMCT_OK && !amct_estimating_measures(s->confirming))
        status = amct_fail(err, AMCT_E_INVALID,
                           "confirm: estimator '%s' measures no models: one such as 'device' is "
                           "wanted",
                           c->confirm_by);
    return status == AMCT_OK || !c->target_section ? status
                                                   : amct_yaml_fail_in(c->target_section, err);
}

static amct_status measure(amct_graph_cost *total, const amct_setup *s,
                           const amct_candidate *candidate, amct_err *err)
{
    amct_graph *graph;
    amct_origin origin = {candidate->layers, candidate->n_layers, candidate->levels};
    AMCT_TRY(amct_candidate_stitch(&graph, candidate, err));
    amct_status status =
        amct_measuring_run(total, s->confirming, graph, &origin, amct_batch_of(s->cost_graph), err);
    amct_graph_free(graph);
    return status;
}

amct_status amct_confirming_original(amct_setup *s, amct_err *err)
{
    if (!s->confirming)
        return AMCT_OK;
    const amct_quantised **none = calloc(s->model.n_layers + (size_t)1, sizeof *none);
    if (!none)
        return amct_fail_nomem(err);
    amct_candidate original = {.graph = s->model.graph,
                               .layers = s->model.layers,
                               .n_layers = s->model.n_layers,
                               .levels = none};
    amct_status status = measure(&s->measured, s, &original, err);
    free(none);
    return status == AMCT_OK ? status : amct_fail_in(err, "confirm: the original");
}

/* *found: the study has it. */
static amct_status load(amct_graph_cost *total, bool *found, const amct_setup *s, const char *key,
                        amct_err *err)
{
    const void *data;
    size_t size;
    AMCT_TRY(amct_study_get_blob(&data, &size, s->study, "measured", key, err));
    *found = data && size == sizeof *total;
    if (*found)
        memcpy(total, data, size);
    return AMCT_OK;
}

static amct_status save(const amct_graph_cost *total, const amct_setup *s, const char *key,
                        amct_err *err)
{
    return amct_study_put_blob(s->study, "measured", key, total, sizeof *total, err);
}

amct_status amct_confirming_scale(amct_setup *s, amct_err *err)
{
    bool found;
    if (!s->confirming)
        return AMCT_OK;
    AMCT_TRY(load(&s->measured, &found, s, "original", err));
    if (!found)
        AMCT_TRY(save(&s->measured, s, "original", err));
    double estimated = s->original_cost.latency_ns;
    s->settled.measured_ns = (uint64_t)fmax(1, round(s->measured.latency_ns));
    AMCT_TRY(amct_setup_costing(s, err));
    amct_log(AMCT_LOG_INFO, "the original takes %.4g ms, %.3g times what was estimated",
             s->measured.latency_ns / 1e6, s->measured.latency_ns / estimated);
    return AMCT_OK;
}

/* A time that was measured comes before none, then the shorter one. */
static bool is_better(const amct_graph_cost *a, const amct_graph_cost *b)
{
    return a->latency_ns > 0 && (b->latency_ns <= 0 || a->latency_ns < b->latency_ns);
}

/* Of the finalists with the verdict of the chosen one, the fastest. */
static void choose(amct_finals *finals, const amct_graph_cost *measured)
{
    if (finals->chosen < 0)
        return;
    uint32_t best = (uint32_t)finals->chosen;
    for (uint32_t k = 0; k < finals->n; k++)
        if (finals->at[k].verdict.verdict == finals->at[finals->chosen].verdict.verdict &&
            is_better(&measured[k], &measured[best]))
            best = k;
    finals->chosen = (int)best;
}

amct_status amct_confirming_finals(amct_graph_cost measured[AMCT_FINALISTS], amct_finals *finals,
                                   amct_setup *s, amct_err *err)
{
    memset(measured, 0, AMCT_FINALISTS * sizeof *measured);
    for (uint32_t k = 0; s->confirming && k < finals->n; k++) {
        const amct_final *f = &finals->at[k];
        char key[32];
        bool found;
        amct_err why;
        if (f->verdict.verdict == AMCT_MISSED)
            continue;
        snprintf(key, sizeof key, "%llu", (unsigned long long)f->number);
        AMCT_TRY(load(&measured[k], &found, s, key, err));
        if (found)
            continue;
        if (amct_stop_wanted()) /* measured when the search is carried on */
            break;
        amct_status status = measure(&measured[k], s, &f->candidate, &why);
        if (status == AMCT_E_NOMEM || status == AMCT_E_INTERNAL || status == AMCT_E_PLUGIN)
            return *err = why, status;
        if (status != AMCT_OK) {
            amct_log(AMCT_LOG_WARN, "candidate %s could not be measured: %s", key, why.text);
            measured[k] = (amct_graph_cost){0};
            continue;
        }
        amct_log(AMCT_LOG_INFO, "candidate %s takes %.4g ms, estimated were %.4g", key,
                 measured[k].latency_ns / 1e6, f->cost_ns / 1e6);
        AMCT_TRY(save(&measured[k], s, key, err));
    }
    if (s->confirming)
        choose(finals, measured);
    return AMCT_OK;
}
