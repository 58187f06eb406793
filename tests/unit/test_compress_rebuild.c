/* Rebuilding against naive twins in double precision, and what it promises for whole networks. */
#include "base/pcg.h"
#include "compress/least_squares.h"
#include "compress/rebuild.h"
#include "compress/rebuild_layer.h"
#include "compress/refine.h"
#include "compress/sparse.h"
#include "compress/stitch.h"
#include "unit/export_fixture.h"

#include <math.h>

/* ---- Least squares ------------------------------------------------------------------------ */

enum { MOST_COLUMNS = 40, OUTPUTS = 3, ROWS = 10, SAMPLES = 12, ALL = ROWS * SAMPLES };

typedef struct problem {
    size_t columns;
    float x[ALL * MOST_COLUMNS], z[ALL * OUTPUTS];
    double w0[MOST_COLUMNS * OUTPUTS];
    double g[MOST_COLUMNS * MOST_COLUMNS], c[MOST_COLUMNS * OUTPUTS]; /* the twin's */
} problem;

static void take_means_away(float *rows, size_t columns)
{
    for (size_t k = 0; k < columns; k++) {
        double mean = 0;
        for (size_t i = 0; i < ALL; i++)
            mean += rows[i * columns + k] / (double)ALL;
        for (size_t i = 0; i < ALL; i++)
            rows[i * columns + k] -= (float)mean;
    }
}

/* z is what other weights than w0 make of x, with noise. */
static void make_problem(problem *p, size_t columns, double noise)
{
    amct_pcg rng = amct_pcg_new(columns, 7);
    p->columns = columns;
    for (size_t i = 0; i < ALL * columns; i++) /* neighbours are alike */
        p->x[i] = (float)(4 * amct_pcg_unit(&rng) - 2 + (i % columns ? 0.5 * p->x[i - 1] : 0));
    take_means_away(p->x, columns);
    double other[MOST_COLUMNS * OUTPUTS];
    for (size_t i = 0; i < columns * OUTPUTS; i++) {
        p->w0[i] = amct_pcg_unit(&rng) - 0.5;
        other[i] = p->w0[i] + 0.4 * (amct_pcg_unit(&rng) - 0.5);
    }
    for (size_t i = 0; i < ALL; i++)
        for (size_t m = 0; m < OUTPUTS; m++) {
            double sum = noise * (amct_pcg_unit(&rng) - 0.5);
            for (size_t k = 0; k < columns; k++)
                sum += p->x[i * columns + k] * other[k * OUTPUTS + m];
            p->z[i * OUTPUTS + m] = (float)sum;
        }
    take_means_away(p->z, OUTPUTS);
    memset(p->g, 0, sizeof p->g);
    memset(p->c, 0, sizeof p->c);
    for (size_t i = 0; i < ALL; i++)
        for (size_t k = 0; k < columns; k++) {
            double x = p->x[i * columns + k] / (double)ALL;
            for (size_t j = 0; j < columns; j++)
                p->g[k * columns + j] += x * p->x[i * columns + j];
            for (size_t m = 0; m < OUTPUTS; m++)
                p->c[k * OUTPUTS + m] += x * p->z[i * OUTPUTS + m];
        }
}

static const double no_middle[OUTPUTS];

static void set_cut(amct_lsq *l, const problem *p, double low, const float *t)
{
    OK(amct_lsq_new(l, p->columns, OUTPUTS, &err));
    amct_lsq_rows rows = {.x = p->x,
                          .z = p->z,
                          .middle = no_middle,
                          .t = t,
                          .low = low,
                          .high = INFINITY,
                          .ld_x = p->columns,
                          .ld_z = OUTPUTS,
                          .columns = p->columns,
                          .outputs = OUTPUTS,
                          .rows = ROWS,
                          .n_samples = SAMPLES};
    amct_lsq_set(l, &rows);
}

static void set(amct_lsq *l, const problem *p)
{
    set_cut(l, p, -INFINITY, NULL);
}

/* C - G w */
static double rest_of(const problem *p, const double *w, size_t k, size_t m)
{
    double rest = p->c[k * OUTPUTS + m];
    for (size_t j = 0; j < p->columns; j++)
        rest -= p->g[k * p->columns + j] * w[j * OUTPUTS + m];
    return rest;
}

static double error_of(const problem *p, const double *w)
{
    double error = 0;
    for (size_t i = 0; i < ALL; i++)
        for (size_t m = 0; m < OUTPUTS; m++) {
            double e = p->z[i * OUTPUTS + m];
            for (size_t k = 0; k < p->columns; k++)
                e -= p->x[i * p->columns + k] * w[k * OUTPUTS + m];
            error += e * e;
        }
    return error;
}

Test(compress_rebuild, moments_are_those_of_a_naive_sum)
{
    static problem p;
    amct_lsq l;
    make_problem(&p, 17, 1);
    set(&l, &p);
    for (size_t i = 0; i < 17 * 17; i++)
        cr_assert_float_eq(l.g[i], p.g[i], 1e-5);
    for (size_t i = 0; i < 17 * OUTPUTS; i++)
        cr_assert_float_eq(l.c[i], p.c[i], 1e-5);
    amct_lsq_free(&l);
}

/* (G + l D I) (w - w0) = C - G w0 is the same as C - G w = l D (w - w0). */
Test(compress_rebuild, weights_solve_the_equations_with_a_ridge)
{
    static problem p;
    for (size_t columns = 5; columns <= MOST_COLUMNS; columns += 35) {
        amct_lsq l;
        make_problem(&p, columns, 2);
        set(&l, &p);
        double w[MOST_COLUMNS * OUTPUTS], diagonal = 0, moved = 0, pulled = 0;
        memcpy(w, p.w0, sizeof w);
        cr_assert(amct_lsq_solve(&l, w));
        for (size_t k = 0; k < columns; k++)
            diagonal += p.g[k * columns + k] / (double)columns;
        for (size_t i = 0; i < columns * OUTPUTS; i++) {
            moved += fabs(w[i] - p.w0[i]);
            pulled += fabs(rest_of(&p, w, i / OUTPUTS, i % OUTPUTS));
        }
        double ridge = pulled / moved / diagonal;
        cr_assert_gt(moved, 0);
        if (columns <= 32)
            cr_expect_float_eq(ridge, 0.03, 1e-5);
        else /* half decades around it */
            cr_expect_float_eq(remainder(2 * log10(ridge / 0.03), 1), 0, 1e-3, "%g", ridge);
        for (size_t i = 0; i < columns * OUTPUTS; i++)
            cr_expect_float_eq(rest_of(&p, w, i / OUTPUTS, i % OUTPUTS),
                               ridge * diagonal * (w[i] - p.w0[i]), 1e-5);
        cr_expect_lt(error_of(&p, w), error_of(&p, p.w0));
        amct_lsq_free(&l);
    }
}

Test(compress_rebuild, weights_stay_where_rows_say_nothing)
{
    static problem p;
    amct_lsq l;
    double w[MOST_COLUMNS * OUTPUTS];
    make_problem(&p, 40, 0);
    amct_pcg rng = amct_pcg_new(1, 1);
    for (size_t i = 0; i < ALL; i++) /* the results of w0, and more noise than anything else */
        for (size_t m = 0; m < OUTPUTS; m++) {
            double sum = 1e3 * (amct_pcg_unit(&rng) - 0.5);
            for (size_t k = 0; k < p.columns; k++)
                sum += p.x[i * p.columns + k] * p.w0[k * OUTPUTS + m];
            p.z[i * OUTPUTS + m] = (float)sum;
        }
    take_means_away(p.z, OUTPUTS);
    set(&l, &p);
    memcpy(w, p.w0, sizeof w);
    cr_assert(amct_lsq_solve(&l, w));
    double moved = 0;
    for (size_t i = 0; i < p.columns * OUTPUTS; i++)
        moved = fmax(moved, fabs(w[i] - p.w0[i]));
    cr_expect_lt(moved, 8, "%g; least squares alone: some 20", moved);
    amct_lsq_free(&l);

    memset(p.x, 0, sizeof p.x);
    set(&l, &p);
    memcpy(w, p.w0, sizeof w);
    cr_expect_not(amct_lsq_solve(&l, w), "a source of zeros");
    cr_expect_arr_eq(w, p.w0, p.columns * OUTPUTS * sizeof *w);
    amct_lsq_free(&l);
}

/* The square error behind ReLU of weights, with the best middles of those tried. */
static double error_behind(const problem *p, const double *w, const float *t)
{
    double total = 0;
    for (size_t m = 0; m < OUTPUTS; m++) {
        double least = INFINITY;
        for (double middle = -4; middle <= 4; middle += 0.05) {
            double error = 0;
            for (size_t i = 0; i < ALL; i++) {
                double other = t ? t[i * OUTPUTS + m] : 0, have = middle + other;
                for (size_t k = 0; k < p->columns; k++)
                    have += p->x[i * p->columns + k] * w[k * OUTPUTS + m];
                double rest = fmax(have, 0) - fmax(p->z[i * OUTPUTS + m] + other, 0);
                error += rest * rest;
            }
            least = fmin(least, error);
        }
        total += least;
    }
    return total;
}

/* What is wanted below 0 is anything there. */
Test(compress_rebuild, what_relu_cuts_off_does_not_count)
{
    static problem p;
    static float t[ALL * OUTPUTS];
    amct_pcg rng = amct_pcg_new(3, 3);
    for (int with_other = 0; with_other < 2; with_other++) {
        amct_lsq l;
        double plain[MOST_COLUMNS * OUTPUTS], w[MOST_COLUMNS * OUTPUTS];
        make_problem(&p, 12, 0.3);
        for (size_t i = 0; i < ALL * OUTPUTS; i++) {
            t[i] = with_other ? (float)(amct_pcg_unit(&rng) - 0.5) : 0;
            if (p.z[i] + t[i] < 0)
                p.z[i] = -t[i] - (float)(4 * amct_pcg_unit(&rng));
        }
        /* The middles that the caller took away are 0 here: means stay in z. */
        set(&l, &p);
        memcpy(plain, p.w0, sizeof plain);
        cr_assert(amct_lsq_solve(&l, plain));
        amct_lsq_free(&l);
        set_cut(&l, &p, 0, with_other ? t : NULL);
        memcpy(w, p.w0, sizeof w);
        cr_assert(amct_lsq_solve(&l, w));
        amct_lsq_free(&l);
        double before = error_behind(&p, plain, t), after = error_behind(&p, w, t);
        cr_expect_lt(after, 0.6 * before, "%g of %g", after, before);
    }
}

Test(compress_rebuild, shrinking_leaves_the_diagonal)
{
    static problem p;
    amct_lsq l;
    make_problem(&p, 40, 1);
    set(&l, &p);
    OK(amct_lsq_shrink(&l, &err));
    double part = l.g[1] / p.g[1];
    cr_expect(part > 0 && part < 1, "%g", part);
    for (size_t i = 0; i < 40; i++)
        for (size_t j = 0; j < 40; j++)
            cr_expect_float_eq(l.g[i * 40 + j], p.g[i * 40 + j] * (i == j ? 1 : part), 1e-5);
    amct_lsq_free(&l);
}

/* ---- Scale and middle --------------------------------------------------------------------- */

static double fit_error(double scale, double middle, const float *y, const float *z, const float *t,
                        const amct_aim *aim)
{
    double error = 0;
    for (size_t i = 0; i < ALL; i++) {
        double have = fmin(fmax(scale * y[i] + middle + t[i], aim->low), aim->high);
        double want = fmin(fmax(z[i] + t[i], aim->low), aim->high);
        error += (have - want) * (have - want);
    }
    return error;
}

Test(compress_rebuild, no_scale_and_middle_on_a_grid_are_much_nearer)
{
    static const amct_aim aims[] = {{AMCT_NO_TENSOR, -INFINITY, INFINITY},
                                    {AMCT_NO_TENSOR, 0, INFINITY},
                                    {AMCT_NO_TENSOR, 0, 1}};
    for (size_t a = 0; a < 3; a++) {
        amct_pcg rng = amct_pcg_new(a, 2);
        float y[ALL], z[ALL], t[ALL];
        double mean = 0, scale, middle, best = INFINITY;
        for (size_t i = 0; i < ALL; i++) {
            y[i] = (float)(2 * amct_pcg_unit(&rng) - 1);
            mean += y[i] / (double)ALL;
        }
        for (size_t i = 0; i < ALL; i++) {
            y[i] -= (float)mean;
            z[i] = (float)(1.3 * y[i] + 0.2 + 0.3 * amct_pcg_unit(&rng));
            t[i] = (float)(0.5 * amct_pcg_unit(&rng) - 0.25);
        }
        amct_rebuild_fit(&scale, &middle, y, z, t, ALL, &aims[a], 0.01, true);
        for (double s = 0.5; s < 2; s += 0.01)
            for (double m = -1; m < 1; m += 0.01)
                best = fmin(best, fit_error(s, m, y, z, t, &aims[a]));
        double got = fit_error(scale, middle, y, z, t, &aims[a]);
        cr_expect_lt(got, 1.1 * best, "aim %zu: %g, %g on the grid", a, got, best);
        cr_expect_lt(got, fit_error(1, 0.35, y, z, t, &aims[a]));
        amct_rebuild_fit(&scale, &middle, y, z, t, ALL, &aims[a], 0.01, false);
        cr_expect_eq(scale, 1);
    }
}

/* ---- Networks ----------------------------------------------------------------------------- */

typedef struct rebuilt_case {
    export_case c;
    amct_exec *exec;
    amct_arena *arena;
    const amct_quantised **layers;
} rebuilt_case;

static void begin_case(rebuilt_case *r, const char *net, export_mix mix)
{
    OK(export_case_begin(&r->c, export_net_prepared(net), (export_samples){.n = 24}, 24, true,
                         &err));
    OK(export_case_mix(&r->c, mix, &err));
    OK(amct_exec_new(&r->exec, AMCT_ENGINE_ONEDNN, &err));
    r->arena = amct_arena_new();
    r->layers = amct_arena_array(r->arena, r->c.n_layers + 1, sizeof *r->layers);
}

static void rebuild_case(rebuilt_case *r, size_t limit_bytes, uint32_t jobs)
{
    const export_case *c = &r->c;
    OK(amct_rebuild(r->layers, r->arena, r->exec, c->graph, c->layers, c->n_layers, c->levels,
                    &c->feed, limit_bytes, jobs, &err));
}

static void end_case(rebuilt_case *r)
{
    amct_exec_free(r->exec);
    amct_arena_free(r->arena);
    export_case_end(&r->c);
}

static void expect_same(const amct_quantised *a, const amct_quantised *b)
{
    cr_assert_eq(a == NULL, b == NULL);
    if (!a)
        return;
    cr_expect_arr_eq(a->weights, b->weights, (size_t)a->n_weights);
    cr_expect_arr_eq(a->scales, b->scales, (size_t)a->n_scales * sizeof *a->scales);
    cr_expect_arr_eq(a->bias, b->bias, (size_t)a->channels * sizeof *a->bias);
    cr_expect(amct_hash_equal(a->weights_hash, b->weights_hash));
}

Test(compress_rebuild, a_network_without_integers_stays_as_it_is)
{
    rebuilt_case r;
    begin_case(&r, "residual", MIX_NONE);
    rebuild_case(&r, 1 << 24, 1);
    for (uint32_t i = 0; i < r.c.n_layers; i++)
        cr_expect_null(r.layers[i]);
    end_case(&r);
}

Test(compress_rebuild, layers_keep_their_bits_and_the_quantisation_of_their_source)
{
    for (uint32_t k = 0; k < n_export_nets; k++) {
        rebuilt_case r;
        begin_case(&r, export_nets[k].name, MIX_LEVELS);
        rebuild_case(&r, 1 << 24, 1);
        for (uint32_t i = 0; i < r.c.n_layers; i++) {
            const amct_quantised *q = r.layers[i], *level = r.c.levels[i];
            cr_assert_eq(q == NULL, level == NULL);
            if (!q)
                continue;
            cr_expect_eq(q->src_bits, level->src_bits);
            cr_expect_eq(q->src.scale, level->src.scale);
            cr_expect_eq(q->src.offset, level->src.offset);
            int half = 1 << (q->weight_bits - 1);
            for (int64_t w = 0; w < q->n_weights; w++)
                cr_assert(q->weights[w] >= -half && q->weights[w] < half);
            for (int64_t s = 0; s < q->n_scales; s++)
                cr_assert(q->scales[s] > 0 && isfinite(q->scales[s]));
        }
        end_case(&r);
    }
}

/* Whether each output has two at most of every four channels at each tap. */
static bool is_sparse(const export_case *c, uint32_t i, const amct_quantised *q)
{
    const amct_layer *l = &c->layers[i];
    amct_tensor *w = &c->graph->tensors[l->weights], old = *w;
    w->dtype = AMCT_INT8;
    w->data = q->weights;
    bool sparse = amct_sparse_is(c->graph, l);
    *w = old;
    return sparse;
}

Test(compress_rebuild, sparse_layers_stay_sparse)
{
    for (uint32_t k = 0; k < n_export_nets; k++)
        for (int tight = 0; tight < 2; tight++) { /* integers stay where memory is short */
            rebuilt_case r;
            begin_case(&r, export_nets[k].name, MIX_SPARSE);
            rebuild_case(&r, tight ? 1 << 14 : 1 << 24, 1);
            for (uint32_t i = 0; i < r.c.n_layers; i++)
                if (r.layers[i] && r.c.levels[i]->sparse) {
                    cr_expect(r.layers[i]->sparse);
                    cr_expect(is_sparse(&r.c, i, r.layers[i]), "%s, %s", export_nets[k].name,
                              r.c.layers[i].name);
                }
            end_case(&r);
        }
}

Test(compress_rebuild, neither_processes_nor_the_memory_of_the_walk_change_the_result)
{
    for (uint32_t k = 0; k < n_export_nets; k++) {
        rebuilt_case one, other;
        begin_case(&one, export_nets[k].name, MIX_LEVELS);
        begin_case(&other, export_nets[k].name, MIX_LEVELS);
        rebuild_case(&one, 1 << 26, 1);
        rebuild_case(&other, 1 << 26, 3);
        for (uint32_t i = 0; i < one.c.n_layers; i++)
            expect_same(one.layers[i], other.layers[i]);
        const amct_quantised *means[2][32];
        cr_assert_leq(one.c.n_layers, 32);
        for (int tight = 0; tight < 2; tight++)
            OK(amct_refine_means(means[tight], one.arena, one.exec, one.c.graph, one.c.layers,
                                 one.c.n_layers, one.c.calibration, one.c.levels, &one.c.feed,
                                 tight ? 0 : 1 << 26, 1, &err));
        for (uint32_t i = 0; i < one.c.n_layers; i++)
            expect_same(means[0][i], means[1][i]);
        end_case(&one);
        end_case(&other);
    }
}

/* Mean square of the difference of all outputs to the original's. */
static double error_to_original(const export_case *c, const amct_quantised *const *levels)
{
    amct_graph *graph;
    float *wanted, *got;
    size_t n;
    double error = 0;
    OK(amct_stitch(&graph, c->graph, c->layers, c->n_layers, levels, &err));
    OK(export_case_run(&wanted, &n, c, c->graph, AMCT_ENGINE_ONEDNN, &err));
    OK(export_case_run(&got, &n, c, graph, AMCT_ENGINE_ONEDNN, &err));
    for (size_t i = 0; i < n; i++)
        error += ((double)got[i] - wanted[i]) * ((double)got[i] - wanted[i]) / (double)n;
    free(wanted);
    free(got);
    amct_graph_free(graph);
    return error;
}

Test(compress_rebuild, rebuilt_networks_are_nearer_to_the_original)
{
    for (uint32_t k = 0; k < n_export_nets; k++) {
        rebuilt_case r;
        begin_case(&r, export_nets[k].name, MIX_LEVELS);
        rebuild_case(&r, 1 << 26, 1);
        double before = error_to_original(&r.c, r.c.levels);
        double after = error_to_original(&r.c, r.layers);
        cr_expect_lt(after, before, "%s: %g, was %g", export_nets[k].name, after, before);
        end_case(&r);
    }
}
