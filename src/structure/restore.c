#include "structure/restore.h"

#include "compress/rebuild_rows.h"
#include "structure/refit.h"
#include "structure/restore_layer.h"
#include "structure/restructure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MANY_SAMPLES = 500 }; /* so many need no ridge of each layer's own */

typedef struct walk {
    const amct_graph *candidate, *original;
    const amct_lanes *lanes;
    const bool *keep;
    amct_layer *layers; /* of the candidate */
    uint32_t n_layers;
    amct_layer *old_layers; /* of the original */
    uint32_t n_old_layers;
    amct_links links;
    amct_restoring *restoring; /* per layer; weights NULL: it stays as it is */
    amct_pairs pairs;
    size_t limit_bytes;
} walk;

/* ---- What is rebuilt, and what it aims at -----------------------------------------------------
 */

/* Tensors of the candidate with other values than the original's: behind a constant that is new. */
static bool *find_changed(const amct_graph *candidate, uint32_t n_old)
{
    bool *changed = calloc(candidate->n_tensors + (size_t)1, sizeof *changed);
    for (uint32_t n = 0; changed && n < candidate->n_nodes; n++) {
        const amct_node *node = &candidate->nodes[n];
        bool any = false;
        for (uint32_t i = 0; i < node->n_src; i++)
            any |=
                node->src[i] != AMCT_NO_TENSOR && (node->src[i] >= n_old || changed[node->src[i]]);
        for (uint32_t i = 0; i < node->n_dst; i++)
            if (node->dst[i] != AMCT_NO_TENSOR)
                changed[node->dst[i]] = any;
    }
    return changed;
}

/* The other operand of an addition that alone uses the result. */
static uint32_t find_other(const walk *w, uint32_t result)
{
    uint32_t user = amct_links_only_user(&w->links, result);
    if (user == AMCT_NO_TENSOR || !amct_node_is(&w->candidate->nodes[user], "Add"))
        return AMCT_NO_TENSOR;
    const amct_node *add = &w->candidate->nodes[user];
    uint32_t other = add->src[add->src[0] == result];
    const amct_tensor *t = &w->candidate->tensors[other];
    bool both = other < w->original->n_tensors && !t->data && !t->input;
    return both && amct_shape_equal(&t->shape, &w->candidate->tensors[result].shape)
               ? other
               : AMCT_NO_TENSOR;
}

/* The original's channels that the candidate's result has. */
static amct_status find_kept(amct_restoring *r, const walk *w, amct_arena *arena, amct_err *err)
{
    const amct_shape *shape = &w->original->tensors[r->result].shape;
    int32_t axis = amct_layer_axis(r->layer, shape);
    r->channels = shape->dims[axis];
    int64_t *kept = amct_arena_array(arena, (size_t)r->channels + 1, sizeof *kept), n = 0;
    if (!kept)
        return amct_fail_nomem(err);
    bool dropped = w->keep && w->lanes->axis[r->result] == axis;
    for (int64_t i = 0; i < r->channels; i++)
        if (!dropped || w->keep[w->lanes->of[r->result][i]])
            kept[n++] = i;
    r->kept = kept;
    return n == r->layer->channels
               ? AMCT_OK
               : amct_fail(err, AMCT_E_INTERNAL, "layer '%s' has other channels than were kept",
                           r->layer->name);
}

static amct_status plan_layer(walk *w, uint32_t i, amct_arena *arena, amct_err *err)
{
    const amct_layer *layer = &w->layers[i];
    amct_restoring *r = &w->restoring[i];
    amct_err why;
    *r = (amct_restoring){.layer = layer, .result = layer->result};
    if (layer->no_int8 || layer->result >= w->original->n_tensors ||
        amct_columns_make(&r->columns, w->candidate, layer, amct_batch_of(w->candidate), &why) !=
            AMCT_OK ||
        amct_restore_bytes(&r->columns) > (double)w->limit_bytes)
        return AMCT_OK;
    AMCT_TRY(find_kept(r, w, arena, err));
    r->other = find_other(w, r->result);
    amct_aim aim = amct_aim_find(w->candidate, &w->links, layer);
    r->low = aim.other == r->other ? aim.low : -INFINITY;
    r->high = aim.other == r->other ? aim.high : INFINITY;
    const amct_tensor *old = &w->candidate->tensors[layer->weights];
    r->old_weights = old->data;
    r->weights = amct_arena_alloc(arena, old->bytes);
    r->bias = amct_arena_array(arena, (size_t)layer->channels + 1, sizeof *r->bias);
    return r->weights && r->bias ? AMCT_OK : amct_fail_nomem(err);
}

/* Reads two factors as matrices. */
static void read_matrix(float *matrix, const amct_columns *c, const float *weights)
{
    for (int64_t o = 0; o < c->outputs; o++)
        for (int64_t i = 0; i < c->columns; i++)
            *matrix++ = weights[amct_columns_weight(c, 0, o, i)];
}

static amct_split_form form_of(const amct_columns *first, const amct_columns *second)
{
    return second->taps == 1              ? AMCT_SPLIT_AFTER
           : first->taps == 1             ? AMCT_SPLIT_BEFORE
           : first->window.kernel[2] == 1 ? AMCT_SPLIT_ROWS
                                          : AMCT_SPLIT_COLUMNS;
}

/* The columns of the layer that two were made of, of what the first one reads. */
static amct_columns join_columns(const amct_columns *whole, const amct_columns *first,
                                 const amct_columns *second)
{
    amct_columns c = *whole;
    c.channels = first->channels;
    c.outputs = second->outputs;
    c.columns = c.channels * c.taps;
    c.channel_step = c.taps;
    c.output_step = c.columns;
    c.group_step = c.columns * c.outputs;
    return c;
}

/* Weights that both make, and room for new ones. */
static amct_status join_weights(amct_restoring *r, const walk *w, const amct_columns *second,
                                const float *second_weights, amct_arena *arena, amct_err *err)
{
    const amct_columns *first = &r->first->columns;
    size_t size = (size_t)(r->columns.columns * r->columns.outputs);
    float *a = amct_arena_array(arena, (size_t)(first->columns * first->outputs), sizeof *a);
    float *b = amct_arena_array(arena, (size_t)(second->columns * second->outputs), sizeof *b);
    float *old = amct_arena_array(arena, size, sizeof *old);
    r->weights = amct_arena_array(arena, size, sizeof *r->weights);
    r->bias = amct_arena_array(arena, (size_t)second->outputs, sizeof *r->bias);
    r->first->weights = amct_arena_alloc(arena, w->candidate->tensors[r->layer->weights].bytes);
    r->first->bias = amct_arena_array(arena, (size_t)first->outputs, sizeof *r->first->bias);
    if (!a || !b || !old || !r->weights || !r->bias || !r->first->weights || !r->first->bias)
        return amct_fail_nomem(err);
    read_matrix(a, first, w->candidate->tensors[r->layer->weights].data);
    read_matrix(b, second, second_weights);
    amct_factors factors = {r->first->form, first->outputs, a, b};
    amct_factorise_product(old, &r->columns, &factors);
    r->old_weights = old;
    return AMCT_OK;
}

/* Layer i makes what layer `second`, which is planned, reads. */
static amct_status plan_first(walk *w, uint32_t i, uint32_t second, amct_arena *arena,
                              amct_err *err)
{
    const amct_restoring *of = &w->restoring[second];
    amct_restoring *r = &w->restoring[i];
    amct_columns whole, first;
    amct_err why;
    uint32_t old = 0;
    int64_t batch = amct_batch_of(w->candidate);
    while (old < w->n_old_layers && w->old_layers[old].result != of->result)
        old++;
    if (old == w->n_old_layers || w->layers[i].no_int8 || w->old_layers[old].no_int8 ||
        amct_columns_make(&whole, w->original, &w->old_layers[old], batch, &why) != AMCT_OK ||
        amct_columns_make(&first, w->candidate, &w->layers[i], batch, &why) != AMCT_OK ||
        whole.groups > 1 || whole.transposed || amct_restore_bytes(&whole) > (double)w->limit_bytes)
        return AMCT_OK;
    amct_restoring made = *of;
    made.layer = &w->layers[i];
    made.columns = join_columns(&whole, &first, &of->columns);
    made.first = amct_arena_alloc(arena, sizeof *made.first);
    if (!made.first)
        return amct_fail_nomem(err);
    *made.first = (amct_restoring_first){.form = form_of(&first, &of->columns), .columns = first};
    AMCT_TRY(join_weights(&made, w, &of->columns, of->old_weights, arena, err));
    *r = made;
    return AMCT_OK;
}

static amct_status plan_firsts(walk *w, amct_arena *arena, amct_err *err)
{
    for (uint32_t i = 0; i < w->n_layers; i++)
        for (uint32_t k = 0; k < w->n_layers; k++)
            if (w->layers[i].result >= w->original->n_tensors && w->restoring[k].weights &&
                w->layers[k].src == w->layers[i].result)
                AMCT_TRY(plan_first(w, i, k, arena, err));
    return AMCT_OK;
}

static amct_status plan_layers(walk *w, amct_arena *arena, amct_err *err)
{
    bool *changed = find_changed(w->candidate, w->original->n_tensors);
    AMCT_TRY(changed ? AMCT_OK : amct_fail_nomem(err));
    amct_status status = amct_links_make(&w->links, w->candidate, err);
    for (uint32_t i = 0; status == AMCT_OK && i < w->n_layers; i++)
        if (changed[w->layers[i].src])
            status = plan_layer(w, i, arena, err);
    if (status == AMCT_OK)
        status = plan_firsts(w, arena, err);
    free(changed);
    return status;
}

/* ---- The walk ---------------------------------------------------------------------------------
 */

static amct_status start(walk *w, amct_exec *exec, const amct_feed *feed, size_t limit_bytes,
                         amct_err *err)
{
    uint32_t *watch = calloc(5 * (size_t)w->n_layers + 1, sizeof *watch), n = 0, m = 0;
    uint32_t *theirs = watch ? watch + 3 * w->n_layers : NULL;
    if (!watch)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < w->n_layers; i++) {
        const amct_restoring *r = &w->restoring[i];
        if (!r->weights)
            continue;
        watch[n++] = r->layer->src;
        watch[n++] = r->layer->result;
        theirs[m++] = r->result;
        if (r->other != AMCT_NO_TENSOR)
            watch[n++] = theirs[m++] = r->other;
    }
    amct_status status = amct_pairs_start(&w->pairs, exec, w->original, theirs, m, w->candidate,
                                          watch, n, feed, limit_bytes, err);
    free(watch);
    return status;
}

static amct_status restore_layer(walk *w, uint32_t i, double ridge, amct_err *err)
{
    amct_restoring *r = &w->restoring[i];
    const amct_pair *p = &w->pairs.at[0];
    uint32_t original = amct_plan_steps_until(p->original, r->result);
    uint32_t candidate = amct_plan_steps_until(p->candidate, r->layer->result);
    if (r->other != AMCT_NO_TENSOR) { /* only if it is there by then */
        uint32_t other = amct_plan_steps_until(p->original, r->other);
        if (amct_plan_steps_until(p->candidate, r->other) > candidate || other > original) {
            r->other = AMCT_NO_TENSOR;
            r->low = -INFINITY;
            r->high = INFINITY;
        }
    }
    AMCT_TRY(amct_pairs_run(&w->pairs, original, candidate, err));
    AMCT_TRY(amct_restore_fit(r, &w->pairs, i, ridge, err));
    return amct_restore_apply(r, &w->pairs, err);
}

static amct_status walk_all(walk *w, double ridge, amct_err *err)
{
    bool *done = calloc(w->n_layers + (size_t)1, sizeof *done);
    amct_status status = done ? AMCT_OK : amct_fail_nomem(err);
    for (;;) { /* in the order of their steps */
        uint32_t next = w->n_layers, first = UINT32_MAX;
        for (uint32_t i = 0; status == AMCT_OK && i < w->n_layers; i++) {
            if (done[i] || !w->restoring[i].weights)
                continue;
            uint32_t step =
                amct_plan_steps_until(w->pairs.at[0].candidate, w->restoring[i].layer->result);
            if (step < first)
                first = step, next = i;
        }
        if (next == w->n_layers)
            break;
        done[next] = true;
        status = restore_layer(w, next, ridge, err);
        if (status != AMCT_OK)
            amct_fail_in(err, "layer '%s'", w->layers[next].name);
    }
    free(done);
    return status;
}

static void release(void *arena)
{
    amct_arena_free(arena);
}

/* A clone of the candidate with the new weights, which it takes over. */
static amct_status finish(amct_graph **out, const walk *w, amct_arena **arena, amct_err *err)
{
    amct_layer_form *forms = calloc(w->n_layers + (size_t)1, sizeof *forms);
    if (!forms)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < w->n_layers; i++) {
        const amct_restoring *r = &w->restoring[i];
        if (r->weights)
            forms[i] = r->first ? (amct_layer_form){.weights = r->first->weights}
                                : (amct_layer_form){.weights = r->weights, .bias = r->bias};
    }
    amct_graph *graph;
    amct_status status =
        amct_restructure(&graph, w->candidate, NULL, NULL, w->layers, w->n_layers, forms, err);
    free(forms);
    AMCT_TRY(status);
    amct_arena *weights = *arena;
    *arena = NULL;
    if (amct_arena_own(graph->arena, weights, release)) {
        amct_graph_free(graph);
        return amct_fail_nomem(err);
    }
    *out = graph;
    return AMCT_OK;
}

amct_status amct_restore(amct_graph **out, const amct_graph *candidate, const amct_graph *original,
                         const amct_lanes *lanes, const bool *keep, amct_exec *exec,
                         const amct_feed *feed, const amct_restore_options *options, amct_err *err)
{
    walk w = {.candidate = candidate,
              .original = original,
              .lanes = lanes,
              .keep = keep,
              .limit_bytes = options->limit_bytes};
    amct_arena *arena = amct_arena_new();
    amct_status status = arena ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_layers_find(&w.layers, &w.n_layers, candidate, err);
    if (status == AMCT_OK)
        status = amct_layers_find(&w.old_layers, &w.n_old_layers, original, err);
    if (status == AMCT_OK) {
        w.restoring = calloc(w.n_layers + (size_t)1, sizeof *w.restoring);
        status = w.restoring ? plan_layers(&w, arena, err) : amct_fail_nomem(err);
    }
    if (status == AMCT_OK)
        status = start(&w, exec, feed, options->limit_bytes, err);
    double ridge = options->ridge;
    if (ridge <= 0 && w.pairs.n_samples >= MANY_SAMPLES)
        ridge = amct_refit_ridge(w.pairs.n_samples);
    if (status == AMCT_OK)
        status = walk_all(&w, ridge, err);
    if (status == AMCT_OK)
        status = finish(out, &w, &arena, err);
    amct_pairs_free(&w.pairs);
    amct_links_free(&w.links);
    free(w.restoring);
    free(w.layers);
    free(w.old_layers);
    amct_arena_free(arena);
    return status;
}

amct_status amct_restore_activations(size_t *bytes, amct_exec *exec, const amct_graph *original,
                                     const amct_layer *layers, uint32_t n_layers,
                                     uint32_t n_samples, amct_err *err)
{
    size_t batch = (size_t)amct_batch_of(original), pairs = (n_samples + batch - 1) / batch;
    uint32_t *watch = calloc(2 * (size_t)n_layers + 1, sizeof *watch), n = 0;
    amct_plan *plan = NULL;
    if (!watch)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n_layers; i++) {
        watch[n++] = layers[i].src;
        watch[n++] = layers[i].result;
    }
    amct_plan_options options = {.watch = watch, .n_watch = n, .briefly = true};
    amct_status status = amct_plan_new(&plan, exec, original, &options, err);
    if (status == AMCT_OK) /* the original and the candidate, which may have factors more */
        *bytes = pairs * amct_plan_bytes(plan) / 4 * 9;
    amct_plan_free(plan);
    free(watch);
    return status;
}
