#include "conform/cases.h"
#include "conform/estimate.h"
#include "conform/manners.h"
#include "plugin/plugins.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 100 };

/* ---- Options ------------------------------------------------------------------------------- */

static void run_open(amct_trial *trial)
{
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    amct_instance_close(trial, &e);
}

static void run_open_close(amct_trial *trial)
{
    amct_heap_watch heap = {0};
    for (int i = 1; i <= ROUNDS; i++) {
        amct_instance e;
        amct_instance_must(trial, &e, NULL, NULL);
        amct_instance_close(trial, &e);
        if (i % (ROUNDS / AMCT_HEAP_LOOKS) == 0)
            amct_heap_look(&heap);
    }
    if (heap.least >= ROUNDS / AMCT_HEAP_LOOKS * 8)
        amct_trial_fail(trial, "every instance left about %zu bytes of malloc's memory behind",
                        heap.least / (ROUNDS / AMCT_HEAP_LOOKS));
}

static void must_refuse(amct_trial *trial, const char *key, const char *value)
{
    char what[160];
    amct_instance e;
    snprintf(what, sizeof what, "the option %.60s = %.60s", key, value);
    amct_trial_at(trial, "while %s is given", what);
    amct_instance_open(trial, &e, key, value);
    amct_case_refused(trial, what, "open", e.code, &e.err, AMCT_E_INVALID, AMCT_E_IO);
    if (e.touched)
        amct_trial_fail(trial, "a failed 'open' changed *self");
    amct_instance_close(trial, &e);
}

static void run_unknown_option(amct_trial *trial)
{
    must_refuse(trial, AMCT_CASE_NO_KEY, "1");
}

static const amct_option_info *option_info(amct_trial *trial, size_t i)
{
    return AMCT_AT(amct_option_info, trial->plugin->estimator->options, i);
}

static size_t must_have_options(amct_trial *trial)
{
    size_t n = amct_estimator_n_options(trial->plugin->estimator);
    if (!n)
        amct_trial_skip(trial, "it lists no options");
    return n;
}

static void run_wrong_values(amct_trial *trial)
{
    size_t n = must_have_options(trial);
    for (size_t i = 0; i < n; i++)
        must_refuse(trial, option_info(trial, i)->key, AMCT_CASE_NO_VALUE);
}

static bool is_given(const amct_trial *trial, const char *key)
{
    for (size_t i = 0; i < trial->subject->n_options; i++)
        if (strcmp(trial->subject->options[i].key, key) == 0)
            return true;
    return false;
}

static void run_fallbacks(amct_trial *trial)
{
    size_t n = must_have_options(trial);
    amct_sample samples[AMCT_MAX_SAMPLES];
    amct_samples_make(trial, samples);
    amct_estimate without, with;
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    amct_estimate_must(trial, &without, &e, &samples[0]);
    for (size_t i = 0; i < n; i++) {
        const amct_option_info *o = option_info(trial, i);
        amct_instance given;
        if (is_given(trial, o->key) || !o->fallback[0])
            continue;
        amct_trial_at(trial, "while the option '%s' is given its default", o->key);
        amct_instance_open(trial, &given, o->key, o->fallback);
        if (given.status != AMCT_OK)
            amct_trial_fail(trial, "'open' refused the option %s = %s, which is its default: %s",
                            o->key, o->fallback, given.err.text);
        amct_estimate_must(trial, &with, &given, &samples[0]);
        if (e.info.deterministic && !amct_estimate_equal(&with, &without))
            amct_trial_fail(trial,
                            "the option %s gives other numbers with its default, '%s', than "
                            "without it",
                            o->key, o->fallback);
        amct_instance_close(trial, &given);
    }
}

static void must_list_devices(amct_trial *trial)
{
    if (!trial->plugin->estimator->devices)
        amct_trial_skip(trial, "it lists no devices");
    if (is_given(trial, "chip"))
        amct_trial_skip(trial, "the option chip was given");
}

static void run_devices(amct_trial *trial)
{
    must_list_devices(trial);
    for (const char *const *d = trial->plugin->estimator->devices; *d; d++) {
        amct_instance e;
        amct_trial_at(trial, "while the device '%s' is opened", *d);
        amct_instance_open(trial, &e, "chip", *d);
        if (e.status != AMCT_OK)
            amct_trial_fail(trial, "'open' refused the device '%s', which it lists: %s", *d,
                            e.err.text);
        if (strcmp(e.info.device, *d) != 0)
            amct_trial_fail(trial, "'info' calls the device '%s' '%s'", *d, e.info.device);
        amct_instance_close(trial, &e);
    }
}

static void run_unknown_device(amct_trial *trial)
{
    must_list_devices(trial);
    must_refuse(trial, "chip", AMCT_CASE_NO_VALUE);
}

/* ---- All of it ----------------------------------------------------------------------------- */

/* All samples, a bad option, and the end. */
void amct_estimator_exercise(amct_trial *trial, bool strict)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    amct_instance e, bad;
    amct_instance_must(trial, &e, NULL, NULL);
    for (uint32_t i = 0; i < n; i++) {
        amct_estimate answer;
        amct_trial_at(trial, "while it is asked about %s", samples[i].what);
        amct_estimate_do(trial, &answer, &e, &samples[i].view, 0);
        amct_estimate_free(&answer);
    }
    amct_instance_open(trial, &bad, AMCT_CASE_NO_KEY, "1");
    e.strict = bad.strict = strict;
    amct_instance_close(trial, &bad);
    amct_instance_close(trial, &e);
}

const amct_case amct_estimator_cases[] = {
    {"open", "an instance says its device, its method and whether it is deterministic", run_open},
    {"open-close", "100 instances, opened and closed, leave nothing behind", run_open_close},
    {"unknown-option", "an unknown option is refused in words, and nothing is kept",
     run_unknown_option},
    {"wrong-values", "listed options refuse values that make no sense", run_wrong_values},
    {"defaults", "listed defaults are taken, and change nothing", run_fallbacks},
    {"devices", "every listed device can be opened, under its name", run_devices},
    {"unknown-device", "a device that is not listed is refused in words", run_unknown_device},
    {0},
};
