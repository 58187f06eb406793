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

/* A number in that format, "-" if it is not known. */
static const char *number_of(char text[32], const char *format, double value)
{
    snprintf(text, 32, isnan(value) ? "-" : format, value);
    return text;
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

static void print_change(const cJSON *layer, const char *what, const char *before,
                         const char *after, const char *unit, double factor)
{
    double was = factor * amct_json_get_number(layer, before);
    double now = factor * amct_json_get_number(layer, after);
    if (!isnan(was) && !isnan(now))
        printf("  %-9s %.4g -> %.4g %s\n", what, was, now, unit);
}

static void explain_structure(const cJSON *layer)
{
    double kept = amct_json_get_number(layer, "channels_kept");
    double all = amct_json_get_number(layer, "channels");
    double rank = amct_json_get_number(layer, "rank");
    const char *group = amct_json_get_text(layer, "group");
    char form[AMCT_SHOWN], name[AMCT_SHOWN];
    if (kept < all || group) {
        printf("  channels  %.0f of %.0f", kept, all);
        if (group)
            printf(", in the group of '%s'", amct_utf8_show(group, name, sizeof name));
        printf("\n");
    }
    if (!isnan(rank))
        printf("  rank      %.0f, %s form\n", rank, shown(layer, "form", form));
}

/* A level that was tried, or the one that was chosen. */
static void print_level(const cJSON *at, bool chosen, const cJSON *best)
{
    double now = amct_json_get_number(best, "latency_ms");
    double ms = chosen ? now : amct_json_get_number(at, "network_latency_ms");
    double bytes = amct_json_get_number(chosen ? best : at, chosen ? "bytes" : "network_bytes");
    double loss = amct_json_get_number(at, "loss_alone");
    char level[AMCT_SHOWN], took[32], more[32], size[32], text[32];
    printf("  %c %-20s %10s %10s %12s %11s\n", chosen ? '*' : ' ', level_of(at, level),
           number_of(took, "%.4g", ms), number_of(more, "%+.3g", 1e3 * (ms - now)),
           number_of(size, "%.1f", bytes / 1e3), number_of(text, "%.3g", loss));
}

/* All levels of one kind, the chosen one first. */
static void explain_kind(const cJSON *layer, const char *kind, const char *reason_key,
                         const cJSON *best)
{
    const cJSON *at;
    const char *its;
    char reason[AMCT_SHOWN];
    cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(
                               layer, "chosen")) if ((its = amct_json_get_text(at, "kind")) &&
                                                     strcmp(its, kind) == 0)
        print_level(at, true, best);
    cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(
                               layer, "alternatives")) if ((its = amct_json_get_text(at, "kind")) &&
                                                           strcmp(its, kind) == 0)
        print_level(at, false, best);
    const cJSON *reasons = amct_json_get_object(layer, "reasons");
    if (amct_json_get_text(reasons, reason_key))
        printf("    %s: %s\n", kind, shown(reasons, reason_key, reason));
}

static void explain_layer(const cJSON *result, const cJSON *layer)
{
    char before[32], after[32];
    char name[AMCT_SHOWN], op[AMCT_SHOWN], bits[AMCT_SHOWN], was[AMCT_SHOWN];
    const cJSON *best = cJSON_GetObjectItemCaseSensitive(result, "best");
    double alone = amct_json_get_number(layer, "loss_alone");
    printf("%s (%s): %s, was %s\n", shown(layer, "name", name), shown(layer, "op", op),
           shown(layer, "bits", bits), shown(layer, "baseline_bits", was));
    printf("  latency   %s -> %s\n", time_of(layer, "baseline_latency_us", before, sizeof before),
           time_of(layer, "latency_us", after, sizeof after));
    print_change(layer, "size", "baseline_bytes", "bytes", "kB on the device", 1e-3);
    explain_structure(layer);
    if (!isnan(alone))
        printf("  loss      %.3g by this level of bits alone\n", alone);
    printf("  what the network would be with the other levels (* chosen):\n");
    printf("    %-20s %10s %10s %12s %11s\n", "level", "ms", "us more", "kB", "loss alone");
    explain_kind(layer, "bits", "bits", best);
    explain_kind(layer, "channels", "sparsity", best);
    explain_kind(layer, "rank", "rank", best);
}

static void explain_all(const cJSON *result)
{
    const cJSON *layer;
    char before[32], after[32], was[32], now[32], loss[32], channels[64], rank[64];
    char bits[AMCT_SHOWN], name[AMCT_SHOWN], why[AMCT_SHOWN], form[AMCT_SHOWN];
    printf("%-9s %9s %12s %10s %10s %9s %9s %10s  %s\n", "bits", "channels", "rank", "before us",
           "after us", "before kB", "after kB", "loss", "layer");
    cJSON_ArrayForEach(layer, cJSON_GetObjectItemCaseSensitive(result, "layers"))
    {
        double kept = amct_json_get_number(layer, "channels_kept");
        double all = amct_json_get_number(layer, "channels");
        double ranked = amct_json_get_number(layer, "rank");
        const char *reason = amct_json_get_text(layer, "reason");
        snprintf(channels, sizeof channels, isnan(all) || isnan(kept) ? "-" : "%.0f/%.0f", kept,
                 all);
        snprintf(rank, sizeof rank, isnan(ranked) ? "-" : "%.0f %.12s", ranked,
                 shown(layer, "form", form));
        printf("%-9s %9s %12s %10s %10s %9s %9s %10s  %s%s%s%s\n", shown(layer, "bits", bits),
               channels, rank,
               number_of(before, "%.2f", amct_json_get_number(layer, "baseline_latency_us")),
               number_of(after, "%.2f", amct_json_get_number(layer, "latency_us")),
               number_of(was, "%.1f", amct_json_get_number(layer, "baseline_bytes") / 1e3),
               number_of(now, "%.1f", amct_json_get_number(layer, "bytes") / 1e3),
               number_of(loss, "%.3g", amct_json_get_number(layer, "loss_alone")),
               shown(layer, "name", name), reason ? "  (" : "",
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
    json.failed |= !cJSON_AddItemToObject(json.root, layer ? "layer" : "layers",
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
