/* What a worker keeps of the candidates that it has run: rows at the ends of the stages. */
#include "tune/stages.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 512 };

/* Rows at the end of a stage, of all candidates that are alike up to there. They are kept from the
 * second such candidate on: most beginnings occur once. */
typedef struct entry {
    amct_hash key;
    unsigned char *rows; /* room for all samples; NULL: none are kept yet */
    size_t row_bytes;
    uint32_t n;    /* rows that are there: of the first samples */
    uint64_t used; /* by which candidate last; 0: the entry is free */
} entry;

struct amct_stage_cache {
    amct_stage_source source;
    entry entries[ENTRIES];
    size_t bytes;       /* of all rows that are there */
    uint64_t candidate; /* counts them */
    /* of the candidate at hand */
    const amct_graph *graph;
    amct_cut ends[AMCT_STAGES_MAX];          /* as of the stages, with its own row sizes */
    entry *kept[AMCT_STAGES_MAX];            /* per stage; NULL: nothing can be kept */
    unsigned char *scratch[AMCT_STAGES_MAX]; /* a batch of rows, where nothing is kept */
    amct_graph *graphs[AMCT_STAGES_MAX];
    amct_plan *plans[AMCT_STAGES_MAX]; /* made when they are needed */
};

amct_status amct_stage_cache_new(amct_stage_cache **out, const amct_stage_source *source,
                                 amct_err *err)
{
    amct_stage_cache *c = calloc(1, sizeof *c);
    if (!c)
        return amct_fail_nomem(err);
    c->source = *source;
    amct_status status = AMCT_OK;
    for (uint32_t s = 0; status == AMCT_OK && s + 1 < source->stages->n; s++) {
        const amct_cut *end = &source->stages->ends[s];
        c->scratch[s] = malloc(source->batch * end->row_bytes + 1);
        c->ends[s].bytes = calloc(end->n + (size_t)1, sizeof *end->bytes);
        status = c->scratch[s] && c->ends[s].bytes ? AMCT_OK : amct_fail_nomem(err);
    }
    if (status != AMCT_OK)
        amct_stage_cache_free(c);
    else
        *out = c;
    return status;
}

void amct_stage_cache_rest(amct_stage_cache *c)
{
    for (uint32_t s = 0; s < AMCT_STAGES_MAX; s++) {
        amct_plan_free(c->plans[s]);
        amct_graph_free(c->graphs[s]);
        c->plans[s] = NULL;
        c->graphs[s] = NULL;
    }
}

static void drop_entry(amct_stage_cache *c, entry *e)
{
    c->bytes -= e->n * e->row_bytes;
    free(e->rows);
    *e = (entry){0};
}

void amct_stage_cache_free(amct_stage_cache *cache)
{
    if (!cache)
        return;
    amct_stage_cache_rest(cache);
    for (uint32_t i = 0; i < ENTRIES; i++)
        free(cache->entries[i].rows);
    for (uint32_t s = 0; s < AMCT_STAGES_MAX; s++) {
        free(cache->scratch[s]);
        free(cache->ends[s].bytes); /* tensors are those of the stages */
    }
    free(cache);
}

/* ---- Entries ------------------------------------------------------------------------------ */

/* The entry that was not used for longest, not one of the candidate at hand; NULL: none. */
static entry *oldest(amct_stage_cache *c, bool with_rows)
{
    entry *found = NULL;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        entry *e = &c->entries[i];
        if ((e->rows || !with_rows) && e->used != c->candidate && (!found || e->used < found->used))
            found = e;
    }
    return found;
}

/* The entry where rows of that beginning are kept; NULL: it is the first time that it is seen. */
static entry *find_entry(amct_stage_cache *c, amct_hash key, size_t row_bytes)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        entry *e = &c->entries[i];
        if (!e->used || !amct_hash_equal(e->key, key))
            continue;
        e->used = c->candidate;
        if (!e->rows) { /* pages that are not written take no memory */
            e->rows = malloc(c->source.feed->n * row_bytes + 1);
            e->row_bytes = row_bytes;
        }
        return e->rows ? e : NULL;
    }
    entry *e = oldest(c, false);
    if (e) {
        drop_entry(c, e);
        *e = (entry){.key = key, .used = c->candidate};
    }
    return NULL;
}

/* What tells candidates apart in stage s: levels and ranks of its layers, and groups that have a
 * part in it or, in a stage before, had. */
static amct_hash add_choices(amct_hash key, const amct_stages *stages, uint32_t s,
                             const uint8_t *choices)
{
    const uint8_t *groups = choices + stages->n_layers, *ranks = groups + stages->n_groups;
    for (uint32_t i = 0; i < stages->n_layers; i++) {
        if (stages->of_layer[i] != s)
            continue;
        key = amct_hash_bytes(key, &choices[i], 1);
        key = amct_hash_bytes(key, &ranks[i], 1);
    }
    for (uint32_t g = 0; g < stages->n_groups; g++)
        if (stages->of_group[g] == s)
            key = amct_hash_bytes(key, &groups[g], 1);
    return key;
}

amct_status amct_stage_cache_begin(amct_stage_cache *c, const amct_graph *graph,
                                   const uint8_t *choices, amct_err *err)
{
    const amct_stages *stages = c->source.stages;
    amct_hash key = {0};
    amct_stage_cache_rest(c);
    c->graph = graph;
    c->candidate++;
    for (uint32_t s = 0; s + 1 < stages->n; s++) {
        if (!amct_cut_fit(&c->ends[s], &stages->ends[s], graph))
            return amct_fail(err, AMCT_E_INTERNAL, "a candidate has no end of stage %u", s);
        key = add_choices(amct_hash_u64(key, s), stages, s, choices);
        c->kept[s] = find_entry(c, key, c->ends[s].row_bytes);
    }
    return AMCT_OK;
}

/* Where the rows of samples first .. at the end of stage s go: kept, if they follow those that are
 * there and memory allows it. */
static unsigned char *place(amct_stage_cache *c, uint32_t s, uint32_t first, uint32_t count)
{
    entry *e = c->kept[s];
    if (!e || first > e->n)
        return c->scratch[s];
    size_t more = (size_t)(first + count - e->n) * e->row_bytes;
    while (c->bytes + more > c->source.limit_bytes) {
        entry *old = oldest(c, true);
        if (!old)
            return c->scratch[s];
        drop_entry(c, old);
    }
    c->bytes += more;
    e->n = first + count;
    return e->rows + first * e->row_bytes;
}

/* ---- Running ------------------------------------------------------------------------------ */

static amct_status make_plan(amct_stage_cache *c, uint32_t s, amct_err *err)
{
    const amct_stages *stages = c->source.stages;
    const amct_cut *end = s + 1 < stages->n ? &c->ends[s] : NULL;
    const amct_cut *begin = s ? &c->ends[s - 1] : c->source.prefix ? &c->source.prefix->cut : NULL;
    AMCT_TRY(amct_graph_clone(&c->graphs[s], c->graph, err));
    if (begin)
        AMCT_TRY(amct_cut_begin(begin, c->graphs[s], err));
    if (end)
        AMCT_TRY(amct_cut_end(end, c->graphs[s], err));
    amct_plan_options options = {.inputs_last = true};
    if (end) {
        options.watch = end->tensors;
        options.n_watch = end->n;
    }
    return amct_plan_new(&c->plans[s], c->source.exec, c->graphs[s], &options, err);
}

amct_status amct_stage_cache_run(amct_stage_cache *c, uint32_t first, amct_plan **plan,
                                 uint32_t *count, amct_err *err)
{
    const amct_stage_source *source = &c->source;
    const amct_stages *stages = source->stages;
    uint32_t left = source->feed->n - first, n = left < source->batch ? left : source->batch;
    uint32_t s = stages->n - 1; /* the stage to begin with: behind the last rows that are there */
    while (s > 0 && !(c->kept[s - 1] && c->kept[s - 1]->n >= first + n))
        s--;
    const unsigned char *rows = s ? c->kept[s - 1]->rows + first * c->kept[s - 1]->row_bytes : NULL;
    for (; s < stages->n; s++) {
        if (!c->plans[s])
            AMCT_TRY(make_plan(c, s, err));
        if (s)
            amct_cut_load(&c->ends[s - 1], c->plans[s], rows, n);
        else if (source->prefix)
            amct_cut_load(&source->prefix->cut, c->plans[s], amct_prefix_row(source->prefix, first),
                          n);
        else
            AMCT_TRY(amct_plan_load(c->plans[s], source->feed, first, &n, err));
        AMCT_TRY(amct_plan_run(c->plans[s], err));
        if (s + 1 == stages->n)
            break;
        unsigned char *to = place(c, s, first, n);
        amct_cut_store(&c->ends[s], c->plans[s], to, n);
        rows = to;
    }
    *plan = c->plans[stages->n - 1];
    *count = n;
    return AMCT_OK;
}
