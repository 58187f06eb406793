#include "conform/cases.h"
#include "conform/manners.h"
#include "conform/reading.h"

#include "plugin/host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 100 };

/* ---- open and close ------------------------------------------------------------------------ */

static void run_read(amct_trial *trial)
{
    amct_reading model;
    amct_reading_of_model(trial, &model);
    amct_trial_at(trial, "while the model is read");
    amct_reading_do(trial, &model);
    if (model.status != AMCT_OK)
        amct_trial_fail(trial, "'%s' failed: %s", model.call, model.err.text);
}

static void check_left(amct_trial *trial, const amct_reading *r, const char *when)
{
    if (r->n_blocks)
        amct_trial_fail(trial, "kept %zu block%s of the host %s", r->n_blocks,
                        r->n_blocks == 1 ? "" : "s", when);
}

static void run_memory(amct_trial *trial)
{
    amct_reading model;
    amct_reading_of_model(trial, &model);
    amct_reading first = model;
    amct_reading_must(trial, &first);
    check_left(trial, &first, "after 'close'");
    amct_heap_watch heap = {0};
    uint32_t rounds = model.size > 16 << 20 ? ROUNDS : 2 * ROUNDS;
    uint32_t each = rounds / AMCT_HEAP_LOOKS;
    for (uint32_t i = 1; i <= rounds; i++) {
        amct_trial_at(trial, "at the %u. import in a row", i + 1);
        amct_reading again = model;
        amct_reading_do(trial, &again);
        if (again.status != AMCT_OK)
            amct_trial_fail(trial, "the %u. import in a row failed: %s", i + 1, again.err.text);
        if (i % each == 0)
            amct_heap_look(&heap);
    }
    if (heap.least >= each * 8)
        amct_trial_fail(trial, "every import left about %zu bytes of malloc's memory behind",
                        heap.least / each);
}

static void run_unknown_option(amct_trial *trial)
{
    amct_option bad = {.struct_size = sizeof bad, .key = AMCT_CASE_NO_KEY, .value = "1"};
    amct_reading r = {.data = "", .options = &bad, .n_options = 1};
    amct_trial_at(trial, "while the option '%s' is given", bad.key);
    amct_reading_do(trial, &r);
    if (strcmp(r.call, "open") != 0)
        amct_trial_fail(trial, "'open' took the option '%s'", bad.key);
    amct_case_refused(trial, "the option '" AMCT_CASE_NO_KEY "'", "open", r.code, &r.err,
                      AMCT_E_INVALID, AMCT_E_INVALID);
    if (r.touched)
        amct_trial_fail(trial, "a failed 'open' changed *self");
    check_left(trial, &r, "after a failed 'open'");
}

/* Without `read`, many times. */
static void run_open_close(amct_trial *trial)
{
    const amct_importer *t = trial->plugin->importer;
    amct_reading model;
    amct_reading_of_model(trial, &model);
    amct_heap_watch heap = {0};
    for (int i = 1; i <= ROUNDS; i++) {
        amct_err err;
        amct_plugin_host *host;
        void *self = NULL;
        amct_view view = {
            .struct_size = sizeof view, .name = "model", .data = model.data, .size = model.size};
        amct_trial_need(trial, amct_plugin_host_new(&host, trial->plugin->name, &err), &err);
        int32_t code =
            t->open(amct_plugin_host_table(host), &view, model.options, model.n_options, &self);
        if (amct_plugin_host_result(host, code, "open", &err) != AMCT_OK)
            amct_trial_fail(trial, "'open' failed: %s", err.text);
        t->close(self);
        if (amct_plugin_host_blocks(host))
            amct_trial_fail(trial, "kept %zu blocks of the host after 'close' without 'read'",
                            amct_plugin_host_blocks(host));
        amct_plugin_host_free(host);
        if (i % (ROUNDS / AMCT_HEAP_LOOKS) == 0)
            amct_heap_look(&heap);
    }
    if (heap.least >= ROUNDS / AMCT_HEAP_LOOKS * 8)
        amct_trial_fail(trial, "every instance left about %zu bytes of malloc's memory behind",
                        heap.least / (ROUNDS / AMCT_HEAP_LOOKS));
}

/* ---- Two imports --------------------------------------------------------------------------- */

static void run_twice(amct_trial *trial)
{
    amct_reading first, second;
    amct_reading_of_model(trial, &first);
    second = first;
    amct_reading_must(trial, &first);
    amct_reading_must(trial, &second);
    if (!amct_hash_equal(first.digest, second.digest))
        amct_trial_fail(trial, "the same file gave another graph the second time");
}

typedef struct other {
    amct_trial *trial;
    amct_reading reading;
} other;

static void *read_other(void *ctx)
{
    other *o = ctx;
    amct_reading_do(o->trial, &o->reading);
    return NULL;
}

/* A whole import in another thread while the first one waits in its sink. */
static void read_inside(void *ctx)
{
    other *o = ctx;
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_other, o) != 0)
        amct_trial_skip(o->trial, "cannot start a thread");
    pthread_join(thread, NULL);
}

static void run_two_instances(amct_trial *trial)
{
    amct_reading alone, outer;
    amct_reading_of_model(trial, &alone);
    outer = alone;
    other o = {.trial = trial, .reading = alone};
    amct_reading_must(trial, &alone);
    outer.inside = read_inside;
    outer.inside_ctx = &o;
    amct_trial_at(trial, "while one thread reads inside of another's import");
    amct_reading_do(trial, &outer);
    const amct_reading *both[] = {&outer, &o.reading};
    for (int i = 0; i < 2; i++) {
        if (both[i]->status != AMCT_OK)
            amct_trial_fail(trial, "the %s import failed: %s", i ? "inner" : "outer",
                            both[i]->err.text);
        if (!amct_hash_equal(both[i]->digest, alone.digest))
            amct_trial_fail(trial, "the %s import gave another graph than one alone",
                            i ? "inner" : "outer");
    }
}

/* ---- All of it ----------------------------------------------------------------------------- */

/* A good file, a bad one and a bad option. */
void amct_importer_exercise(amct_trial *trial, bool strict)
{
    amct_option option = {.struct_size = sizeof option, .key = AMCT_CASE_NO_KEY, .value = "1"};
    amct_reading all[3];
    amct_reading_of_model(trial, &all[0]);
    all[1] = all[2] = all[0];
    all[1].size /= 2;
    all[1].data = amct_reading_guarded(trial, all[0].data, all[1].size);
    all[2].options = &option;
    all[2].n_options = 1;
    static const char *const what[] = {"the model", "half of the model",
                                       "the model with an unknown option"};
    trial->plugin->importer->probe(all[0].data,
                                   all[0].size < AMCT_PROBE_BYTES ? all[0].size : AMCT_PROBE_BYTES,
                                   trial->subject->model);
    for (int i = 0; i < 3; i++) {
        amct_trial_at(trial, "while %s is read", what[i]);
        amct_reading_do(trial, &all[i]);
        if (strict && all[i].misuse[0])
            amct_trial_fail(trial, "%s", all[i].misuse);
    }
}

static void run_speed(amct_trial *trial)
{
    amct_reading r;
    amct_reading_of_model(trial, &r);
    double begin = amct_trial_seconds();
    amct_reading_must(trial, &r);
    double took = amct_trial_seconds() - begin, wanted = 0.5 + (double)r.size / 100e6;
    if (took > wanted)
        amct_trial_warn(trial, "took %.3g s for %.3g MB", took, (double)r.size / 1e6);
}

const amct_case amct_importer_cases[] = {
    {"unknown-option", "an unknown option is refused in words, and nothing is kept",
     run_unknown_option},
    {"open-close", "100 instances, opened and closed, leave nothing behind", run_open_close},
    {"read", "the model becomes a valid graph", run_read},
    {"memory", "imports leave no memory behind", run_memory},
    {"same-twice", "the same file gives the same graph", run_twice},
    {"two-instances", "two threads import at once, as each alone", run_two_instances},
    {"speed", "a second for 100 MB", run_speed},
    {0},
};
