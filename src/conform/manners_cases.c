#include "conform/cases.h"
#include "conform/manners.h"
#include "conform/shared_object.h"

/* Everything that the plugin does, the refusals too; strict: it may not misuse the host. */
static void exercise(amct_trial *trial, bool strict)
{
    if (trial->plugin->kind == AMCT_PLUGIN_IMPORTER)
        amct_importer_exercise(trial, strict);
    else
        amct_estimator_exercise(trial, strict);
}

static void run_host_calls(amct_trial *trial)
{
    exercise(trial, true);
}

static void run_silent(amct_trial *trial)
{
    exercise(trial, false);
    amct_manners_check_output(trial);
}

static void run_files(amct_trial *trial)
{
    const amct_manners *before = amct_manners_now(trial);
    exercise(trial, false);
    amct_manners_check_files(trial, before);
}

static void run_threads(amct_trial *trial)
{
    exercise(trial, false);
    amct_manners_check_threads(trial);
}

static void run_signals(amct_trial *trial)
{
    const amct_manners *before = amct_manners_now(trial);
    exercise(trial, false);
    amct_manners_check_signals(trial, before);
}

static void run_surroundings(amct_trial *trial)
{
    const amct_manners *before = amct_manners_now(trial);
    exercise(trial, false);
    amct_manners_check_surroundings(trial, before);
}

static void run_statics(amct_trial *trial)
{
    const amct_object_data *before = amct_object_data_now(trial);
    exercise(trial, false);
    amct_object_check_data(trial, before);
}

const amct_case amct_manners_cases[] = {
    {"host-calls", "alloc, free, log and fail are called as they want to be", run_host_calls},
    {"silent", "nothing is written to standard output or error", run_silent},
    {"files", "no file descriptor is left open or closed", run_files},
    {"threads", "no thread outlives the instance", run_threads},
    {"signals", "signal handlers and masks stay as they are", run_signals},
    {"surroundings", "locale, folder, environment, umask and rounding stay as they are",
     run_surroundings},
    {"statics", "no writable static data: state lives in the instance", run_statics},
    {0},
};
