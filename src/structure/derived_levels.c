#include "structure/derived_levels.h"

#include "base/map.h"
#include "structure/derived_cut.h"
#include "compress/level_file.h"

#include <stdlib.h>

typedef struct made {
    amct_quantised q;
    const char *reason; /* why it is not possible; NULL if it is */
} made;

struct amct_derived {
    amct_derive_source source;
    const amct_leveldb *db;
    amct_level_options options;
    amct_map map; /* of made */
    amct_arena *arena;
};

amct_status amct_derived_new(amct_derived **out, const amct_derive_source *source,
                             const amct_leveldb *db, const amct_level_options *options,
                             amct_err *err)
{
    amct_derived *d = calloc(1, sizeof *d);
    if (!d)
        return amct_fail_nomem(err);
    *d =
        (amct_derived){.source = *source, .db = db, .options = *options, .arena = amct_arena_new()};
    if (!d->arena) {
        free(d);
        return amct_fail_nomem(err);
    }
    *out = d;
    return AMCT_OK;
}

void amct_derived_free(amct_derived *d)
{
    if (!d)
        return;
    amct_map_free(&d->map);
    amct_arena_free(d->arena);
    free(d);
}

uint32_t amct_derived_made(const amct_derived *d)
{
    return (uint32_t)d->map.n;
}

/* ---- Which level it is ------------------------------------------------------------------------
 */

static const amct_layer *origin_of(const amct_derived *d, const amct_structured *candidate,
                                   uint32_t layer)
{
    return &d->source.layers[candidate->origins[layer].layer];
}

static const amct_shape *source_of(const amct_graph *graph, const amct_layer *layer)
{
    return &graph->tensors[layer->src].shape;
}

static const void *data_of(const amct_graph *graph, uint32_t tensor)
{
    return tensor == AMCT_NO_TENSOR ? NULL : graph->tensors[tensor].data;
}

/* Constants that nothing touches are shared. */
static bool unchanged(const amct_derived *d, const amct_structured *candidate, uint32_t layer)
{
    const amct_graph *now = candidate->graph, *before = d->source.graph;
    const amct_layer *l = &candidate->layers[layer], *old = origin_of(d, candidate, layer);
    const amct_shape *src = source_of(now, l), *old_src = source_of(before, old);
    return candidate->origins[layer].part == AMCT_PART_WHOLE &&
           data_of(now, l->weights) == data_of(before, old->weights) &&
           data_of(now, l->bias) == data_of(before, old->bias) &&
           src->dims[amct_layer_axis(l, src)] == old_src->dims[amct_layer_axis(old, old_src)];
}

static amct_hash hash_constant(amct_hash h, const amct_graph *graph, uint32_t tensor)
{
    if (tensor == AMCT_NO_TENSOR)
        return amct_hash_u64(h, 0);
    const amct_tensor *t = &graph->tensors[tensor];
    amct_hash content = t->hash;
    if (!content.lo && !content.hi)
        content = amct_hash_bytes(content, t->data, t->bytes);
    h = amct_hash_bytes(h, t->shape.dims, (size_t)t->shape.rank * sizeof *t->shape.dims);
    return amct_hash_bytes(h, &content, sizeof content);
}

static amct_hash hash_kept(amct_hash h, const amct_derived *d, const amct_structured *candidate,
                           const amct_layer *old)
{
    const amct_lanes *lanes = d->source.lanes;
    int32_t axis = lanes->axis[old->src];
    int64_t n = axis < 0 ? 0 : source_of(d->source.graph, old)->dims[axis];
    uint64_t bits = 0;
    for (int64_t i = 0; i < n; i++) {
        bits = bits << 1 | candidate->keep[lanes->of[old->src][i]];
        if (i % 64 == 63 || i == n - 1)
            h = amct_hash_u64(h, bits);
    }
    return h;
}

/* The layer and what it reads stand for its statistics; of a second factor the first one, too. */
static amct_hash key_of(const amct_derived *d, const amct_structured *candidate, uint32_t layer,
                        amct_level_kind kind)
{
    const amct_layer *l = &candidate->layers[layer];
    const amct_layer_origin *origin = &candidate->origins[layer];
    amct_hash h = amct_hash_u64((amct_hash){0},
                                (uint64_t)origin->layer << 8 | (uint64_t)origin->part << 4 | kind);
    h = hash_kept(h, d, candidate, origin_of(d, candidate, layer));
    h = hash_constant(h, candidate->graph, l->weights);
    h = hash_constant(h, candidate->graph, l->bias);
    for (uint32_t i = 0; origin->part == AMCT_PART_SECOND && i < candidate->n_layers; i++)
        if (candidate->layers[i].dst == l->src)
            h = hash_constant(h, candidate->graph, candidate->layers[i].weights);
    return h;
}

/* ---- Making one -------------------------------------------------------------------------------
 */

static amct_status set_lengths(amct_quantised *q, amct_derived *d, const amct_structured *candidate,
                               uint32_t layer, amct_level_kind kind, amct_err *err)
{
    const amct_layer *l = &candidate->layers[layer];
    *q =
        (amct_quantised){.src_bits = amct_level_src_bits(kind),
                         .weight_bits = amct_level_weight_bits(kind),
                         .sparse = amct_level_sparse(kind),
                         .n_weights = amct_shape_size(&candidate->graph->tensors[l->weights].shape),
                         .n_scales = l->per_channel ? l->channels : 1,
                         .channels = l->channels};
    void *payload = amct_arena_alloc(d->arena, amct_level_payload(q));
    if (!payload)
        return amct_fail_nomem(err);
    amct_level_lay_out(q, payload);
    return AMCT_OK;
}

static amct_status round_level(amct_quantised *q, amct_derived *d, const amct_structured *candidate,
                               uint32_t layer, amct_err *err)
{
    const amct_layer *l = &candidate->layers[layer];
    bool fitted = q->weight_bits < 8 || q->sparse;
    amct_quantise_options options = {.weight_bits = q->weight_bits,
                                     .src_bits = q->src_bits,
                                     .weights = fitted ? AMCT_WEIGHTS_GPTQ : d->options.weights,
                                     .correct_mean = d->options.correct_mean,
                                     .once = true,
                                     .sparse = q->sparse};
    amct_derivation from;
    AMCT_TRY(amct_derive(&from, &d->source, candidate, layer, options.weights == AMCT_WEIGHTS_GPTQ,
                         err));
    amct_status status = AMCT_OK;
    if (!from.stats.seen)
        status = amct_fail(err, AMCT_E_UNSUPPORTED, "not calibrated");
    q->src = q->src_bits < 8 ? from.stats.src4 : from.stats.src;
    if (status == AMCT_OK)
        status = amct_quantise_layer(q, candidate->graph, l, &from.stats, from.gram, &options, err);
    amct_derivation_free(&from);
    return status;
}

static amct_status make(amct_quantised *q, amct_derived *d, const amct_structured *candidate,
                        uint32_t layer, amct_level_kind kind, amct_err *err)
{
    const amct_quantised *level;
    bool cut;
    AMCT_TRY(set_lengths(q, d, candidate, layer, kind, err));
    AMCT_TRY(amct_derived_is_cut(&cut, &d->source, candidate, layer, err));
    if (!cut)
        return round_level(q, d, candidate, layer, err);
    AMCT_TRY(amct_leveldb_get(&level, d->db, candidate->origins[layer].layer, kind, err));
    q->src = level->src;
    return amct_derived_cut(q, level, &d->source, candidate, layer, err);
}

amct_status amct_derived_get(const amct_quantised **out, amct_derived *d,
                             const amct_structured *candidate, uint32_t layer, amct_level_kind kind,
                             amct_err *err)
{
    const amct_layer *l = &candidate->layers[layer];
    const char *refusal = amct_level_refusal(l, kind);
    if (kind == AMCT_LEVEL_16 || refusal)
        return kind == AMCT_LEVEL_16 ? (*out = NULL, AMCT_OK)
                                     : amct_fail(err, AMCT_E_UNSUPPORTED, "%s", refusal);
    if (unchanged(d, candidate, layer))
        return amct_leveldb_get(out, d->db, candidate->origins[layer].layer, kind, err);
    amct_hash key = key_of(d, candidate, layer, kind);
    made *m = amct_map_get(&d->map, key);
    if (!m) {
        m = amct_arena_alloc(d->arena, sizeof *m);
        if (!m)
            return amct_fail_nomem(err);
        amct_status status = make(&m->q, d, candidate, layer, kind, err);
        if (status == AMCT_E_UNSUPPORTED)
            m->reason = amct_arena_string(d->arena, err->text);
        if ((status != AMCT_OK && !m->reason) || !amct_map_put(&d->map, key, m))
            return status != AMCT_OK ? status : amct_fail_nomem(err);
    }
    if (m->reason)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "%s", m->reason);
    *out = &m->q;
    return AMCT_OK;
}
