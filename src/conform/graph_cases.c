#include "conform/cases.h"
#include "conform/estimate.h"
#include "conform/manners.h"

#include <pthread.h>
#include <string.h>

enum { REPEATS = 20, ROUNDS = 200, MORE = 24 };

/* ---- Answers ------------------------------------------------------------------------------- */

static void run_answers(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    for (uint32_t i = 0; i < n; i++) {
        amct_estimate answer;
        amct_estimate_must(trial, &answer, &e, &samples[i]);
        amct_estimate_free(&answer);
    }
    amct_instance_close(trial, &e);
}

/* The words of the interface: of one inference, the nodes and what is fixed. */
static void run_sum(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    for (uint32_t i = 0; i < n; i++) {
        amct_estimate a;
        amct_estimate_must(trial, &a, &e, &samples[i]);
        double sum = a.total.fixed_ns, total = a.total.latency_ns;
        for (uint32_t k = 0; k < a.n; k++)
            sum += a.costs[k].latency_ns;
        double off = sum > total ? sum - total : total - sum;
        if (off > 1e-6 * (sum + total))
            amct_trial_warn(trial, "%s: its nodes and the fixed part take %g ns, the whole %g ns",
                            samples[i].what, sum, total);
        amct_estimate_free(&a);
    }
}

static void run_repeatable(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    amct_estimate first[AMCT_MAX_SAMPLES];
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    if (!e.info.deterministic)
        amct_trial_skip(trial, "it does not call itself deterministic");
    for (uint32_t i = 0; i < n; i++)
        amct_estimate_must(trial, &first[i], &e, &samples[i]);
    for (uint32_t i = 0; i < REPEATS * n; i++) {
        amct_estimate again;
        amct_estimate_must(trial, &again, &e, &samples[i % n]);
        if (!amct_estimate_equal(&again, &first[i % n]))
            amct_trial_fail(trial, "%s: the %u. answer differs from the first (%.17g ns, %.17g ns)",
                            samples[i % n].what, i / n + 2, again.total.latency_ns,
                            first[i % n].total.latency_ns);
        amct_estimate_free(&again);
    }
}

/* Two instances, asked in turn. */
static void run_two_instances(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    amct_instance a, b;
    amct_instance_must(trial, &a, NULL, NULL);
    amct_instance_must(trial, &b, NULL, NULL);
    for (uint32_t i = 0; i < n; i++) {
        amct_estimate x, y, z;
        amct_estimate_must(trial, &x, &a, &samples[i]);
        amct_estimate_must(trial, &z, &b, &samples[n - 1 - i]);
        amct_estimate_must(trial, &y, &b, &samples[i]);
        if (a.info.deterministic && !amct_estimate_equal(&x, &y))
            amct_trial_fail(trial, "%s: two instances give %.17g ns and %.17g ns", samples[i].what,
                            x.total.latency_ns, y.total.latency_ns);
    }
    amct_instance_close(trial, &a);
    amct_sample last = samples[0];
    amct_estimate y;
    amct_estimate_must(trial, &y, &b, &last); /* the other one's end is nothing to it */
    amct_instance_close(trial, &b);
}

typedef struct asker {
    amct_trial *trial;
    amct_instance *instance;
    const amct_sample *sample;
    pthread_barrier_t *barrier; /* to begin together, or NULL */
    amct_estimate wanted;
    bool failed, differs;
} asker;

static void *ask(void *ctx)
{
    asker *a = ctx;
    if (a->barrier)
        pthread_barrier_wait(a->barrier);
    for (int i = 0; i < ROUNDS; i++) {
        amct_estimate answer;
        amct_estimate_do(a->trial, &answer, a->instance, &a->sample->view, 0);
        a->failed = a->failed || answer.status != AMCT_OK;
        a->differs = a->differs || (a->instance->info.deterministic && answer.status == AMCT_OK &&
                                    !amct_estimate_equal(&answer, &a->wanted));
        amct_estimate_free(&answer);
    }
    return NULL;
}

/* A whole run of questions in another thread while the first one waits for an allocation. */
static void ask_inside(void *ctx)
{
    asker *a = ctx;
    pthread_t thread;
    if (pthread_create(&thread, NULL, ask, a) != 0)
        amct_trial_skip(a->trial, "cannot start a thread");
    pthread_join(thread, NULL);
}

static void run_threads_at_once(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    amct_samples_make(trial, samples);
    amct_instance instances[2];
    asker askers[2];
    pthread_t threads[2];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++) {
        amct_instance_must(trial, &instances[i], NULL, NULL);
        askers[i] = (asker){.trial = trial, .instance = &instances[i], .sample = &samples[i]};
        amct_estimate_must(trial, &askers[i].wanted, &instances[i], &samples[i]);
    }
    amct_trial_at(trial, "while one thread asks inside of another's question");
    instances[0].host.inside = ask_inside;
    instances[0].host.inside_ctx = &askers[1];
    ask(&askers[0]);
    amct_trial_at(trial, "while two threads ask an instance each");
    askers[0].barrier = askers[1].barrier = &barrier;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, ask, &askers[i]) != 0)
            amct_trial_skip(trial, "cannot start a thread");
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        if (askers[i].failed)
            amct_trial_fail(trial, "failed while another instance was asked in another thread");
        if (askers[i].differs)
            amct_trial_fail(
                trial, "gave other numbers while another instance was asked in another thread");
    }
}

/* ---- Memory and other hosts ---------------------------------------------------------------- */

static void run_memory(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    amct_heap_watch heap = {0};
    for (int i = 1; i <= ROUNDS; i++) {
        for (uint32_t k = 0; k < n; k++) {
            amct_estimate answer;
            amct_estimate_must(trial, &answer, &e, &samples[k]);
            amct_estimate_free(&answer);
        }
        if (i % (ROUNDS / AMCT_HEAP_LOOKS) == 0)
            amct_heap_look(&heap);
    }
    if (heap.least >= ROUNDS / AMCT_HEAP_LOOKS * 8)
        amct_trial_fail(trial, "%u answers left about %zu bytes of memory behind", n,
                        heap.least / (ROUNDS / AMCT_HEAP_LOOKS));
    amct_instance_close(trial, &e);
}

static void run_allocations(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    for (uint64_t at = 1;; at++) {
        amct_instance e;
        amct_estimate answer = {0};
        amct_trial_at(trial, "after allocation %llu failed", (unsigned long long)at);
        amct_instance_open_failing(trial, &e, at);
        amct_trial_at(trial, "after allocation %llu failed", (unsigned long long)at);
        const char *call = "open";
        int32_t code = e.code;
        const amct_err *err = &e.err;
        amct_status status = e.status;
        for (uint32_t i = 0; i < n && status == AMCT_OK && !e.host.failed_one; i++) {
            amct_estimate_do(trial, &answer, &e, &samples[i].view, 0);
            call = "estimate";
            code = answer.code;
            status = answer.status;
            err = &answer.err;
            if (status == AMCT_OK)
                amct_estimate_free(&answer);
        }
        bool failed = e.host.failed_one;
        if (failed && status == AMCT_E_PLUGIN)
            amct_trial_fail(trial, "allocation %llu failed: %s", (unsigned long long)at, err->text);
        if (failed && status != AMCT_OK && code != AMCT_E_NOMEM)
            amct_trial_fail(trial,
                            "allocation %llu failed: '%s' returned code %d, %d (nomem) wanted",
                            (unsigned long long)at, call, code, AMCT_E_NOMEM);
        if (e.touched)
            amct_trial_fail(trial, "a failed 'open' changed *self");
        amct_instance_close(trial, &e);
        amct_estimate_free(&answer);
        if (!failed)
            return;
    }
}

static void compare_views(amct_trial *trial, bool longer)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    const char *how =
        longer ? "the host's structs are longer" : "the host's structs are those of 1.0";
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    for (uint32_t i = 0; i < n; i++) {
        amct_estimate plain, other;
        amct_estimate_must(trial, &plain, &e, &samples[i]);
        amct_graph_view view = longer ? amct_sample_spread(trial, &samples[i].view, MORE)
                                      : amct_sample_shorter(trial, &samples[i].view);
        amct_trial_at(trial, "while %s", how);
        amct_estimate_do(trial, &other, &e, &view, longer ? MORE : 0);
        if (other.status != AMCT_OK)
            amct_trial_fail(trial, "%s, and %s: %s", samples[i].what, how, other.err.text);
        if (other.beyond)
            amct_trial_fail(trial, "%s, and %s: wrote where they are longer", samples[i].what, how);
        if (e.info.deterministic && !amct_estimate_equal(&plain, &other))
            amct_trial_fail(trial, "%s, and %s: gave %.17g ns instead of %.17g ns", samples[i].what,
                            how, other.total.latency_ns, plain.total.latency_ns);
        amct_estimate_free(&plain);
        amct_estimate_free(&other);
    }
    amct_instance_close(trial, &e);
}

static void run_younger_host(amct_trial *trial)
{
    compare_views(trial, true);
}

static void run_older_host(amct_trial *trial)
{
    compare_views(trial, false);
}

/* A search asks thousands of times. */
static void run_speed(amct_trial *trial)
{
    amct_sample samples[AMCT_MAX_SAMPLES];
    uint32_t n = amct_samples_make(trial, samples);
    amct_instance e;
    amct_instance_must(trial, &e, NULL, NULL);
    for (uint32_t i = 0; i < n; i++) {
        amct_estimate answer;
        double begin = amct_trial_seconds();
        amct_estimate_must(trial, &answer, &e, &samples[i]);
        double ms = 1e3 * (amct_trial_seconds() - begin), wanted = 10 + 0.1 * answer.n;
        if (ms > wanted)
            amct_trial_warn(trial, "took %.3g ms for %s", ms, samples[i].what);
        amct_estimate_free(&answer);
    }
}

const amct_case amct_graph_cases[] = {
    {"answers", "every node has a status; times are finite, not negative, 0 where nothing runs",
     run_answers},
    {"sum", "the latency is that of the nodes and what is fixed", run_sum},
    {"repeatable", "the same network gives the same numbers", run_repeatable},
    {"two-instances", "two instances, asked in turn, agree", run_two_instances},
    {"two-threads", "two threads ask an instance each, as alone", run_threads_at_once},
    {"memory", "answers take no memory that grows", run_memory},
    {"failing-alloc", "an allocation that fails is code nomem, and nothing is kept",
     run_allocations},
    {"younger-host", "longer structs of a younger host are read as ours are", run_younger_host},
    {"older-host", "fields that an older host does not have are not read", run_older_host},
    {"speed", "ten milliseconds an answer", run_speed},
    {0},
};
