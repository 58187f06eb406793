#include "cli/progress.h"

#include "base/grow.h"
#include "base/log.h"
#include "report/json.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

void amct_progress_begin(amct_progress *progress, const amct_config *config)
{
    *progress = (amct_progress){.config = config, .shown_at = -INFINITY};
}

void amct_progress_end(amct_progress *progress)
{
    free(progress->steps);
    *progress = (amct_progress){0};
}

static void show_json(amct_json *json)
{
    amct_err ignored;
    amct_json_print(json, stderr, false, &ignored);
    amct_json_end(json);
}

void amct_progress_stage(void *ctx, const char *text)
{
    amct_progress *p = ctx;
    if (!p->config->progress_json) {
        amct_log_progress(NULL);
        amct_log(AMCT_LOG_INFO, "%s", text);
        return;
    }
    amct_json json;
    amct_json_begin(&json);
    amct_json_text(&json, json.root, "stage", text);
    show_json(&json);
}

/* Without room the line of convergence has a step less. */
static void note_step(amct_progress *p, const amct_search_progress *now)
{
    double best = isnan(now->best_ns) ? now->original_ns : now->best_ns;
    if (p->n_steps && p->steps[p->n_steps - 1].latency_ns == best)
        return;
    amct_err ignored;
    if (amct_grow(&p->steps, p->n_steps, &p->capacity, sizeof *p->steps, &ignored) != AMCT_OK)
        return;
    p->steps[p->n_steps++] = (amct_step_down){now->evaluations, best};
}

/* NAN before anything was measured. */
static double seconds_left(const amct_search_progress *p, const amct_loop_stats *s)
{
    return s->samples ? (double)(p->samples_planned - p->samples) / (double)s->samples * s->seconds
                      : NAN;
}

static void show_text(const amct_search_progress *p, const amct_loop_stats *s)
{
    char best[96] = "none yet within the budget", left[32] = "", text[256];
    double eta = seconds_left(p, s), rate = s->seconds > 0 ? s->measured / s->seconds : 0;
    double found = isnan(p->best_ns) ? p->likely_ns : p->best_ns;
    if (!isnan(found))
        snprintf(best, sizeof best, "best %.4g ms (%.2fx)%s", found / 1e6, p->original_ns / found,
                 isnan(p->best_ns) ? ", not provable yet" : "");
    if (!isnan(eta))
        snprintf(left, sizeof left, ", at most %.0f:%02.0f left", floor(eta / 60),
                 floor(fmod(eta, 60)));
    snprintf(text, sizeof text, "%s: %u of %u evaluations, %.0f a minute, %s%s", p->phase,
             p->evaluations, p->evaluations_planned, 60 * rate, best, left);
    amct_log_progress(text);
}

static void fill_json(amct_json *json, const amct_search_progress *p, const amct_loop_stats *s)
{
    amct_json_begin(json);
    amct_json_text(json, json->root, "stage", "searching");
    amct_json_text(json, json->root, "phase", p->phase);
    amct_json_integer(json, json->root, "evaluations", p->evaluations);
    amct_json_integer(json, json->root, "evaluations_planned", p->evaluations_planned);
    amct_json_integer(json, json->root, "rejected", p->rejected);
    amct_json_integer(json, json->root, "samples_evaluated", (int64_t)p->samples);
    amct_json_number(json, json->root, "seconds", s->seconds);
    amct_json_number(json, json->root, "seconds_left", seconds_left(p, s));
    amct_json_number(json, json->root, "baseline_latency_ms", p->original_ns / 1e6);
    amct_json_number(json, json->root, "best_latency_ms", p->best_ns / 1e6);
    amct_json_number(json, json->root, "best_drop", p->best_drop);
}

void amct_progress_show(void *ctx, const amct_search_progress *progress,
                        const amct_loop_stats *stats)
{
    amct_progress *p = ctx;
    note_step(p, progress);
    double now = amct_clock(), every = isatty(STDERR_FILENO) || p->config->progress_json ? 0.5 : 5;
    if (now - p->shown_at < every)
        return;
    p->shown_at = now;
    if (!p->config->progress_json) {
        show_text(progress, stats);
        return;
    }
    amct_json json;
    fill_json(&json, progress, stats);
    show_json(&json);
}
