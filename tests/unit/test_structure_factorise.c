/* Layers as two: errors against plain sums, the best rank against Jacobi's method, forms against
 * the network that they make. */
#include "structure/covariance.h"
#include "structure/factorise.h"
#include "passes/prepare.h"
#include "unit/structure_case.h"

#include <math.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

/* Windows that are not square, with strides, padding on one side and dilation. */
static amct_graph *odd_windows(void)
{
    amct_graph *g = net_new();
    int64_t dims[] = {1, 4, 9, 12}, w1[] = {7, 4, 3, 2}, w2[] = {5, 7, 2, 3}, n1 = 7, n2 = 5;
    uint32_t x = net_input(g, "x", 4, dims);
    uint32_t w = net_random(g, "a.weight", 0.5f, 4, w1), b = net_random(g, "a.bias", 0.5f, 1, &n1);
    x = net_node(g, "Conv", "a", (uint32_t[]){x, w, b, AMCT_NO_TENSOR});
    net_list(g, "kernel_shape", 2, (int64_t[]){3, 2});
    net_list(g, "strides", 2, (int64_t[]){2, 1});
    net_list(g, "dilations", 2, (int64_t[]){1, 3});
    net_list(g, "pads", 4, (int64_t[]){1, 0, 2, 3});
    x = net_node(g, "Relu", "r", (uint32_t[]){x, AMCT_NO_TENSOR});
    w = net_random(g, "b.weight", 0.5f, 4, w2), b = net_random(g, "b.bias", 0.5f, 1, &n2);
    x = net_node(g, "Conv", "b", (uint32_t[]){x, w, b, AMCT_NO_TENSOR});
    net_list(g, "kernel_shape", 2, (int64_t[]){2, 3});
    net_list(g, "strides", 2, (int64_t[]){1, 2});
    net_list(g, "dilations", 2, (int64_t[]){2, 1});
    net_list(g, "pads", 4, (int64_t[]){0, 1, 1, 0});
    net_output(g, x, "y");
    return g;
}

static void begin(structure_case *c, const char *net, uint32_t n_samples)
{
    amct_graph *g;
    if (strcmp(net, "odd") == 0) {
        g = odd_windows();
        OK(amct_prepare(g, &err));
    } else {
        g = lane_net_prepared(net);
    }
    structure_case_begin(c, g, n_samples);
}

typedef struct problem {
    const amct_columns *s;
    size_t n, m;
    double *c, *d, *mean, *w; /* d: with the ridge */
    float *bias;
    amct_factor_source source;
} problem;

static problem read_problem(const structure_case *c, const char *layer, double ridge)
{
    uint32_t l = structure_layer(c, layer);
    const amct_columns *s = &c->grams[l]->columns;
    problem p = {.s = s, .n = (size_t)s->columns, .m = (size_t)s->outputs};
    p.c = malloc(p.n * p.n * 8), p.d = malloc(p.n * p.n * 8), p.mean = malloc(p.n * 8);
    p.w = malloc(p.n * p.m * 8), p.bias = calloc(p.m, sizeof *p.bias);
    amct_gram_covariance(p.c, p.mean, c->grams[l], 0, 0);
    double trace = 0;
    for (size_t i = 0; i < p.n; i++)
        trace += p.c[i * p.n + i] / (double)p.n;
    memcpy(p.d, p.c, p.n * p.n * 8);
    const float *weights = c->graph->tensors[c->layers[l].weights].data;
    for (size_t i = 0; i < p.n; i++) {
        p.d[i * p.n + i] += ridge * trace;
        for (size_t o = 0; o < p.m; o++)
            p.w[i * p.m + o] = weights[amct_columns_weight(s, 0, (int64_t)o, (int64_t)i)];
    }
    for (size_t o = 0; o < p.m && c->layers[l].bias != AMCT_NO_TENSOR; o++)
        p.bias[o] = (float)amct_constant_number(&c->graph->tensors[c->layers[l].bias], (int64_t)o);
    p.source = (amct_factor_source){s, weights, p.bias, p.c, p.mean, ridge};
    return p;
}

static void free_problem(problem *p)
{
    free(p->c), free(p->d), free(p->mean), free(p->w), free(p->bias);
}

/* tr(x^T d x) */
static double energy(const problem *p, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->n; k++)
            for (size_t o = 0; o < p->m; o++)
                sum += x[i * p->m + o] * p->d[i * p->n + k] * x[k * p->m + o];
    return sum;
}

/* Where a tap lies in the two windows of a form. */
static void taps_of(size_t *a, size_t *b, size_t *n_a, size_t *n_b, const amct_columns *s,
                    amct_split_form form, size_t tap)
{
    size_t width = s->plane ? (size_t)s->window.kernel[2] : 1, taps = (size_t)s->taps;
    size_t row = tap / width, column = tap % width;
    *a = form == AMCT_SPLIT_AFTER    ? tap
         : form == AMCT_SPLIT_BEFORE ? 0
         : form == AMCT_SPLIT_ROWS   ? row
                                     : column;
    *b = form == AMCT_SPLIT_AFTER    ? 0
         : form == AMCT_SPLIT_BEFORE ? tap
         : form == AMCT_SPLIT_ROWS   ? column
                                     : row;
    *n_a = form == AMCT_SPLIT_AFTER    ? taps
           : form == AMCT_SPLIT_BEFORE ? 1
           : form == AMCT_SPLIT_ROWS   ? taps / width
                                       : width;
    *n_b = taps / *n_a;
}

/* w less what two factors make together. */
static double *away(const problem *p, amct_split_form form, size_t rank, const float *first,
                    const float *second)
{
    double *x = malloc(p->n * p->m * 8);
    for (size_t i = 0; i < p->n; i++)
        for (size_t o = 0; o < p->m; o++) {
            size_t a, b, n_a, n_b, channel = i / (size_t)p->s->taps;
            taps_of(&a, &b, &n_a, &n_b, p->s, form, i % (size_t)p->s->taps);
            double sum = 0;
            for (size_t r = 0; r < rank; r++)
                sum += (double)first[r * (size_t)p->s->channels * n_a + channel * n_a + a] *
                       (double)second[o * rank * n_b + r * n_b + b];
            x[i * p->m + o] = p->w[i * p->m + o] - sum;
        }
    return x;
}

static const struct {
    const char *net, *layer;
} cases[] = {{"chain", "a"}, {"chain", "b"},     {"chain", "c"}, {"residual", "b2"},
             {"odd", "a"},   {"tokens", "down"}, {"odd", "b"},   {"depthwise", "a"}};

typedef struct factored {
    float *first, *second, *bias;
    double error;
} factored;

static factored at_rank(const amct_factoring *f, const problem *p, int64_t rank)
{
    factored x = {malloc((size_t)amct_factorise_first(f, rank) * 4),
                  malloc((size_t)amct_factorise_second(f, rank) * 4), malloc(p->m * 4), -1};
    OK(amct_factorise_get(x.first, x.second, x.bias, &x.error, f, rank, &err));
    return x;
}

static void free_factored(factored *x)
{
    free(x->first), free(x->second), free(x->bias);
}

Test(structure_factorise, errors_are_those_of_the_product_and_do_not_grow_with_the_rank)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        structure_case c;
        begin(&c, cases[k].net, 12);
        problem p = read_problem(&c, cases[k].layer, 0.01);
        double whole = energy(&p, p.w);
        for (int form = 0; form <= AMCT_SPLIT_COLUMNS; form++) {
            amct_factoring *f;
            int64_t full =
                p.s->columns < p.s->outputs * p.s->taps ? p.s->columns : p.s->outputs * p.s->taps;
            if (amct_factorise_why(p.s, (amct_split_form)form))
                continue;
            OK(amct_factorise(&f, &p.source, (amct_split_form)form, full, &err));
            double before = 1;
            for (int64_t rank = 1; rank <= full; rank++) {
                factored x = at_rank(f, &p, rank);
                double *rest = away(&p, (amct_split_form)form, (size_t)rank, x.first, x.second);
                double error = energy(&p, rest) / whole;
                cr_expect_float_eq(x.error, error, 1e-6, "%s %s form %d rank %d: %g, is %g",
                                   cases[k].net, cases[k].layer, form, (int)rank, x.error, error);
                cr_expect_leq(x.error, before + 1e-12, "%s form %d rank %d", cases[k].layer, form,
                              (int)rank);
                for (size_t o = 0; o < p.m; o++) { /* the mean stays */
                    double shift = (double)p.bias[o];
                    for (size_t i = 0; i < p.n; i++)
                        shift += rest[i * p.m + o] * p.mean[i];
                    cr_expect_float_eq(x.bias[o], shift, 1e-4);
                }
                before = x.error;
                free(rest);
                free_factored(&x);
            }
            cr_expect_leq(before, 1e-7, "%s form %d: %g left", cases[k].layer, form, before);
            amct_factorise_free(f);
        }
        free_problem(&p);
        structure_case_end(&c);
    }
}

/* Eigenvalues of a symmetric matrix, by rotations. */
static void jacobi(double *a, size_t n)
{
    for (int sweep = 0; sweep < 60; sweep++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++) {
                if (fabs(a[i * n + j]) < 1e-300)
                    continue;
                double t = (a[j * n + j] - a[i * n + i]) / (2 * a[i * n + j]);
                t = (t < 0 ? -1 : 1) / (fabs(t) + sqrt(t * t + 1));
                double cs = 1 / sqrt(t * t + 1), sn = t * cs;
                for (size_t k = 0; k < n; k++) {
                    double x = a[k * n + i], y = a[k * n + j];
                    a[k * n + i] = cs * x - sn * y, a[k * n + j] = sn * x + cs * y;
                }
                for (size_t k = 0; k < n; k++) {
                    double x = a[i * n + k], y = a[j * n + k];
                    a[i * n + k] = cs * x - sn * y, a[j * n + k] = sn * x + cs * y;
                }
            }
}

Test(structure_factorise, the_channel_form_is_the_best_of_its_rank)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        structure_case c;
        begin(&c, cases[k].net, 12);
        problem p = read_problem(&c, cases[k].layer, 0.05);
        double *h = calloc(p.m * p.m, 8), whole = energy(&p, p.w);
        for (size_t i = 0; i < p.n; i++)
            for (size_t j = 0; j < p.n; j++)
                for (size_t o = 0; o < p.m * p.m; o++)
                    h[o] += p.w[i * p.m + o / p.m] * p.d[i * p.n + j] * p.w[j * p.m + o % p.m];
        jacobi(h, p.m);
        amct_factoring *f;
        OK(amct_factorise(&f, &p.source, AMCT_SPLIT_AFTER, (int64_t)p.m, &err));
        for (size_t rank = 1; rank < p.m && rank < p.n; rank++) {
            double rest = 0; /* all eigenvalues but the largest ones */
            for (size_t i = 0; i < p.m; i++) {
                size_t larger = 0;
                for (size_t j = 0; j < p.m; j++)
                    larger += h[j * p.m + j] > h[i * p.m + i] ||
                              (h[j * p.m + j] == h[i * p.m + i] && j < i);
                rest += larger >= rank ? h[i * p.m + i] : 0;
            }
            factored x = at_rank(f, &p, (int64_t)rank);
            cr_expect_float_eq(x.error, rest / whole, 1e-8, "%s rank %d: %g, best %g",
                               cases[k].layer, (int)rank, x.error, rest / whole);
            free_factored(&x);
        }
        amct_factorise_free(f);
        free(h);
        free_problem(&p);
        structure_case_end(&c);
    }
}

Test(structure_factorise, the_second_layer_of_every_form_is_a_least_squares_fit)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        structure_case c;
        begin(&c, cases[k].net, 12);
        problem p = read_problem(&c, cases[k].layer, 0.02);
        for (int form = 0; form <= AMCT_SPLIT_COLUMNS; form++) {
            amct_factoring *f;
            if (amct_factorise_why(p.s, (amct_split_form)form))
                continue;
            OK(amct_factorise(&f, &p.source, (amct_split_form)form, 2, &err));
            factored x = at_rank(f, &p, 2);
            for (int64_t i = 0; i < amct_factorise_second(f, 2); i += 3)
                for (int sign = -1; sign < 2; sign += 2) { /* any change is for the worse */
                    float old = x.second[i];
                    x.second[i] += (float)sign * 0.05f * (fabsf(old) + 0.1f);
                    double *rest = away(&p, (amct_split_form)form, 2, x.first, x.second);
                    cr_expect_gt(energy(&p, rest) / energy(&p, p.w), x.error, "%s form %d",
                                 cases[k].layer, form);
                    free(rest);
                    x.second[i] = old;
                }
            free_factored(&x);
            amct_factorise_free(f);
        }
        free_problem(&p);
        structure_case_end(&c);
    }
}

Test(structure_factorise, networks_with_all_forms_compute_what_the_layer_did)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        structure_case c;
        begin(&c, cases[k].net, 12);
        uint32_t l = structure_layer(&c, cases[k].layer);
        problem p = read_problem(&c, cases[k].layer, 0);
        for (int form = 0; form <= AMCT_SPLIT_COLUMNS; form++) {
            amct_factoring *f;
            amct_graph *out;
            double error, variance;
            if (amct_factorise_why(p.s, (amct_split_form)form))
                continue;
            int64_t full =
                p.s->columns < p.s->outputs * p.s->taps ? p.s->columns : p.s->outputs * p.s->taps;
            OK(amct_factorise(&f, &p.source, (amct_split_form)form, full, &err));
            for (int half = 0; half < 2; half++) {
                int64_t rank = half ? 2 : full;
                factored x = at_rank(f, &p, rank);
                amct_factors factors = {(amct_split_form)form, rank, x.first, x.second};
                amct_layer_form *forms = calloc(c.n_layers, sizeof *forms);
                forms[l] = (amct_layer_form){.bias = x.bias, .factors = &factors};
                OK(amct_restructure(&out, c.graph, NULL, NULL, c.layers, c.n_layers, forms, &err));
                structure_case_compare(&error, &variance, &c, c.graph, out, c.layers[l].result);
                /* what is said, on the same samples; moments of large planes are of some rows */
                double tolerance = c.grams[l]->columns.rows > 64 ? 0.02 : 1e-3;
                if (half)
                    cr_expect_float_eq(error / variance, x.error, tolerance * x.error + 1e-7,
                                       "%s %s form %d: %g, said %g", cases[k].net, cases[k].layer,
                                       form, error / variance, x.error);
                else
                    cr_expect_leq(error, 1e-8 * variance, "%s %s form %d: %g of %g", cases[k].net,
                                  cases[k].layer, form, error, variance);
                amct_graph_free(out);
                free(forms);
                free_factored(&x);
            }
            amct_factorise_free(f);
        }
        free_problem(&p);
        structure_case_end(&c);
    }
}

Test(structure_factorise, weights_of_nothing_and_moments_of_nothing_have_factors)
{
    structure_case c;
    begin(&c, "chain", 6);
    problem p = read_problem(&c, "b", 0.01);
    float *zeros = calloc(p.n * p.m, sizeof *zeros);
    amct_factor_source nothing = p.source, plain = p.source, dead = p.source;
    double *none = calloc(p.n * p.n, 8);
    nothing.weights = zeros;
    plain.c = plain.mean = NULL;
    dead.c = none;
    const amct_factor_source *sources[] = {&nothing, &plain, &dead};
    for (int i = 0; i < 3; i++)
        for (int form = 0; form <= AMCT_SPLIT_COLUMNS; form++) {
            amct_factoring *f;
            OK(amct_factorise(&f, sources[i], (amct_split_form)form, 8, &err));
            factored x = at_rank(f, &p, 8);
            for (int64_t k = 0; k < amct_factorise_second(f, 8); k++)
                cr_expect(isfinite(x.second[k]) && (i || x.second[k] == 0));
            for (int64_t k = 0; k < amct_factorise_first(f, 8); k++)
                cr_expect(isfinite(x.first[k]));
            cr_expect(x.error >= 0 && x.error < 1);
            free_factored(&x);
            amct_factorise_free(f);
        }
    free(none);
    free(zeros);
    free_problem(&p);
    structure_case_end(&c);
}

Test(structure_factorise, what_has_no_form_or_rank_is_refused_with_words)
{
    structure_case c;
    begin(&c, "depthwise", 4);
    const amct_columns *dw = &c.grams[structure_layer(&c, "dw")]->columns;
    problem p = read_problem(&c, "a", 0.01);
    amct_factoring *f = NULL;
    cr_expect_str_eq(amct_factorise_why(dw, AMCT_SPLIT_AFTER), "it has groups");
    cr_expect_str_eq(amct_factorise_why(p.s, AMCT_SPLIT_ROWS), "its window is a single place");
    cr_expect_eq(amct_factorise(&f, &p.source, AMCT_SPLIT_ROWS, 2, &err), AMCT_E_UNSUPPORTED);
    cr_expect_eq(amct_factorise(&f, &p.source, AMCT_SPLIT_AFTER, 0, &err), AMCT_E_INVALID);
    cr_expect_null(f);
    OK(amct_factorise(&f, &p.source, AMCT_SPLIT_AFTER, 2, &err));
    double error;
    cr_expect_eq(amct_factorise_get(NULL, NULL, NULL, &error, f, 3, &err), AMCT_E_INVALID);
    cr_expect_eq(amct_factorise_get(NULL, NULL, NULL, &error, f, 0, &err), AMCT_E_INVALID);
    amct_factorise_free(f);
    free_problem(&p);
    structure_case_end(&c);
}

Test(structure_factorise, weights_of_the_first_layer_are_orthogonal)
{
    static const amct_split_form forms[] = {AMCT_SPLIT_AFTER, AMCT_SPLIT_BEFORE, AMCT_SPLIT_ROWS,
                                            AMCT_SPLIT_COLUMNS};
    structure_case c;
    begin(&c, "chain", 6);
    problem p = read_problem(&c, "b", 0.05);
    for (int k = 0; k < 4; k++) {
        amct_factoring *f;
        OK(amct_factorise(&f, &p.source, forms[k], 6, &err));
        factored x = at_rank(f, &p, 5);
        size_t n = (size_t)amct_factorise_first(f, 1);
        for (size_t i = 0; i < 25; i++) {
            double dot = 0;
            for (size_t j = 0; j < n; j++)
                dot += (double)x.first[i / 5 * n + j] * (double)x.first[i % 5 * n + j];
            cr_expect_float_eq(dot, i / 5 == i % 5, 1e-6, "form %d: %g", k, dot);
        }
        free_factored(&x);
        amct_factorise_free(f);
    }
    free_problem(&p);
    structure_case_end(&c);
}
