#include "cli/dry_run.h"

#include "cli/choices.h"
#include "cli/command.h"
#include "cli/measured.h"
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

enum { SHOWN = 16 }; /* genes */

static amct_choices_of choices_of(const amct_forecast *f)
{
    return (amct_choices_of){&f->setup.genes, f->setup.model.layers, f->setup.structure};
}

static amct_status print_text(const amct_config *c, const amct_forecast *f, amct_err *err)
{
    char text[32], refine[32];
    amct_choices_of of = choices_of(f);
    printf("%u of %u layers have a choice of bits", f->bits, f->layers);
    if (f->setup.structure)
        printf(", %u groups one of channels, %u layers one of ranks", f->channels, f->ranks);
    printf("; samples: %u calibration, %u search, %u confirm\n", f->calibration_samples,
           f->search_samples, f->confirm_samples);
    if (!f->provable)
        printf(
            "a search would be refused: %.10g confirm samples at least would be needed to prove a "
            "drop of at most %.4g %%\n",
            f->confirm_needed, 100 * c->max_drop_ratio);
    printf("at most %u evaluations and %u single-layer probes: about %s, of which %s for moments "
           "and for rebuilding the best; %.0f MB of memory, %.0f MB of disk in %s\n",
           f->evaluations, f->probes, span(f->seconds, text, sizeof text),
           span(f->refine_seconds, refine, sizeof refine), (double)f->memory_bytes / 1e6,
           (double)f->disk_bytes / 1e6, c->output);
    amct_measured_print(amct_costing_found(f->setup.costing));
    amct_choices_print_reach(&of, &f->gains, &f->fixed, c->chip,
                             amct_batch_of(f->setup.cost_graph));
    return amct_choices_print(&of, &f->gains, c->chip, SHOWN, err);
}

static amct_status print_json(const amct_forecast *f, amct_err *err)
{
    amct_json json;
    amct_choices_of of = choices_of(f);
    amct_json_begin(&json);
    amct_json_integer(&json, json.root, "layers", f->layers);
    amct_json_integer(&json, json.root, "genes", f->genes);
    amct_json_integer(&json, json.root, "genes_bits", f->bits);
    amct_json_integer(&json, json.root, "genes_channels", f->channels);
    amct_json_integer(&json, json.root, "genes_rank", f->ranks);
    amct_json_integer(&json, json.root, "evaluations", f->evaluations);
    amct_json_integer(&json, json.root, "probes", f->probes);
    cJSON *samples = amct_json_object(&json, json.root, "samples");
    amct_json_integer(&json, samples, "calibration", f->calibration_samples);
    amct_json_integer(&json, samples, "search", f->search_samples);
    amct_json_integer(&json, samples, "confirm", f->confirm_samples);
    amct_json_bool(&json, json.root, "provable", f->provable);
    if (!f->provable)
        amct_json_number(&json, json.root, "confirm_needed", f->confirm_needed);
    amct_json_number(&json, json.root, "seconds", f->seconds);
    amct_json_number(&json, json.root, "refine_seconds", f->refine_seconds);
    amct_json_integer(&json, json.root, "memory_bytes", (int64_t)f->memory_bytes);
    amct_json_integer(&json, json.root, "disk_bytes", (int64_t)f->disk_bytes);
    amct_json_number(&json, json.root, "latency_ms", f->gains.original_ns / 1e6);
    amct_json_number(&json, json.root, "fastest_bits_latency_ms", f->gains.bits_ns / 1e6);
    amct_json_number(&json, json.root, "fastest_latency_ms", f->gains.fastest_ns / 1e6);
    amct_measured_add(&json, json.root, amct_costing_found(f->setup.costing));
    amct_choices_add_fixed(&json, json.root, &f->fixed);
    amct_choices_add_gains(&json, amct_json_array(&json, json.root, "choices"), &of, &f->gains);
    amct_choices_add_skipped(&json, amct_json_array(&json, json.root, "skipped"), &of);
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

int amct_dry_run(const amct_config *config, amct_err *err)
{
    amct_forecast f;
    amct_status status = amct_forecast_make(&f, config, err);
    if (status == AMCT_OK)
        status = config->json ? print_json(&f, err) : print_text(config, &f, err);
    amct_forecast_free(&f);
    return status == AMCT_OK ? 0 : amct_cmd_fail(err);
}
