#include "structure/readers.h"

#include "structure/covariance.h"
#include "compress/linalg.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 128 }; /* at most */

static amct_status invert(amct_reader *v, double ridge, amct_err *err)
{
    double *r = malloc((v->n * v->n + 1) * sizeof *r), lambda;
    if (!r)
        return amct_fail_nomem(err);
    amct_status status = amct_covariance_factor(r, &lambda, v->c, v->n, ridge, err);
    if (status == AMCT_OK) {
        memset(v->c, 0, v->n * v->n * sizeof *v->c);
        for (size_t i = 0; i < v->n; i++)
            v->c[i * v->n + i] = 1;
        amct_linalg_solve(v->c, v->n, r, v->n, v->n);
    }
    free(r);
    return status;
}

/* The columns of a view whose lane is marked, and those that are not. */
static size_t divide(uint32_t *in, uint32_t *out, const amct_reader *v, const bool *marked)
{
    size_t n = 0, m = 0;
    for (size_t i = 0; i < v->n; i++)
        if (v->lane[i] != UINT32_MAX && marked[v->lane[i]])
            in[n++] = (uint32_t)i;
        else
            out[m++] = (uint32_t)i;
    return n;
}

static void take(double *to, const double *from, size_t ld, const uint32_t *rows, size_t n,
                 const uint32_t *columns, size_t m)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            to[i * m + k] = from[rows[i] * ld + (columns ? columns[k] : k)];
}

/* Adds to need[lane] what dropping its columns alone costs: tr(w_B^T (P_BB)^-1 w_B), P the inverse.
 * room holds m (m + outputs) numbers of the widest lane. */
static amct_status add_growth(double *need, const amct_reader *v, const uint32_t *begin,
                              const uint32_t *columns, uint32_t n_lanes, double *room,
                              amct_err *err)
{
    for (uint32_t l = 0; l < n_lanes; l++) {
        size_t m = begin[l + 1] - begin[l];
        const uint32_t *own = columns + begin[l];
        double *p = room, *w = room + m * m;
        if (!m)
            continue;
        take(p, v->c, v->n, own, m, own, m);
        take(w, v->w, v->outputs, own, m, NULL, v->outputs);
        AMCT_TRY(amct_linalg_cholesky(p, m, err));
        double *x = w + m * v->outputs;
        memcpy(x, w, m * v->outputs * sizeof *x);
        amct_linalg_solve(x, v->outputs, p, m, v->outputs);
        need[l] += v->share * amct_covariance_dot(w, x, m * v->outputs);
    }
    return AMCT_OK;
}

/* The columns of each lane, one lane behind the other. */
static void by_lane(uint32_t *begin, uint32_t *columns, const amct_reader *v, uint32_t n_lanes)
{
    memset(begin, 0, (n_lanes + (size_t)2) * sizeof *begin);
    for (size_t i = 0; i < v->n; i++)
        if (v->lane[i] != UINT32_MAX)
            begin[v->lane[i] + 2]++;
    for (uint32_t l = 2; l < n_lanes + 2; l++)
        begin[l] += begin[l - 1];
    for (size_t i = 0; i < v->n; i++)
        if (v->lane[i] != UINT32_MAX)
            columns[begin[v->lane[i] + 1]++] = (uint32_t)i;
}

static amct_status growth(double *need, const amct_reader *v, uint32_t n_lanes, amct_err *err)
{
    uint32_t *begin = malloc((n_lanes + (size_t)2) * sizeof *begin);
    uint32_t *columns = malloc((v->n + 1) * sizeof *columns);
    double *room = NULL;
    size_t widest = 0;
    amct_status status = begin && columns ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        by_lane(begin, columns, v, n_lanes);
        for (uint32_t l = 0; l < n_lanes; l++)
            widest = begin[l + 1] - begin[l] > widest ? begin[l + 1] - begin[l] : widest;
        room = malloc((widest * (widest + 2 * v->outputs) + 1) * sizeof *room);
        status =
            room ? add_growth(need, v, begin, columns, n_lanes, room, err) : amct_fail_nomem(err);
    }
    free(begin);
    free(columns);
    free(room);
    return status;
}

/* Takes the marked lanes out of a view: the others make up for them, and shrinks it. */
static amct_status eliminate(amct_reader *v, const bool *marked, amct_err *err)
{
    uint32_t *in = malloc((v->n + 1) * sizeof *in), *out = malloc((v->n + 1) * sizeof *out);
    size_t n = in && out ? divide(in, out, v, marked) : 0, left = v->n - n, o = v->outputs;
    double *p = malloc((n * n + 1) * sizeof *p), *cross = malloc((left * n + 1) * sizeof *cross);
    double *x = malloc((n * (left + o) + 1) * sizeof *x);
    double *product = malloc((left * (left + o) + 1) * sizeof *product);
    amct_status status = in && out && p && cross && x && product ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK && n) {
        take(p, v->c, v->n, in, n, in, n);
        take(cross, v->c, v->n, out, left, in, n);
        for (size_t i = 0; i < n; i++) {
            take(x + i * (left + o), v->c, v->n, in + i, 1, out, left);
            take(x + i * (left + o) + left, v->w, o, in + i, 1, NULL, o);
        }
        status = amct_linalg_cholesky(p, n, err);
    }
    if (status == AMCT_OK && n) {
        amct_linalg_solve(x, left + o, p, n, left + o);
        amct_linalg_product(product, left + o, cross, n, x, left + o, left, n, left + o);
        for (size_t i = 0; i < left; i++) { /* rows move towards the front only */
            for (size_t k = 0; k < left; k++)
                v->c[i * left + k] = v->c[out[i] * v->n + out[k]] - product[i * (left + o) + k];
            for (size_t k = 0; k < o; k++)
                v->w[i * o + k] = v->w[out[i] * o + k] - product[i * (left + o) + left + k];
            v->lane[i] = v->lane[out[i]];
        }
        v->n = left;
    }
    free(in);
    free(out);
    free(p);
    free(cross);
    free(x);
    free(product);
    return status;
}

/* need[lane]: the step at which it went, later ones more. */
amct_status amct_readers_eliminate(double *when, amct_readers *readers, uint32_t n_lanes,
                                   double ridge, amct_err *err)
{
    double *now = malloc((n_lanes + (size_t)1) * sizeof *now);
    bool *marked = malloc(n_lanes + (size_t)1), *gone = calloc(n_lanes + (size_t)1, 1);
    amct_status status = now && marked && gone ? AMCT_OK : amct_fail_nomem(err);
    uint32_t at_once = (n_lanes + STEPS - 1) / STEPS;
    for (uint32_t i = 0; status == AMCT_OK && i < readers->n; i++)
        status = invert(&readers->at[i], ridge, err);
    for (uint32_t done = 0; status == AMCT_OK && done < n_lanes;) {
        memset(now, 0, n_lanes * sizeof *now);
        memset(marked, false, n_lanes);
        for (uint32_t i = 0; status == AMCT_OK && i < readers->n; i++)
            status = growth(now, &readers->at[i], n_lanes, err);
        for (uint32_t k = 0; k < at_once && done < n_lanes; k++) {
            uint32_t least = n_lanes;
            for (uint32_t l = 0; l < n_lanes; l++)
                if (!gone[l] && (least == n_lanes || now[l] < now[least]))
                    least = l;
            gone[least] = marked[least] = true;
            when[least] = ++done;
        }
        for (uint32_t i = 0; status == AMCT_OK && i < readers->n; i++)
            status = eliminate(&readers->at[i], marked, err);
    }
    free(now);
    free(marked);
    free(gone);
    return status;
}
