#include "cli/command.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const cJSON *find_layer(const cJSON *result, const char *name)
{
    const cJSON *layer;
    cJSON_ArrayForEach(layer, cJSON_GetObjectItemCaseSensitive(result, "layers"))
    {
        const char *its = amct_json_get_text(layer, "name");
        if (its && strcmp(its, name) == 0)
            return layer;
    }
    return NULL;
}

/* "12.3 us", or "inside another operator". */
static const char *time_of(const cJSON *layer, const char *key, char *text, size_t size)
{
    double us = amct_json_get_number(layer, key);
    if (isnan(us))
        return "part of another operator";
    snprintf(text, size, "%.4g us", us);
    return text;
}

/* The text under a key as it may be printed, "?" if there is none. */
static const char *shown(const cJSON *at, const char *key, char text[AMCT_SHOWN])
{
    const char *found = amct_json_get_text(at, key);
    return amct_utf8_show(found ? found : "?", text, AMCT_SHOWN);
}

/* What one of a layer's alternatives is: "w4a8", "48 channels", "rank 16, spatial". */
static const char *level_of(const cJSON *at, char text[AMCT_SHOWN])
{
    double kept = amct_json_get_number(at, "channels_kept"),
           rank = amct_json_get_number(at, "rank");
    char form[AMCT_SHOWN];
    if (amct_json_get_text(at, "bits"))
        return shown(at, "bits", text);
    if (!isnan(rank))
        snprintf(text, AMCT_SHOWN, "rank %.0f, %.20s", rank, shown(at, "form", form));
    else if (!isnan(kept))
        snprintf(text, AMCT_SHOWN, "%.0f channels", kept);
    else
        snprintf(text, AMCT_SHOWN, "whole");
    return text;
}

static void explain_structure(const cJSON *layer)
{
    double kept = amct_json_get_number(layer, "channels_kept");
    double all = amct_json_get_number(layer, "channels");
    double rank = amct_json_get_number(layer, "rank");
    char form[AMCT_SHOWN];
    if (kept < all)
        printf("  channels  %.0f of %.0f\n", kept, all);
    if (!isnan(rank))
        printf("  rank      %.0f, %s form\n", rank, shown(layer, "form", form));
}

static void explain_layer(const cJSON *result, const cJSON *layer)
{
    char before[32], after[32], level[AMCT_SHOWN];
    char name[AMCT_SHOWN], op[AMCT_SHOWN], bits[AMCT_SHOWN], was[AMCT_SHOWN];
    double now =
        amct_json_get_number(cJSON_GetObjectItemCaseSensitive(result, "best"), "latency_ms");
    double alone = amct_json_get_number(layer, "loss_alone");
    const cJSON *other;
    printf("%s (%s): %s, was %s\n", shown(layer, "name", name), shown(layer, "op", op),
           shown(layer, "bits", bits), shown(layer, "baseline_bits", was));
    printf("  latency   %s -> %s\n", time_of(layer, "baseline_latency_us", before, sizeof before),
           time_of(layer, "latency_us", after, sizeof after));
    explain_structure(layer);
    if (!isnan(alone))
        printf("  loss      %.3g by this level alone\n", alone);
    cJSON_ArrayForEach(other, cJSON_GetObjectItemCaseSensitive(layer, "alternatives"))
    {
        double then = amct_json_get_number(other, "network_latency_ms");
        double loss = amct_json_get_number(other, "loss_alone");
        printf("  at %-16s the network would take %.4g ms (%+.3g us)", level_of(other, level), then,
               1e3 * (then - now));
        if (!isnan(loss))
            printf(", loss %.3g alone", loss);
        printf("\n");
    }
    if (amct_json_get_text(layer, "reason"))
        printf("  reason    %s\n", shown(layer, "reason", name));
}

static void explain_all(const cJSON *result)
{
    const cJSON *layer;
    char before[32], after[32], bits[AMCT_SHOWN], name[AMCT_SHOWN], why[AMCT_SHOWN];
    printf("%-9s %9s %5s %10s %10s %10s  %s\n", "bits", "channels", "rank", "before us", "after us",
           "loss", "layer");
    cJSON_ArrayForEach(layer, cJSON_GetObjectItemCaseSensitive(result, "layers"))
    {
        double was = amct_json_get_number(layer, "baseline_latency_us");
        double now = amct_json_get_number(layer, "latency_us");
        double alone = amct_json_get_number(layer, "loss_alone");
        char loss[32] = "-";
        snprintf(before, sizeof before, isnan(was) ? "-" : "%.2f", was);
        snprintf(after, sizeof after, isnan(now) ? "-" : "%.2f", now);
        if (!isnan(alone))
            snprintf(loss, sizeof loss, "%.3g", alone);
        const char *reason = amct_json_get_text(layer, "reason");
        char channels[32], rank[16] = "-";
        snprintf(channels, sizeof channels, "%.0f/%.0f",
                 amct_json_get_number(layer, "channels_kept"),
                 amct_json_get_number(layer, "channels"));
        if (!isnan(amct_json_get_number(layer, "rank")))
            snprintf(rank, sizeof rank, "%.0f", amct_json_get_number(layer, "rank"));
        printf("%-9s %9s %5s %10s %10s %10s  %s%s%s%s\n", shown(layer, "bits", bits), channels,
               rank, before, after, loss, shown(layer, "name", name), reason ? "  (" : "",
               reason ? shown(layer, "reason", why) : "", reason ? ")" : "");
    }
}

static amct_status explain(const amct_config *c, const cJSON *result, amct_err *err)
{
    const char *name = c->n_positional > 1 ? c->positional[1] : NULL;
    const cJSON *layer = name ? find_layer(result, name) : NULL;
    if (name && !layer)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s has no layer '%s'; amct-autotune explain %s lists them",
                         c->positional[0], name, c->positional[0]);
    if (!c->json) {
        if (layer)
            explain_layer(result, layer);
        else
            explain_all(result);
        return AMCT_OK;
    }
    amct_json json;
    amct_json_begin(&json);
    const cJSON *layers = cJSON_GetObjectItemCaseSensitive(result, "layers");
    cJSON_AddItemToObject(json.root, layer ? "layer" : "layers",
                          cJSON_Duplicate(layer ? layer : layers, true));
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

int amct_cmd_explain(amct_config *config, amct_err *err)
{
    cJSON *result;
    if (config->n_positional < 1 || config->n_positional > 2) {
        amct_fail(err, AMCT_E_INVALID,
                  "the folder of a search is wanted, and perhaps a layer; see --help");
        return amct_cmd_fail(err);
    }
    if (amct_cmd_read_result(&result, config->positional[0], err) != AMCT_OK)
        return amct_cmd_fail(err);
    amct_status status = explain(config, result, err);
    cJSON_Delete(result);
    return status == AMCT_OK ? 0 : amct_cmd_fail(err);
}
