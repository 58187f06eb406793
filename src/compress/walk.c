#include "compress/walk.h"

#include "base/fork.h"

#include <stdlib.h>
#include <string.h>

typedef struct place {
    uint32_t layer, step; /* steps that are done when it has its result */
    bool fits;            /* the states there */
} place;

struct amct_walk {
    amct_walk_options options;
    amct_plan *plan;
    place *places;         /* in the order of their steps */
    uint32_t n_places, at; /* the next one to be visited */
    uint32_t batch, n_batches;
    int kept;          /* the place whose states are kept, -1: none */
    char *states;      /* shared; per stream and batch */
    size_t state_size; /* of each */
    size_t states_bytes;
};

static char *state_of(const amct_walk *w, uint32_t stream, uint32_t batch)
{
    return w->states + (stream * (size_t)w->n_batches + batch) * w->state_size;
}

/* Takes a stream of a batch from the kept state to the place that is visited. */
static amct_status advance(amct_walk *w, uint32_t stream, uint32_t batch, amct_err *err)
{
    const amct_walk_options *o = &w->options;
    uint32_t first = batch * w->batch, step = 0;
    uint32_t count = o->feed->n - first < w->batch ? o->feed->n - first : w->batch;
    if (w->kept < 0) {
        AMCT_TRY(amct_plan_load(w->plan, o->feed, first, &count, err));
    } else {
        step = w->places[w->kept].step;
        amct_plan_restore(w->plan, state_of(w, stream, batch), step);
    }
    for (uint32_t p = (uint32_t)(w->kept + 1); p <= w->at; p++) {
        amct_walk_stop stop = {w->plan, w->places[p].layer, stream, first, count};
        AMCT_TRY(amct_plan_run_steps(w->plan, step, w->places[p].step, err));
        step = w->places[p].step;
        if (p == w->at)
            return o->visit(o->ctx, &stop, err);
        AMCT_TRY(o->finish(o->ctx, &stop, err));
        if (p + 1 == w->at && w->places[p].fits)
            amct_plan_save(state_of(w, stream, batch), w->plan, step);
    }
    return AMCT_OK;
}

static amct_status advance_batch(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    amct_walk *w = ctx;
    (void)worker;
    for (uint32_t s = 0; s < w->options.n_streams; s++)
        AMCT_TRY(advance(w, s, task, err));
    return AMCT_OK;
}

uint32_t amct_walk_layer(const amct_walk *w)
{
    return w->at < w->n_places ? w->places[w->at].layer : w->options.n_layers;
}

bool amct_walk_has(const amct_walk *w, uint32_t tensor)
{
    return amct_plan_steps_until(w->plan, tensor) <= w->places[w->at].step;
}

amct_status amct_walk_visit(amct_walk *w, amct_err *err)
{
    AMCT_TRY(amct_parallel(w->options.jobs, w->n_batches, advance_batch, w, err));
    if (w->at && w->places[w->at - 1].fits)
        w->kept = (int)w->at - 1;
    w->at++;
    return AMCT_OK;
}

/* ---- Beginning ---------------------------------------------------------------------------- */

static int by_step(const void *a, const void *b)
{
    const place *p = a, *q = b;
    return p->step != q->step ? (p->step > q->step) - (p->step < q->step)
                              : (p->layer > q->layer) - (p->layer < q->layer);
}

static amct_status make_plan(amct_walk *w, amct_exec *exec, amct_err *err)
{
    const amct_walk_options *o = &w->options;
    uint32_t n = 0, *watch = calloc((size_t)o->n_layers + o->n_watch + 1, sizeof *watch);
    if (!watch)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < o->n_watch; i++)
        watch[n++] = o->watch[i];
    for (uint32_t i = 0; i < o->n_layers; i++)
        if (o->wanted[i])
            watch[n++] = o->layers[i].result;
    amct_plan_options options = {.watch = watch, .n_watch = n, .briefly = true};
    amct_status status = amct_plan_new(&w->plan, exec, o->graph, &options, err);
    free(watch);
    return status;
}

static amct_status make_states(amct_walk *w, amct_err *err)
{
    size_t n = (size_t)w->options.n_streams * w->n_batches;
    for (uint32_t p = 0; p + 1 < w->n_places; p++) {
        size_t bytes = (amct_plan_state_bytes(w->plan, w->places[p].step) + 63) / 64 * 64;
        w->places[p].fits = bytes <= w->options.limit_bytes / (n + 1);
        if (w->places[p].fits && bytes > w->state_size)
            w->state_size = bytes;
    }
    w->states_bytes = n * w->state_size + 1;
    w->states = amct_shared_alloc(w->states_bytes);
    return w->states ? AMCT_OK : amct_fail_nomem(err);
}

amct_status amct_walk_new(amct_walk **out, amct_exec *exec, const amct_walk_options *options,
                          amct_err *err)
{
    amct_walk *w = calloc(1, sizeof *w);
    if (!w)
        return amct_fail_nomem(err);
    *w = (amct_walk){.options = *options,
                     .batch = (uint32_t)amct_batch_of(options->graph),
                     .kept = -1,
                     .places = calloc(options->n_layers + 1, sizeof *w->places)};
    w->n_batches = (options->feed->n + w->batch - 1) / w->batch;
    amct_status status = w->places ? make_plan(w, exec, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        for (uint32_t i = 0; i < options->n_layers; i++)
            if (options->wanted[i])
                w->places[w->n_places++] =
                    (place){i, amct_plan_steps_until(w->plan, options->layers[i].result), false};
        qsort(w->places, w->n_places, sizeof *w->places, by_step);
        status = make_states(w, err);
    }
    if (status != AMCT_OK)
        amct_walk_free(w);
    else
        *out = w;
    return status;
}

void amct_walk_free(amct_walk *walk)
{
    if (!walk)
        return;
    amct_plan_free(walk->plan);
    amct_shared_free(walk->states, walk->states_bytes);
    free(walk->places);
    free(walk);
}
