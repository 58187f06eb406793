#include "cli/dry_run.h"

#include "cli/command.h"
#include "tune/forecast.h"

static const char *span(double seconds, char *text, size_t size)
{
    if (seconds < 100)
        snprintf(text, size, "%.0f s", seconds);
    else if (seconds < 6000)
        snprintf(text, size, "%.0f min", seconds / 60);
    else
        snprintf(text, size, "%.1f h", seconds / 3600);
    return text;
}

static void print_text(const amct_config *c, const amct_forecast *f)
{
    char text[32];
    printf("%u of %u layers have a choice; samples: %u calibration, %u search, %u confirm\n",
           f->genes, f->layers, f->calibration_samples, f->search_samples, f->confirm_samples);
    printf(
        "at most %u evaluations and %u single-layer probes: about %s, %.0f MB of memory, %.0f MB "
        "of disk in %s\n",
        f->evaluations, f->probes, span(f->seconds, text, sizeof text),
        (double)f->memory_bytes / 1e6, (double)f->disk_bytes / 1e6, c->output);
    printf("latency %.4g ms on %s, %.4g ms with every choice at its fastest: no search can reach "
           "more than %.2fx\n",
           f->original_ns / 1e6, c->chip, f->fastest_ns / 1e6, f->original_ns / f->fastest_ns);
    if (f->fixed_ratio > 0.5)
        printf("%.0f %% of the latency is fixed cost that no compression changes: a larger --batch "
               "would gain more\n",
               100 * f->fixed_ratio);
}

static amct_status print_json(const amct_forecast *f, amct_err *err)
{
    amct_json json;
    amct_json_begin(&json);
    amct_json_integer(&json, json.root, "layers", f->layers);
    amct_json_integer(&json, json.root, "genes", f->genes);
    amct_json_integer(&json, json.root, "evaluations", f->evaluations);
    amct_json_integer(&json, json.root, "probes", f->probes);
    cJSON *samples = amct_json_object(&json, json.root, "samples");
    amct_json_integer(&json, samples, "calibration", f->calibration_samples);
    amct_json_integer(&json, samples, "search", f->search_samples);
    amct_json_integer(&json, samples, "confirm", f->confirm_samples);
    amct_json_number(&json, json.root, "seconds", f->seconds);
    amct_json_integer(&json, json.root, "memory_bytes", (int64_t)f->memory_bytes);
    amct_json_integer(&json, json.root, "disk_bytes", (int64_t)f->disk_bytes);
    amct_json_number(&json, json.root, "latency_ms", f->original_ns / 1e6);
    amct_json_number(&json, json.root, "fastest_latency_ms", f->fastest_ns / 1e6);
    amct_json_number(&json, json.root, "fixed_ratio", f->fixed_ratio);
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

int amct_dry_run(const amct_config *config, amct_err *err)
{
    amct_forecast f;
    if (amct_forecast_make(&f, config, err) != AMCT_OK)
        return amct_cmd_fail(err);
    if (!config->json)
        print_text(config, &f);
    else if (print_json(&f, err) != AMCT_OK)
        return amct_cmd_fail(err);
    return 0;
}
