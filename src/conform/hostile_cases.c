#include "conform/cases.h"
#include "conform/reading.h"

#include "base/file.h"
#include "base/pcg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes that all copies of a model may take together, and imports of a case. */
#define COPY_BYTES ((size_t)1 << 30)
enum { MAX_READS = 4096, MIN_READS = 64, EVERY = 1024 };

/* ---- Bad files ----------------------------------------------------------------------------- */

/* A failure must be told as the contract wants it, and leave nothing. Success is the plugin's
 * business: there are formats in which the end is not missed. */
static void check_outcome(amct_trial *trial, const amct_reading *r, const char *what)
{
    if (r->n_blocks)
        amct_trial_fail(trial, "%s: kept %zu block%s of the host", what, r->n_blocks,
                        r->n_blocks == 1 ? "" : "s");
    if (r->touched)
        amct_trial_fail(trial, "%s: a failed 'open' changed *self", what);
    if (r->status == AMCT_E_PLUGIN)
        amct_trial_fail(trial, "%s: %s", what, r->err.text);
    if (r->status == AMCT_E_INTERNAL)
        amct_trial_fail(trial, "%s: calls it a bug of its own: %s", what, r->err.text);
}

static void read_bytes(amct_trial *trial, const amct_reading *model, const void *data, size_t size,
                       const char *what)
{
    amct_reading r = *model;
    r.data = data;
    r.size = size;
    amct_trial_at(trial, "while %s is read", what);
    amct_reading_do(trial, &r);
    check_outcome(trial, &r, what);
}

static size_t reads_of(const amct_reading *model)
{
    size_t n = COPY_BYTES / (model->size + 1);
    return n > MAX_READS ? MAX_READS : n < MIN_READS ? MIN_READS : n;
}

static void read_cut(amct_trial *trial, const amct_reading *model, size_t size)
{
    char what[96];
    snprintf(what, sizeof what, "the model cut to %zu of %zu bytes", size, model->size);
    const void *copy = amct_reading_guarded(trial, model->data, size);
    read_bytes(trial, model, copy, size, what);
    amct_reading_unguard(copy, size);
}

/* At every length, of long models at those of the first bytes, and evenly from there on. */
static void run_cut(amct_trial *trial)
{
    amct_reading model;
    amct_reading_of_model(trial, &model);
    size_t most = reads_of(&model), every = model.size <= most ? model.size : most / 4;
    if (every > EVERY && model.size > most)
        every = EVERY;
    for (size_t n = 0; n < every; n++)
        read_cut(trial, &model, n);
    size_t rest = model.size - every, n_rest = most - every;
    for (size_t i = 0; rest && i < n_rest; i++)
        read_cut(trial, &model, every + (size_t)((double)rest * (double)i / (double)n_rest));
}

/* A few bytes are others: near the beginning, where the structure is, as often as anywhere. */
static void run_damaged(amct_trial *trial)
{
    amct_reading model;
    amct_reading_of_model(trial, &model);
    amct_pcg rng = amct_pcg_new(1, 1);
    size_t n = reads_of(&model);
    n = n > 1024 ? 1024 : n;
    unsigned char *bytes = malloc(model.size + 1);
    if (!bytes || !model.size)
        amct_trial_skip(trial, "there is nothing to damage");
    for (size_t i = 0; i < n; i++) {
        char what[96];
        memcpy(bytes, model.data, model.size);
        uint32_t range = model.size > UINT32_MAX ? UINT32_MAX : (uint32_t)model.size;
        if (i % 2 && range > EVERY)
            range = EVERY;
        for (uint32_t k = 0, m = 1 + amct_pcg_below(&rng, 4); k < m; k++)
            bytes[amct_pcg_below(&rng, range)] = (unsigned char)amct_pcg_next(&rng);
        const void *copy = amct_reading_guarded(trial, bytes, model.size);
        snprintf(what, sizeof what, "the model with damaged bytes (%zu)", i);
        read_bytes(trial, &model, copy, model.size, what);
        amct_reading_unguard(copy, model.size);
    }
}

/* Nothing of it is a model. */
static void run_foreign(amct_trial *trial)
{
    static const struct {
        const char *what, *bytes;
        size_t n;
    } all[] = {
        {"an empty file", "", 0},
        {"a single byte", "\n", 1},
        {"zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24},
        {"a text", "It was a bright cold day in April, and the clocks were striking.\n", 65},
        {"bytes of all ones", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
         16},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const amct_conform_subject *s = trial->subject;
        amct_reading r = {.data = amct_reading_guarded(trial, all[i].bytes, all[i].n),
                          .size = all[i].n,
                          .options = s->options,
                          .n_options = s->n_options};
        amct_trial_at(trial, "while %s is read", all[i].what);
        amct_reading_do(trial, &r);
        if (r.status == AMCT_OK)
            amct_trial_fail(trial, "read %s as a model", all[i].what);
        check_outcome(trial, &r, all[i].what);
        if (r.code != AMCT_E_FORMAT && r.code != AMCT_E_UNSUPPORTED && r.code != AMCT_E_INVALID &&
            r.code != AMCT_E_LIMIT)
            amct_trial_fail(trial,
                            "refused %s with code %d; %d (format) or %d (unsupported) wanted",
                            all[i].what, r.code, AMCT_E_FORMAT, AMCT_E_UNSUPPORTED);
    }
}

/* ---- The second file ----------------------------------------------------------------------- */

static amct_option *weights_option(amct_trial *trial, amct_reading *model)
{
    amct_reading_of_model(trial, model);
    for (size_t i = 0; i < model->n_options; i++)
        if (strcmp(model->options[i].key, "weights") == 0)
            return (amct_option *)&model->options[i];
    amct_trial_skip(trial, "no weights of the model are known");
}

static void cut_weights(amct_trial *trial, amct_reading *model, amct_option *option,
                        const amct_file *weights, const char *path)
{
    const char *own = option->value;
    size_t n = weights->size < MIN_READS ? weights->size : MIN_READS;
    for (size_t i = 0; i < n; i++) {
        char what[96];
        amct_err err;
        size_t size = i < 16 ? i : (size_t)((double)weights->size * (double)i / (double)n);
        snprintf(what, sizeof what, "the weights cut to %zu of %zu bytes", size, weights->size);
        amct_trial_need(trial, amct_file_write(path, weights->data, size, &err), &err);
        option->value = path;
        read_bytes(trial, model, model->data, model->size, what);
        option->value = own;
    }
}

static void run_weights_cut(amct_trial *trial)
{
    amct_reading model;
    amct_err err;
    amct_file weights;
    amct_option *option = weights_option(trial, &model);
    amct_trial_need(trial, amct_file_map(&weights, option->value, &err), &err);
    char *path = amct_path_join(amct_trial_folder(trial), amct_path_base(option->value));
    if (!path)
        amct_trial_skip(trial, "out of memory");
    cut_weights(trial, &model, option, &weights, path);
}

static void run_weights_missing(amct_trial *trial)
{
    amct_reading model;
    amct_option *option = weights_option(trial, &model);
    amct_reading none = model, gone;
    none.n_options--;
    *option = model.options[none.n_options]; /* the last one takes its place */
    amct_trial_at(trial, "while the model is read without its weights");
    amct_reading_do(trial, &none);
    check_outcome(trial, &none, "the model without its weights");
    if (none.bare)
        amct_trial_fail(trial,
                        "gave a constant without data, and did not say that the model has no "
                        "weights (AMCT_MODEL_NO_WEIGHTS)");
    gone = model;
    *option = (amct_option){
        .struct_size = sizeof *option, .key = "weights", .value = "/nowhere/no-such-file"};
    amct_trial_at(trial, "while the weights do not exist");
    amct_reading_do(trial, &gone);
    if (gone.status == AMCT_OK)
        amct_trial_fail(trial, "read a model whose weights do not exist");
    check_outcome(trial, &gone, "weights that do not exist");
}

/* ---- A host that fails --------------------------------------------------------------------- */

/* The first ones all, then fewer and fewer. */
static uint64_t next_count(uint64_t n)
{
    return n < 128 ? n + 1 : n + n / 16;
}

static void run_allocations(amct_trial *trial)
{
    amct_reading model, r;
    amct_reading_of_model(trial, &model);
    for (uint64_t n = 1;; n = next_count(n)) {
        char what[64];
        r = model;
        r.fail_alloc_at = n;
        snprintf(what, sizeof what, "allocation %llu failed", (unsigned long long)n);
        amct_trial_at(trial, "after %s", what);
        amct_reading_do(trial, &r);
        if (!r.alloc_failed)
            return;
        check_outcome(trial, &r, what);
        if (r.status != AMCT_OK && r.code != AMCT_E_NOMEM)
            amct_trial_fail(trial, "%s: '%s' returned code %d, %d (nomem) wanted", what, r.call,
                            r.code, AMCT_E_NOMEM);
    }
}

static void run_sink_fails(amct_trial *trial)
{
    amct_reading model, r;
    amct_reading_of_model(trial, &model);
    for (uint64_t n = 1;; n = next_count(n)) {
        char what[96];
        r = model;
        r.fail_sink_at = n;
        amct_trial_at(trial, "after call %llu of the sink failed", (unsigned long long)n);
        amct_reading_do(trial, &r);
        if (!r.failed_call)
            return;
        snprintf(what, sizeof what, "call %llu of the sink ('%s') failed", (unsigned long long)n,
                 r.failed_call);
        if (r.n_calls_after)
            amct_trial_fail(trial, "%s: the sink was called %llu more times", what,
                            (unsigned long long)r.n_calls_after);
        if (r.code != AMCT_FAILED_SINK)
            amct_trial_fail(trial, "%s with code %d: 'read' returned %d", what, AMCT_FAILED_SINK,
                            r.code);
        check_outcome(trial, &r, what);
    }
}

/* Options that lie further apart than the plugin's amct_option is long. */
static void spread_options(amct_trial *trial, amct_reading *r)
{
    size_t stride = sizeof(amct_option) + 16;
    char *spread = malloc((r->n_options + 1) * stride);
    if (!spread)
        amct_trial_skip(trial, "out of memory");
    memset(spread, 0xa5, (r->n_options + 1) * stride);
    for (size_t i = 0; i < r->n_options; i++) {
        amct_option o = r->options[i];
        o.struct_size = (uint32_t)stride;
        memcpy(spread + i * stride, &o, sizeof o);
    }
    r->options = (const amct_option *)(void *)spread;
}

static void run_younger_host(amct_trial *trial)
{
    amct_reading model, r;
    amct_reading_of_model(trial, &model);
    r = model;
    amct_reading_must(trial, &model);
    spread_options(trial, &r);
    r.younger = true;
    amct_trial_at(trial, "while the host's structs are longer");
    amct_reading_do(trial, &r);
    if (r.status != AMCT_OK)
        amct_trial_fail(trial, "'%s' failed where the host's structs are longer: %s", r.call,
                        r.err.text);
    if (!amct_hash_equal(r.digest, model.digest))
        amct_trial_fail(trial, "another graph came out where the host's structs are longer");
}

const amct_case amct_hostile_cases[] = {
    {"foreign", "what is no model is refused in words", run_foreign},
    {"cut", "the model, cut at any length, is read or refused in words", run_cut},
    {"damaged", "the model, with bytes changed, is read or refused in words", run_damaged},
    {"weights-cut", "weights, cut at any length, are read or refused in words", run_weights_cut},
    {"weights-missing", "weights that are not there are refused in words", run_weights_missing},
    {"failing-alloc", "an allocation that fails is code nomem, and nothing is kept",
     run_allocations},
    {"failing-sink", "when the sink fails, 'read' returns that code at once", run_sink_fails},
    {"younger-host", "longer structs of a younger host are read as ours are", run_younger_host},
    {0},
};
