/* AMCT's rank: what stands out from noise, and the rule around it. */
#include "base/pcg.h"
#include "structure/fixed_rank.h"
#include "compress/linalg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

static double normal(amct_pcg *rng)
{
    double sum = -6; /* near enough */
    for (int i = 0; i < 12; i++)
        sum += amct_pcg_unit(rng);
    return sum;
}

/* Singular values of a product of rank `rank` with noise on it. */
static double *noisy(size_t l, size_t m, size_t rank, double noise)
{
    amct_pcg rng = amct_pcg_new(l * m + rank, 4);
    double *a = calloc(l * m, 8), *t = calloc(l * m, 8), *h = calloc(l * l, 8);
    double *u = malloc(l * 8), *v = malloc(m * 8), *values = malloc(l * 8);
    for (size_t k = 0; k < rank; k++) {
        for (size_t i = 0; i < l; i++)
            u[i] = normal(&rng);
        for (size_t j = 0; j < m; j++)
            v[j] = normal(&rng);
        for (size_t i = 0; i < l * m; i++)
            a[i] += u[i / m] * v[i % m];
    }
    for (size_t i = 0; i < l * m; i++)
        a[i] += noise * normal(&rng);
    for (size_t i = 0; i < l * m; i++)
        t[i % m * l + i / m] = a[i];
    amct_linalg_product(h, l, a, m, t, l, l, m, l);
    OK(amct_linalg_eigen(h, values, l, &err));
    for (size_t i = 0; i < l; i++)
        values[i] = sqrt(fmax(values[i], 0));
    free(a), free(t), free(h), free(u), free(v);
    return values;
}

Test(structure_fixed_rank, what_stands_out_from_noise_is_counted)
{
    static const struct {
        size_t l, m, rank;
    } cases[] = {{60, 60, 0}, {60, 90, 1}, {60, 90, 5}, {40, 200, 12}, {96, 96, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int loud = 0; loud < 2; loud++) {
            double *values = noisy(cases[i].l, cases[i].m, cases[i].rank, loud ? 1 : 0.01);
            size_t rank = amct_fixed_rank_evbmf(values, cases[i].l, cases[i].m);
            cr_expect_eq(rank, cases[i].rank, "%zu x %zu: %zu, not %zu", cases[i].l, cases[i].m,
                         rank, cases[i].rank);
            free(values);
        }
    double zeros[4] = {0};
    cr_expect_eq(amct_fixed_rank_evbmf(zeros, 4, 9), 0);
}

/* A layer of k x k with random weights. */
static amct_columns layer(int64_t in, int64_t out, int64_t height, int64_t width)
{
    amct_columns c = {.groups = 1,
                      .outputs = out,
                      .channels = in,
                      .taps = height * width,
                      .columns = in * height * width,
                      .plane = true,
                      .output_step = in * height * width,
                      .channel_step = height * width};
    for (int d = 0; d < 3; d++)
        c.window.kernel[d] = c.window.strides[d] = c.window.dilations[d] = 1;
    c.window.kernel[1] = height, c.window.kernel[2] = width;
    return c;
}

static amct_rank rank_of(const amct_columns *c)
{
    size_t n = (size_t)(c->columns * c->outputs);
    float *weights = malloc(n * sizeof *weights);
    amct_pcg rng = amct_pcg_new(n, 8);
    for (size_t i = 0; i < n; i++)
        weights[i] = (float)(amct_pcg_unit(&rng) - 0.5);
    amct_rank rank;
    OK(amct_fixed_rank(&rank, c, weights, &err));
    free(weights);
    return rank;
}

Test(structure_fixed_rank, random_weights_get_the_least_that_the_rule_allows)
{
    amct_columns c = layer(64, 64, 3, 3);
    amct_rank r = rank_of(&c);
    cr_expect(r.rank == 32 && r.form == AMCT_SPLIT_ROWS);
    c = layer(256, 256, 3, 3);
    cr_expect_eq(rank_of(&c).rank, 160);
    c = layer(128, 64, 3, 3);
    r = rank_of(&c);
    cr_expect(r.rank == 32 && r.form == AMCT_SPLIT_COLUMNS);
    c = layer(64, 96, 7, 3);
    r = rank_of(&c);
    cr_expect(r.rank == 32 && r.form == AMCT_SPLIT_COLUMNS);
}

Test(structure_fixed_rank, layers_beside_the_rule_stay_whole)
{
    amct_columns c = layer(32, 64, 3, 3);
    cr_expect_eq(rank_of(&c).rank, 0);
    c = layer(128, 128, 1, 1);
    cr_expect_eq(rank_of(&c).rank, 0);
    c = layer(64, 64, 3, 3);
    c.window.dilations[2] = 2;
    cr_expect_eq(rank_of(&c).rank, 0);
    c.window.dilations[2] = 1, c.window.strides[1] = 3;
    cr_expect_eq(rank_of(&c).rank, 0);
    c.window.strides[1] = 2;
    cr_expect_eq(rank_of(&c).rank, 32);
    c = layer(3, 8, 7, 7); /* few channels, but a large kernel */
    cr_expect_eq(rank_of(&c).rank, 16);
}
