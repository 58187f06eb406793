#include "compress/sparse.h"

#include "compress/linalg.h"
#include "compress/round.h"
#include "ops/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = AMCT_SPARSE_GROUP, KEPT = AMCT_SPARSE_KEPT, PAIRS = 6 };

/* Sweeps: until one lessens the error by less than this ratio, and at most so many. */
static const double ENOUGH = 1e-3;
enum { SWEEPS = 10 };

/* Groups whose rows of H are multiplied with all changes at once. */
enum { BLOCK = 16 };

typedef struct fitting {
    size_t columns, outputs;
    const double *matrix;
    double damped;    /* what the diagonal grows by */
    size_t *order;    /* the column at each place; groups lie side by side */
    size_t *begin, n; /* where each of n groups begins in order; begin[n] is the end */
    double *weights;  /* columns x outputs, in the order of the caller: the new ones */
    double *wanted;   /* in `order`: the old ones */
    double *changes;  /* in `order`: old less new */
    double *rows;     /* of H, BLOCK groups of them */
    double *behind;   /* what other groups' changes do to a block's: as many rows x outputs */
} fitting;

/* ---- The best two of a group -------------------------------------------------------------- */

/* A way to drop some of a group: drops[0 .. n) and keeps. With x what all of the group's weights
 * would be at best, dropping costs x_d^T cost x_d, and the kept ones become x_k + repair x_d. */
typedef struct choice {
    size_t n, n_kept;
    size_t drops[GROUP], keeps[KEPT];
    double cost[2][2], repair[KEPT][2];
} choice;

typedef struct group_form {
    size_t width, n;
    choice choices[PAIRS];
    double inverse[GROUP][GROUP]; /* of the group's block of H */
} group_form;

/* Inverts a positive definite matrix of n <= GROUP. */
static void invert(double out[GROUP][GROUP], const double from[GROUP][GROUP], size_t n)
{
    double a[GROUP][GROUP];
    memcpy(a, from, sizeof a);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            out[i][k] = i == k;
    for (size_t p = 0; p < n; p++) {
        double pivot = a[p][p];
        for (size_t k = 0; k < n; k++) {
            a[p][k] /= pivot;
            out[p][k] /= pivot;
        }
        for (size_t i = 0; i < n; i++) {
            double factor = a[i][p];
            for (size_t k = 0; i != p && k < n; k++) {
                a[i][k] -= factor * a[p][k];
                out[i][k] -= factor * out[p][k];
            }
        }
    }
}

/* The kept weights repair what the dropped ones do: A_kk^-1 A_kd; the rest is the complement of
 * A_kk in A. */
static void prepare(choice *c, const double a[GROUP][GROUP], size_t width, unsigned kept)
{
    double block[GROUP][GROUP], inverse[GROUP][GROUP];
    *c = (choice){0};
    for (size_t i = 0; i < width; i++) {
        if (kept >> i & 1)
            c->keeps[c->n_kept++] = i;
        else
            c->drops[c->n++] = i;
    }
    for (size_t i = 0; i < c->n_kept; i++)
        for (size_t k = 0; k < c->n_kept; k++)
            block[i][k] = a[c->keeps[i]][c->keeps[k]];
    invert(inverse, block, c->n_kept);
    for (size_t i = 0; i < c->n_kept; i++)
        for (size_t d = 0; d < c->n; d++)
            for (size_t k = 0; k < c->n_kept; k++)
                c->repair[i][d] += inverse[i][k] * a[c->keeps[k]][c->drops[d]];
    for (size_t d = 0; d < c->n; d++)
        for (size_t e = 0; e < c->n; e++) {
            c->cost[d][e] = a[c->drops[d]][c->drops[e]];
            for (size_t k = 0; k < c->n_kept; k++)
                c->cost[d][e] -= a[c->drops[d]][c->keeps[k]] * c->repair[k][e];
        }
}

static void form_make(group_form *f, const double a[GROUP][GROUP], size_t width)
{
    f->width = width;
    f->n = 0;
    invert(f->inverse, a, width);
    for (unsigned kept = 0; kept < 1u << width; kept++)
        if ((size_t)__builtin_popcount(kept) == (width < KEPT ? width : KEPT))
            prepare(&f->choices[f->n++], a, width, kept);
}

/* The new weights of a group, given its old ones and what the other groups' changes pull at it. */
static void decide(double x[GROUP], const group_form *f, const double wanted[GROUP],
                   const double pull[GROUP])
{
    double best[GROUP], least = INFINITY;
    const choice *chosen = &f->choices[0];
    for (size_t i = 0; i < f->width; i++) {
        best[i] = wanted[i];
        for (size_t k = 0; k < f->width; k++)
            best[i] += f->inverse[i][k] * pull[k];
    }
    for (size_t i = 0; i < f->n; i++) {
        const choice *c = &f->choices[i];
        double cost = 0;
        for (size_t d = 0; d < c->n; d++)
            for (size_t e = 0; e < c->n; e++)
                cost += best[c->drops[d]] * c->cost[d][e] * best[c->drops[e]];
        if (cost < least)
            least = cost, chosen = c;
    }
    for (size_t i = 0; i < f->width; i++)
        x[i] = 0;
    for (size_t k = 0; k < chosen->n_kept; k++) {
        size_t at = chosen->keeps[k];
        x[at] = best[at];
        for (size_t d = 0; d < chosen->n; d++)
            x[at] += chosen->repair[k][d] * best[chosen->drops[d]];
    }
}

/* Decides group g of all outputs. pull: its columns x outputs. */
static void decide_group(fitting *f, const group_form *form, size_t g, const double *pull)
{
    size_t outputs = f->outputs, first = f->begin[g];
    for (size_t m = 0; m < outputs; m++) {
        double wanted[GROUP] = {0}, pulls[GROUP] = {0}, x[GROUP];
        for (size_t i = 0; i < form->width; i++) {
            wanted[i] = f->wanted[(first + i) * outputs + m];
            pulls[i] = pull[i * outputs + m];
        }
        decide(x, form, wanted, pulls);
        for (size_t i = 0; i < form->width; i++) {
            f->changes[(first + i) * outputs + m] = wanted[i] - x[i];
            f->weights[f->order[first + i] * outputs + m] = x[i];
        }
    }
}

/* ---- Second moments ----------------------------------------------------------------------- */

static double moment(const fitting *f, size_t i, size_t k)
{
    return f->matrix[f->order[i] * f->columns + f->order[k]] + (i == k ? f->damped : 0);
}

/* ---- Start -------------------------------------------------------------------------------- */

/* Columns that do not go together: the largest weights stay as they are. */
static void start_plainly(fitting *f)
{
    const double a[GROUP][GROUP] = {{1}, {0, 1}, {0, 0, 1}, {0, 0, 0, 1}};
    memset(f->behind, 0, GROUP * f->outputs * sizeof *f->behind);
    for (size_t g = 0; g < f->n; g++) {
        group_form form;
        form_make(&form, a, f->begin[g + 1] - f->begin[g]);
        decide_group(f, &form, g, f->behind);
    }
}

/* With H = R^T R and the groups decided from the last to the first, a group's own rows of R times
 * all changes is what no group before it can make up for. */
static amct_status start(fitting *f, amct_err *err)
{
    size_t n = f->columns, outputs = f->outputs;
    double *r = malloc(n * n * sizeof *r);
    if (!r)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i; k < n; k++)
            r[i * n + k] = moment(f, i, k);
    amct_status status = amct_linalg_cholesky(r, n, err);
    for (size_t g = f->n; status == AMCT_OK && g-- > 0;) {
        size_t first = f->begin[g], end = f->begin[g + 1], width = end - first;
        double a[GROUP][GROUP] = {{0}};
        double *rest = f->behind, *pull = f->behind + GROUP * outputs;
        group_form form;
        for (size_t i = 0; i < width; i++)
            for (size_t k = 0; k < width; k++)
                for (size_t row = 0; row <= (i < k ? i : k); row++)
                    a[i][k] += r[(first + row) * n + first + i] * r[(first + row) * n + first + k];
        form_make(&form, (const double(*)[GROUP])a, width);
        memset(pull, 0, width * outputs * sizeof *pull);
        if (end < n) {
            amct_linalg_product(rest, outputs, r + first * n + end, n, f->changes + end * outputs,
                                outputs, width, n - end, outputs);
            for (size_t i = 0; i < width; i++)
                for (size_t row = 0; row <= i; row++)
                    amct_round_add(pull + i * outputs, rest + row * outputs,
                                   r[(first + row) * n + first + i], outputs);
        }
        decide_group(f, &form, g, pull);
    }
    free(r);
    return status;
}

/* ---- Sweeps ------------------------------------------------------------------------------- */

/* The groups from g to before `end`, one after the other; returns what the error was before, as far
 * as it is theirs: the sum of their e^T (H e). */
static double sweep_block(fitting *f, size_t g, size_t end)
{
    size_t n = f->columns, outputs = f->outputs, first = f->begin[g];
    size_t height = f->begin[end] - first;
    double error = 0;
    for (size_t i = 0; i < height; i++)
        for (size_t k = 0; k < n; k++)
            f->rows[i * n + k] = moment(f, first + i, k);
    amct_linalg_product(f->behind, outputs, f->rows, n, f->changes, outputs, height, n, outputs);
    for (size_t i = 0; i < height * outputs; i++)
        error += f->behind[i] * f->changes[first * outputs + i];
    double *before = f->behind + BLOCK * GROUP * outputs, *pull = before + GROUP * outputs;
    for (; g < end; g++) {
        size_t at = f->begin[g], width = f->begin[g + 1] - at;
        double a[GROUP][GROUP] = {{0}}, *own = f->changes + at * outputs;
        group_form form;
        for (size_t i = 0; i < width; i++)
            for (size_t k = 0; k < width; k++)
                a[i][k] = f->rows[(at - first + i) * n + at + k];
        form_make(&form, (const double(*)[GROUP])a, width);
        memcpy(before, own, width * outputs * sizeof *before);
        memcpy(pull, f->behind + (at - first) * outputs, width * outputs * sizeof *pull);
        for (size_t i = 0; i < width; i++) /* without the group's own */
            for (size_t k = 0; k < width; k++)
                amct_round_add(pull + i * outputs, own + k * outputs, -a[i][k], outputs);
        decide_group(f, &form, g, pull);
        for (size_t k = 0; k < width * outputs; k++)
            before[k] = own[k] - before[k]; /* what is new */
        for (size_t i = 0; i < height; i++)
            for (size_t k = 0; k < width; k++)
                amct_round_add(f->behind + i * outputs, before + k * outputs,
                               f->rows[i * n + at + k], outputs);
    }
    return error;
}

static void sweep(fitting *f)
{
    double last = INFINITY;
    for (int i = 0; i < SWEEPS; i++) {
        double error = 0;
        for (size_t g = 0; g < f->n; g += BLOCK)
            error += sweep_block(f, g, g + BLOCK < f->n ? g + BLOCK : f->n);
        if (!(last - error > ENOUGH * error))
            break;
        last = error;
    }
}

/* ---- All of it ---------------------------------------------------------------------------- */

static void find_groups(fitting *f, size_t taps)
{
    size_t channels = f->columns / taps, at = 0;
    for (size_t c = 0; c < channels; c += GROUP)
        for (size_t t = 0; t < taps; t++) {
            f->begin[f->n++] = at;
            for (size_t k = c; k < channels && k < c + GROUP; k++)
                f->order[at++] = k * taps + t;
        }
    f->begin[f->n] = at;
}

amct_status amct_sparse_fit(double *weights, size_t columns, size_t outputs, size_t taps,
                            const double *matrix, amct_err *err)
{
    size_t all = columns * outputs, high = BLOCK * GROUP;
    fitting f = {.columns = columns, .outputs = outputs, .matrix = matrix, .weights = weights};
    double mean = 0;
    f.order = malloc((columns + 1) * sizeof *f.order);
    f.begin = malloc((columns + 2) * sizeof *f.begin);
    f.wanted = malloc((all + 1) * sizeof *f.wanted);
    f.changes = calloc(all + 1, sizeof *f.changes);
    f.rows = malloc((high * columns + 1) * sizeof *f.rows);
    f.behind = malloc(((high + 2 * GROUP) * outputs + 1) * sizeof *f.behind);
    amct_status status = f.order && f.begin && f.wanted && f.changes && f.rows && f.behind
                             ? AMCT_OK
                             : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        find_groups(&f, taps);
        for (size_t i = 0; i < columns; i++)
            memcpy(f.wanted + i * outputs, weights + f.order[i] * outputs,
                   outputs * sizeof *weights);
        for (size_t i = 0; matrix && i < columns; i++)
            mean += matrix[i * columns + i] / (double)columns;
        f.damped = mean > 0 ? AMCT_DAMPING * mean : 1;
        if (!matrix)
            start_plainly(&f);
        else
            status = start(&f, err);
    }
    if (status == AMCT_OK && matrix)
        sweep(&f);
    free(f.order);
    free(f.begin);
    free(f.wanted);
    free(f.changes);
    free(f.rows);
    free(f.behind);
    return status;
}

bool amct_sparse_is(const amct_graph *graph, const amct_layer *layer)
{
    if (layer->no_sparse || graph->tensors[layer->weights].dtype != AMCT_INT8)
        return false;
    const amct_shape *shape = &graph->tensors[layer->weights].shape;
    const int8_t *weights = graph->tensors[layer->weights].data;
    bool by_rows = amct_weights_axis(&graph->nodes[layer->node], shape) == 0;
    int64_t taps = amct_shape_count(shape, 2, shape->rank);
    int64_t outputs = shape->dims[!by_rows], channels = shape->dims[by_rows];
    int64_t output_step = (by_rows ? channels : 1) * taps;
    int64_t channel_step = (by_rows ? 1 : outputs) * taps;
    for (int64_t m = 0; m < outputs; m++)
        for (int64_t first = 0; first < channels; first += GROUP)
            for (int64_t t = 0; t < taps; t++) {
                int kept = 0;
                for (int64_t k = first; k < channels && k < first + GROUP; k++)
                    kept += weights[m * output_step + k * channel_step + t] != 0;
                if (kept > KEPT)
                    return false;
            }
    return true;
}
