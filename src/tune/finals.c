#include "tune/finals.h"

#include "base/fork.h"
#include "base/log.h"
#include "base/stats.h"
#include "compress/refine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the study keeps of a finalist: this, then the refined biases of its quantised layers, one
 * behind the other. */
typedef struct kept {
    uint32_t ok;
    amct_tally stitched, refined;
} kept;

typedef struct final_round {
    const amct_finals_work *work;
    amct_finals *finals;
    size_t n_bias;     /* int32 of all layers */
    kept *kept;        /* shared, per finalist */
    int32_t *biases;   /* shared, a row of n_bias per finalist */
    amct_tally *parts; /* shared, per finalist and part of the confirm samples */
    uint32_t n_parts;
    bool *todo; /* per finalist: not in the study */
    /* of a child */
    amct_exec *exec;
    amct_graph *graph;
    amct_plan *plan;
    float *rows;
    int at; /* the finalist that plan is of */
} final_round;

static uint32_t batch_of(const amct_bench *bench)
{
    const amct_shape *in = &bench->graph->tensors[bench->graph->inputs[0]].shape;
    return in->rank ? (uint32_t)in->dims[0] : 1;
}

static amct_status start(final_round *r, amct_err *err)
{
    const amct_bench *bench = r->work->bench;
    if (r->exec)
        return AMCT_OK;
    AMCT_TRY(amct_exec_new(&r->exec, bench->engine, err));
    r->rows = malloc((size_t)batch_of(bench) * bench->judge->outputs.row * sizeof *r->rows);
    return r->rows ? AMCT_OK : amct_fail_nomem(err);
}

/* The candidate with these forms on all samples of a bench. */
static amct_status measure(amct_tally *tally, final_round *r, const amct_quantised *const *levels,
                           const amct_bench *bench, uint32_t from, uint32_t to, amct_err *err)
{
    amct_graph *graph;
    amct_plan *plan = NULL;
    AMCT_TRY(amct_stitch(&graph, bench->graph, bench->layers, bench->n_layers, levels, err));
    amct_status status = amct_plan_new(&plan, r->exec, graph, NULL, err);
    if (status == AMCT_OK)
        status = amct_bench_measure(tally, plan, graph, bench, from, to, r->rows, err);
    amct_plan_free(plan);
    amct_graph_free(graph);
    return status;
}

static amct_status refine_one(void *ctx, uint32_t worker, uint32_t k, amct_err *err)
{
    final_round *r = ctx;
    const amct_finals_work *work = r->work;
    const amct_bench *bench = work->bench;
    const amct_final *f = &r->finals->at[k];
    (void)worker;
    if (!r->todo[k])
        return AMCT_OK;
    AMCT_TRY(start(r, err));
    amct_arena *arena = amct_arena_new();
    const amct_quantised **refined = calloc(bench->n_layers + 1, sizeof *refined);
    amct_status status = arena && refined ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_refine_means(refined, arena, r->exec, bench->graph, bench->layers,
                                   bench->n_layers, work->calibration, f->levels,
                                   &work->calibration_feed, work->limit_bytes, err);
    int32_t *to = r->biases + k * r->n_bias;
    for (uint32_t i = 0; status == AMCT_OK && i < bench->n_layers; i++)
        if (refined[i]) {
            memcpy(to, refined[i]->bias, (size_t)refined[i]->channels * sizeof *to);
            to += refined[i]->channels;
        }
    if (status == AMCT_OK)
        status = measure(&r->kept[k].stitched, r, f->levels, bench, 0, bench->feed.n, err);
    if (status == AMCT_OK)
        status = measure(&r->kept[k].refined, r, refined, bench, 0, bench->feed.n, err);
    r->kept[k].ok = status == AMCT_OK;
    free(refined);
    amct_arena_free(arena);
    return status;
}

/* Gives finalist k the form with the lower loss. */
static amct_status choose_form(final_round *r, uint32_t k, amct_err *err)
{
    amct_final *f = &r->finals->at[k];
    const amct_bench *bench = r->work->bench;
    const kept *measured = &r->kept[k];
    f->stitched_loss = amct_tally_loss(bench->judge, &measured->stitched);
    f->refined_loss = amct_tally_loss(bench->judge, &measured->refined);
    f->refined = f->refined_loss <= f->stitched_loss;
    f->search = f->refined ? measured->refined : measured->stitched;
    const int32_t *from = r->biases + k * r->n_bias;
    for (uint32_t i = 0; f->refined && i < bench->n_layers; i++) {
        if (!f->levels[i])
            continue;
        amct_quantised *q = amct_arena_copy(r->finals->arena, f->levels[i], sizeof *q);
        int32_t *bias =
            q ? amct_arena_copy(r->finals->arena, from, (size_t)q->channels * sizeof *bias) : NULL;
        if (!bias)
            return amct_fail_nomem(err);
        q->bias = bias;
        f->levels[i] = q;
        from += q->channels;
    }
    return AMCT_OK;
}

static amct_status confirm_part(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    final_round *r = ctx;
    const amct_finals_work *work = r->work;
    uint32_t k = task / r->n_parts, part = task % r->n_parts, batch = batch_of(work->bench);
    (void)worker;
    if (!r->todo[k])
        return AMCT_OK;
    AMCT_TRY(start(r, err));
    amct_bench bench = *work->bench; /* on other samples, from their beginning */
    bench.judge = work->confirm_judge;
    bench.feed = work->confirm_feed;
    if (r->at != (int)k) {
        amct_plan_free(r->plan);
        amct_graph_free(r->graph);
        r->plan = NULL;
        r->graph = NULL;
        AMCT_TRY(amct_stitch(&r->graph, bench.graph, bench.layers, bench.n_layers,
                             r->finals->at[k].levels, err));
        AMCT_TRY(amct_plan_new(&r->plan, r->exec, r->graph, NULL, err));
        r->at = (int)k;
    }
    uint32_t batches = (bench.feed.n + batch - 1) / batch;
    uint32_t from = batches * part / r->n_parts * batch;
    uint32_t to = batches * (part + 1) / r->n_parts * batch;
    to = to < bench.feed.n ? to : bench.feed.n;
    return amct_bench_measure(&r->parts[task], r->plan, r->graph, &bench, from, to, r->rows, err);
}

amct_drop_verdict amct_cosine_judge(const amct_tally *tally, double budget, double confidence)
{
    double n = tally->n, mean = n ? tally->cosine / n : 0;
    double variance = n > 1 ? (tally->cosine_sq - n * mean * mean) / (n - 1) : 0;
    double half = n > 1 ? amct_normal_two_sided(confidence) * sqrt(fmax(variance, 0) / n) : 1;
    amct_interval drop = {fmax(mean - half, 0), mean + half};
    amct_verdict verdict = drop.hi <= budget  ? AMCT_MET
                           : drop.lo > budget ? AMCT_MISSED
                                              : AMCT_NOT_PROVEN;
    return (amct_drop_verdict){verdict, drop, confidence};
}

static amct_drop_verdict judge_one(const amct_final *f, const amct_finals_work *work)
{
    const amct_tally *t = &f->confirm;
    if (work->bench->judge->metric == AMCT_METRIC_COSINE)
        return amct_cosine_judge(t, work->budget_ratio, work->confidence);
    return amct_drop_judge((amct_paired_count){t->n, t->lost, t->gained}, work->budget_ratio,
                           work->confidence);
}

/* What a finalist lost on the search samples, which say in which order they are tested. */
static double search_loss(const amct_final *f, const amct_finals_work *work)
{
    return work->bench->judge->metric == AMCT_METRIC_COSINE ? f->search.cosine : f->search.kl;
}

static void judge(amct_finals *finals, const amct_finals_work *work)
{
    uint32_t order[AMCT_FINALISTS], n = finals->n;
    amct_drop_verdict verdicts[AMCT_FINALISTS];
    for (uint32_t k = 0; k < n; k++) {
        uint32_t at = k;
        double loss = search_loss(&finals->at[k], work);
        for (; at > 0 && search_loss(&finals->at[order[at - 1]], work) > loss; at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = judge_one(&finals->at[order[i]], work);
    amct_verdicts_close(verdicts, n);
    for (uint32_t i = 0; i < n; i++)
        finals->at[order[i]].verdict = verdicts[i];
    int met = -1, open = -1, least = -1;
    for (uint32_t k = 0; k < n; k++) {
        amct_final *f = &finals->at[k];
        if (f->verdict.verdict == AMCT_MET && met < 0)
            met = (int)k;
        if (f->verdict.verdict == AMCT_NOT_PROVEN && open < 0)
            open = (int)k;
        if (least < 0 || f->verdict.drop.hi < finals->at[least].verdict.drop.hi)
            least = (int)k;
    }
    finals->chosen = met >= 0 ? met : open >= 0 ? open : least;
}

/* ---- The study ---------------------------------------------------------------------------- */

static amct_status load(final_round *r, uint32_t k, const char *kind, void *to, size_t size,
                        void *more, size_t more_size, bool *found, amct_err *err)
{
    char key[32];
    const void *data;
    size_t got;
    snprintf(key, sizeof key, "%llu", (unsigned long long)r->finals->at[k].number);
    AMCT_TRY(amct_study_get_blob(&data, &got, r->work->study, kind, key, err));
    *found = data && got == size + more_size;
    if (*found) {
        memcpy(to, data, size);
        if (more_size)
            memcpy(more, (const char *)data + size, more_size);
    }
    return AMCT_OK;
}

static amct_status save(final_round *r, uint32_t k, const char *kind, const void *from, size_t size,
                        const void *more, size_t more_size, amct_err *err)
{
    char key[32], *bytes = malloc(size + more_size + 1);
    if (!bytes)
        return amct_fail_nomem(err);
    snprintf(key, sizeof key, "%llu", (unsigned long long)r->finals->at[k].number);
    memcpy(bytes, from, size);
    if (more_size)
        memcpy(bytes + size, more, more_size);
    amct_status status =
        amct_study_put_blob(r->work->study, kind, key, bytes, size + more_size, err);
    free(bytes);
    return status;
}

/* ---- The round ---------------------------------------------------------------------------- */

static void stop(final_round *r)
{
    amct_plan_free(r->plan);
    amct_graph_free(r->graph);
    amct_exec_free(r->exec);
    free(r->rows);
    r->plan = NULL, r->graph = NULL, r->exec = NULL, r->rows = NULL;
    r->at = -1;
}

static amct_status refine_all(final_round *r, amct_err *err)
{
    size_t bias_bytes = r->n_bias * sizeof *r->biases;
    uint32_t n = r->finals->n;
    for (uint32_t k = 0; k < n; k++) {
        bool found;
        AMCT_TRY(load(r, k, "refined", &r->kept[k], sizeof *r->kept, r->biases + k * r->n_bias,
                      bias_bytes, &found, err));
        r->todo[k] = !found;
    }
    amct_status status = amct_parallel(r->work->jobs, n, refine_one, r, err);
    stop(r);
    for (uint32_t k = 0; status == AMCT_OK && k < n; k++) {
        if (r->todo[k])
            status = save(r, k, "refined", &r->kept[k], sizeof *r->kept, r->biases + k * r->n_bias,
                          bias_bytes, err);
        if (status == AMCT_OK)
            status = choose_form(r, k, err);
    }
    return status;
}

static amct_status confirm_all(final_round *r, amct_err *err)
{
    uint32_t n = r->finals->n;
    for (uint32_t k = 0; k < n; k++) {
        bool found;
        AMCT_TRY(load(r, k, "confirmed", &r->finals->at[k].confirm, sizeof(amct_tally), NULL, 0,
                      &found, err));
        r->todo[k] = !found;
    }
    amct_status status = amct_parallel(r->work->jobs, n * r->n_parts, confirm_part, r, err);
    stop(r);
    for (uint32_t k = 0; status == AMCT_OK && k < n; k++) {
        amct_tally *t = &r->finals->at[k].confirm;
        if (!r->todo[k])
            continue;
        *t = (amct_tally){0};
        for (uint32_t p = 0; p < r->n_parts; p++) /* in order: the sums are the same for any jobs */
            amct_tally_add(t, &r->parts[k * r->n_parts + p]);
        status = save(r, k, "confirmed", t, sizeof *t, NULL, 0, err);
    }
    return status;
}

static amct_status take_candidates(final_round *r, const amct_finalist *candidates, size_t n,
                                   amct_err *err)
{
    const amct_bench *bench = r->work->bench;
    amct_finals *finals = r->finals;
    for (size_t c = 0; c < n && finals->n < AMCT_FINALISTS; c++) {
        amct_final *f = &finals->at[finals->n++];
        f->number = candidates[c].number;
        f->cost_ns = candidates[c].cost_ns;
        f->kinds = amct_arena_array(finals->arena, bench->n_layers, 1);
        f->levels = amct_arena_array(finals->arena, bench->n_layers, sizeof *f->levels);
        if (!f->kinds || !f->levels)
            return amct_fail_nomem(err);
        amct_genes_express(r->work->genes, candidates[c].genome, f->kinds);
        for (uint32_t i = 0; i < bench->n_layers; i++)
            AMCT_TRY(amct_leveldb_get(&f->levels[i], bench->levels, i, (amct_level_kind)f->kinds[i],
                                      err));
    }
    return AMCT_OK;
}

amct_status amct_finals_run(amct_finals *out, const amct_finals_work *work,
                            const amct_finalist *candidates, size_t n, amct_err *err)
{
    enum { PARTS = 16 };
    amct_finals finals = {.chosen = -1, .arena = amct_arena_new()};
    bool todo[AMCT_FINALISTS] = {false};
    final_round r = {.work = work, .finals = &finals, .todo = todo, .at = -1, .n_parts = PARTS};
    for (uint32_t i = 0; i < work->bench->n_layers; i++)
        r.n_bias += (size_t)work->bench->layers[i].channels;
    size_t kept_bytes = AMCT_FINALISTS * sizeof *r.kept;
    size_t bias_bytes = AMCT_FINALISTS * r.n_bias * sizeof *r.biases;
    size_t parts_bytes = AMCT_FINALISTS * PARTS * sizeof *r.parts;
    r.kept = amct_shared_alloc(kept_bytes);
    r.biases = amct_shared_alloc(bias_bytes);
    r.parts = amct_shared_alloc(parts_bytes);
    amct_status status =
        finals.arena && r.kept && r.biases && r.parts ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = take_candidates(&r, candidates, n, err);
    if (status == AMCT_OK && finals.n)
        status = refine_all(&r, err);
    if (status == AMCT_OK && finals.n && work->confirm_feed.n)
        status = confirm_all(&r, err);
    if (status == AMCT_OK && finals.n)
        judge(&finals, work);
    amct_shared_free(r.kept, kept_bytes);
    amct_shared_free(r.biases, bias_bytes);
    amct_shared_free(r.parts, parts_bytes);
    if (status != AMCT_OK)
        amct_finals_free(&finals);
    else
        *out = finals;
    return status;
}

void amct_finals_free(amct_finals *finals)
{
    amct_arena_free(finals->arena);
    *finals = (amct_finals){0};
}
