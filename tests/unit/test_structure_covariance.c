/* Covariances of columns that are constant, or much larger than others: what rounding makes of
 * their sums is no variance, and layers that read them can be chosen among, refitted and
 * factorised. */
#include "structure/covariance.h"

#include "base/pcg.h"
#include "compress/linalg.h"
#include "passes/prepare.h"
#include "structure/choose.h"
#include "structure/factorise.h"
#include "structure/refit.h"
#include "unit/structure_case.h"

#include <math.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

enum { WIDE = 24 };

static float *data_of(amct_graph *g, const char *name)
{
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (strcmp(g->tensors[t].name, name) == 0)
            return (float *)(uintptr_t)g->tensors[t].data;
    cr_assert_fail("no tensor '%s'", name);
    return NULL;
}

/* Two layers, each of which reads its source at one place: b reads what a makes of it, of which the
 * first n_constant channels are constant. */
static amct_graph *constant_net(uint32_t n_constant)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 4, (int64_t[]){1, 4, 6, 6});
    x = net_conv(g, "a", x, 4, WIDE, 1, 1, 1);
    x = net_node(g, "Relu", "relu", (const uint32_t[]){x, AMCT_NO_TENSOR});
    net_output(g, net_conv(g, "b", x, WIDE, 20, 1, 1, 1), "b");
    net_must(amct_prepare(g, &err), &err);
    float *w = data_of(g, "a.weight"), *bias = data_of(g, "a.bias");
    amct_pcg rng = amct_pcg_new(5, 1);
    for (uint32_t i = 0; i < n_constant; i++) {
        memset(w + (size_t)i * 4, 0, 4 * sizeof *w);
        bias[i] = (float)(0.1 + 3 * amct_pcg_unit(&rng));
    }
    return g;
}

Test(structure_covariance, columns_that_are_constant_have_none)
{
    structure_case c;
    structure_case_begin(&c, constant_net(WIDE), 40);
    double matrix[WIDE * WIDE], mean[WIDE];
    amct_gram_covariance(matrix, mean, c.grams[structure_layer(&c, "b")], 0, 0);
    for (int i = 0; i < WIDE * WIDE; i++)
        cr_expect_eq(matrix[i], 0, "%d: %g", i, matrix[i]);
    structure_case_end(&c);
}

Test(structure_covariance, columns_beside_constant_ones_keep_theirs)
{
    structure_case c;
    structure_case_begin(&c, constant_net(10), 40);
    double matrix[WIDE * WIDE], plain[WIDE * WIDE], mean[WIDE];
    const amct_gram *gram = c.grams[structure_layer(&c, "b")];
    amct_gram_covariance(matrix, mean, gram, 0, 0);
    amct_gram_read(plain, mean, gram, 0, 0);
    for (int i = 0; i < WIDE; i++)
        for (int k = 0; k < WIDE; k++) {
            double wanted = i < 10 || k < 10 ? 0 : plain[i * WIDE + k] - mean[i] * mean[k];
            cr_expect_float_eq(matrix[i * WIDE + k], wanted, 1e-12, "%d %d", i, k);
        }
    structure_case_end(&c);
}

/* A layer that reads constants only is as right with half of its channels, or a small rank. */
Test(structure_covariance, a_layer_that_reads_constants_can_be_cut)
{
    structure_case c;
    structure_case_begin(&c, constant_net(WIDE), 40);
    const amct_group *group = structure_group(&c, "a");
    uint32_t l = structure_layer(&c, "b"), n = c.groups->lanes->n, order[WIDE];
    bool *keep = malloc(n);
    uint32_t *place = calloc(n, sizeof *place);
    for (int choice = 0; choice < AMCT_N_CHOICES; choice++)
        OK(amct_choose(order, c.groups, group, (amct_choice)choice, c.layers, c.n_layers, c.grams,
                       0.01, &err));
    memset(keep, true, n);
    for (uint32_t k = WIDE / 2; k < WIDE; k++)
        keep[order[k]] = false;
    amct_refit *r;
    OK(amct_refit_new(&r, c.graph, &c.layers[l], c.grams[l], c.groups->lanes, place, 0.01, &err));
    amct_refit_size size = amct_refit_size_of(r, keep);
    float *weights = malloc((size_t)size.weights * sizeof *weights);
    float *bias = malloc((size_t)size.channels * sizeof *bias);
    double error, c0[WIDE * WIDE], mean[WIDE];
    OK(amct_refit_run(weights, bias, &error, r, keep, &err));
    cr_expect_eq(error, 0, "%g", error);
    amct_layer_form *forms = calloc(c.n_layers, sizeof *forms);
    forms[l] = (amct_layer_form){.weights = weights, .bias = bias};
    amct_graph *out;
    OK(amct_restructure(&out, c.graph, c.groups->lanes, keep, c.layers, c.n_layers, forms, &err));
    double wrong, variance;
    structure_case_compare(&wrong, &variance, &c, c.graph, out, c.graph->outputs[0]);
    cr_expect_leq(wrong, 1e-8, "%g", wrong);

    amct_gram_covariance(c0, mean, c.grams[l], 0, 0);
    const amct_columns *columns = &c.grams[l]->columns;
    amct_factor_source source = {.columns = columns,
                                 .weights = data_of(c.graph, "b.weight"),
                                 .c = c0,
                                 .mean = mean,
                                 .ridge = 0.01};
    amct_factoring *f;
    OK(amct_factorise(&f, &source, AMCT_SPLIT_AFTER, amct_factorise_most(columns, AMCT_SPLIT_AFTER),
                      &err));
    float *first = malloc((size_t)amct_factorise_first(f, 2) * sizeof *first);
    float *second = malloc((size_t)amct_factorise_second(f, 2) * sizeof *second);
    float shift[20];
    OK(amct_factorise_get(first, second, shift, &error, f, 2, &err));
    for (int i = 0; i < 20; i++)
        cr_expect(isfinite(shift[i]));
    free(first), free(second);
    amct_factorise_free(f);
    amct_graph_free(out);
    amct_refit_free(r);
    free(forms), free(weights), free(bias), free(keep), free(place);
    structure_case_end(&c);
}

/* Covariances that rounding has made of nothing: of one size, of any sign. */
Test(structure_covariance, what_is_settled_has_a_factor)
{
    enum { N = 60 };
    static double noise[N * N], settled[N * N], r[N * N], mean[N];
    amct_pcg rng = amct_pcg_new(11, 1);
    for (int i = 0; i < N; i++)
        for (int k = i; k < N; k++)
            noise[i * N + k] = noise[k * N + i] = 2e-6 * (2 * amct_pcg_unit(&rng) - 1);
    for (int large = 0; large < 2; large++) { /* means of 1: nothing is left; of 1/100: it varies */
        for (int i = 0; i < N; i++)
            mean[i] = large ? 1 : 0.01;
        memcpy(settled, noise, sizeof settled);
        amct_moments_settle(settled, mean, N);
        double lambda, most = 0;
        OK(amct_covariance_factor(r, &lambda, settled, N, 0.01, &err));
        for (int i = 0; i < N * N; i++)
            most = fmax(most, fabs(settled[i]));
        cr_expect(large ? most == 0 : most > 0);
        cr_expect(large ? lambda == 1 : lambda <= most * N * 100);
    }
}
