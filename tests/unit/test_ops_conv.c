#include "base/pcg.h"
#include "ops_case.h"

#include <criterion/criterion.h>
#include <string.h>

/* ---- A naive twin --------------------------------------------------------------------------- */

/* Everything about one random 2-d convolution, transposed or not. */
typedef struct twin {
    bool transposed;
    int64_t n, groups, ci, co; /* channels per group */
    int64_t in[2], k[2], stride[2], dilation[2], pad[4], out[2];
    int64_t x_zero, w_zero;
} twin;

static int64_t at4(int64_t a, int64_t b, int64_t nb, int64_t c, int64_t nc, int64_t d, int64_t nd)
{
    return ((a * nb + b) * nc + c) * nd + d;
}

/* Result by result, over every position of the kernel: padded places hold the zero point. */
static int64_t naive_conv(const twin *t, const int64_t *x, const int64_t *w, int64_t n, int64_t m,
                          int64_t oy, int64_t ox)
{
    int64_t sum = 0, group = m / t->co;
    for (int64_t c = 0; c < t->ci; c++)
        for (int64_t ky = 0; ky < t->k[0]; ky++)
            for (int64_t kx = 0; kx < t->k[1]; kx++) {
                int64_t y = oy * t->stride[0] + ky * t->dilation[0] - t->pad[0];
                int64_t z = ox * t->stride[1] + kx * t->dilation[1] - t->pad[1];
                bool inside = y >= 0 && y < t->in[0] && z >= 0 && z < t->in[1];
                int64_t channel = group * t->ci + c;
                int64_t v = inside ? x[at4(n, channel, t->ci * t->groups, y, t->in[0], z, t->in[1])]
                                   : t->x_zero;
                sum +=
                    (v - t->x_zero) * (w[at4(m, c, t->ci, ky, t->k[0], kx, t->k[1])] - t->w_zero);
            }
    return sum;
}

/* The sources that a convolution with these weights would have read the result from. */
static int64_t naive_transposed(const twin *t, const int64_t *x, const int64_t *w, int64_t n,
                                int64_t m, int64_t oy, int64_t ox)
{
    int64_t sum = 0, group = m / t->co;
    for (int64_t c = 0; c < t->ci; c++)
        for (int64_t y = 0; y < t->in[0]; y++)
            for (int64_t z = 0; z < t->in[1]; z++)
                for (int64_t ky = 0; ky < t->k[0]; ky++)
                    for (int64_t kx = 0; kx < t->k[1]; kx++) {
                        int64_t channel = group * t->ci + c;
                        if (y * t->stride[0] + ky * t->dilation[0] - t->pad[0] != oy ||
                            z * t->stride[1] + kx * t->dilation[1] - t->pad[1] != ox)
                            continue;
                        int64_t v = x[at4(n, channel, t->ci * t->groups, y, t->in[0], z, t->in[1])];
                        sum += (v - t->x_zero) *
                               w[at4(channel, m % t->co, t->co, ky, t->k[0], kx, t->k[1])];
                    }
    return sum;
}

static int64_t between(amct_pcg *rng, int64_t least, int64_t greatest)
{
    return least + amct_pcg_below(rng, (uint32_t)(greatest - least + 1));
}

static twin random_twin(amct_pcg *rng, bool transposed)
{
    twin t = {.transposed = transposed};
    for (bool fits = false; !fits;) {
        fits = true;
        t.n = between(rng, 1, 2), t.groups = between(rng, 1, 3);
        t.ci = between(rng, 1, 3), t.co = between(rng, 1, 3);
        for (int d = 0; d < 2; d++) {
            t.in[d] = between(rng, 1, 6), t.k[d] = between(rng, 1, 3);
            t.stride[d] = between(rng, 1, 3), t.dilation[d] = between(rng, 1, 2);
            t.pad[d] = between(rng, 0, 2), t.pad[2 + d] = between(rng, 0, 2);
            int64_t extent = (t.k[d] - 1) * t.dilation[d] + 1, pads = t.pad[d] + t.pad[2 + d];
            t.out[d] = transposed ? (t.in[d] - 1) * t.stride[d] + extent - pads
                                  : (t.in[d] + pads - extent + t.stride[d]) / t.stride[d];
            fits &= transposed ? t.out[d] > 0 : t.in[d] + pads >= extent;
        }
    }
    return t;
}

/* Random numbers, as integers and for ops_case_src. */
static void fill(amct_pcg *rng, int64_t *ints, double *numbers, int64_t n, int64_t least,
                 int64_t greatest)
{
    for (int64_t i = 0; i < n; i++)
        numbers[i] = (double)(ints[i] = between(rng, least, greatest));
}

enum { MOST = 8192 };

static void check_twin(amct_pcg *rng, const char *op, uint32_t x_type, uint32_t w_type,
                       bool zero_point, bool zero_sources)
{
    static int64_t x[MOST], w[MOST], b[MOST];
    static double numbers[MOST], wanted[MOST];
    bool integers = x_type != AMCT_FLOAT;
    twin t = random_twin(rng, strcmp(op, "ConvTranspose") == 0);
    int64_t channels = t.ci * t.groups, results = t.co * t.groups;
    ops_case *c = ops_case_new(op, 1);
    ops_case_int(c, "group", t.groups);
    ops_case_ints(c, "strides", t.stride, 2);
    ops_case_ints(c, "dilations", t.dilation, 2);
    ops_case_ints(c, "pads", t.pad, 4);
    fill(rng, x, numbers, t.n * channels * t.in[0] * t.in[1], x_type == AMCT_UINT8 ? 0 : -128,
         x_type == AMCT_UINT8 ? 255 : 127);
    ops_case_src(c, x_type, DIMS(t.n, channels, t.in[0], t.in[1]), numbers, MOST);
    fill(rng, w, numbers, channels * t.co * t.k[0] * t.k[1], -128, 127);
    ops_case_src(c, w_type,
                 t.transposed ? DIMS(channels, t.co, t.k[0], t.k[1])
                              : DIMS(results, t.ci, t.k[0], t.k[1]),
                 numbers, MOST);
    memset(b, 0, sizeof b);
    if (zero_sources) {
        t.x_zero = between(rng, 0, 127), t.w_zero = between(rng, -128, 127);
        ops_case_src(c, x_type, SCALAR, NUMBERS((double)t.x_zero));
        ops_case_src(c, w_type, SCALAR, NUMBERS((double)t.w_zero));
    } else if (between(rng, 0, 1)) {
        fill(rng, b, numbers, results, -100000, 100000);
        ops_case_src(c, integers ? AMCT_INT32 : AMCT_FLOAT, DIMS(results), numbers, MOST);
    }
    if (zero_point)
        c->src[0].zero_point = (int32_t)(t.x_zero = between(rng, 0, 127));
    int64_t i = 0;
    for (int64_t n = 0; n < t.n; n++)
        for (int64_t m = 0; m < results; m++)
            for (int64_t y = 0; y < t.out[0]; y++)
                for (int64_t z = 0; z < t.out[1]; z++)
                    wanted[i++] = (double)(b[m] + (t.transposed ? naive_transposed : naive_conv)(
                                                      &t, x, w, n, m, y, z));
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    cr_assert_eq(c->dst[0].zero_point, 0);
    ops_case_expect(c, 0, integers ? AMCT_INT32 : AMCT_FLOAT,
                    DIMS(t.n, results, t.out[0], t.out[1]), wanted, (size_t)i);
    ops_case_free(c);
}

Test(ops_conv, floats_equal_the_naive_twin)
{
    amct_pcg rng = amct_pcg_new(1, 1);
    for (int i = 0; i < 60; i++)
        check_twin(&rng, "Conv", AMCT_FLOAT, AMCT_FLOAT, false, false);
}

Test(ops_conv, codes_behind_a_zero_point_equal_the_naive_twin)
{
    amct_pcg rng = amct_pcg_new(2, 1);
    for (int i = 0; i < 60; i++)
        check_twin(&rng, "Conv", i % 2 ? AMCT_UINT8 : AMCT_INT8, AMCT_INT8, true, false);
}

Test(ops_conv, transposed_floats_and_codes_equal_the_naive_twin)
{
    amct_pcg rng = amct_pcg_new(3, 1);
    for (int i = 0; i < 60; i++)
        check_twin(&rng, "ConvTranspose", i % 2 ? AMCT_FLOAT : AMCT_INT8,
                   i % 2 ? AMCT_FLOAT : AMCT_INT8, i % 2 == 0, false);
}

Test(ops_conv, conv_integer_equals_the_naive_twin)
{
    amct_pcg rng = amct_pcg_new(4, 1);
    for (int i = 0; i < 60; i++)
        check_twin(&rng, "ConvInteger", i % 2 ? AMCT_UINT8 : AMCT_INT8, AMCT_INT8, false, true);
}

/* ---- By hand -------------------------------------------------------------------------------- */

Test(ops_conv, one_and_three_spatial_dims)
{
    ops_case *c = ops_case_new("Conv", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 4), NUMBERS(1, 2, 3, 4));
    ops_case_src(c, AMCT_FLOAT, DIMS(1, 1, 2), NUMBERS(1, 10));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1, 3), NUMBERS(21, 32, 43));
    c = ops_case_new("Conv", 1);
    ops_case_src(c, AMCT_DOUBLE, DIMS(1, 1, 2, 2, 2), NUMBERS(1, 2, 3, 4, 5, 6, 7, 8));
    ops_case_src(c, AMCT_DOUBLE, DIMS(1, 1, 2, 1, 2), NUMBERS(1, 0, 0, 1));
    ops_case_gives(c, AMCT_DOUBLE, DIMS(1, 1, 1, 2, 1), NUMBERS(1 + 6, 3 + 8));
}

Test(ops_conv, sixteen_bit_floats_are_rounded_once)
{
    ops_case *c = ops_case_new("Conv", 1);
    ops_case_src(c, AMCT_FLOAT16, DIMS(1, 2, 1), NUMBERS(2048, 1));
    ops_case_src(c, AMCT_FLOAT16, DIMS(1, 2, 1), NUMBERS(1, 1));
    ops_case_src(c, AMCT_FLOAT16, DIMS(1), NUMBERS(1));
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    cr_assert_eq(amct_value_get(&c->dst[0], 0), 2050);
    ops_case_free(c);
}

Test(ops_conv, sums_beyond_int32_wrap)
{
    ops_case *c = ops_case_new("Conv", 1);
    ops_case_src(c, AMCT_INT8, DIMS(1, 1, 1), NUMBERS(127));
    ops_case_src(c, AMCT_INT8, DIMS(1, 1, 1), NUMBERS(127));
    ops_case_src(c, AMCT_INT32, DIMS(1), NUMBERS(INT32_MAX));
    ops_case_gives(c, AMCT_INT32, DIMS(1, 1, 1), NUMBERS(127.0 * 127 + INT32_MAX - 0x1p32));
}

Test(ops_conv, conv_integer_takes_a_zero_point_per_output_channel)
{
    ops_case *c = ops_case_new("ConvInteger", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(1, 1, 2), NUMBERS(10, 20));
    ops_case_src(c, AMCT_UINT8, DIMS(2, 1, 1), NUMBERS(3, 3));
    ops_case_no_src(c);
    ops_case_src(c, AMCT_UINT8, DIMS(2), NUMBERS(1, 4));
    ops_case_gives(c, AMCT_INT32, DIMS(1, 2, 2), NUMBERS(20, 40, -10, -20));
}

Test(ops_conv, packed_4_bit_weights_multiply_as_what_they_stand_for)
{
    ops_case *c = ops_case_new("Conv", 1);
    ops_case_src(c, AMCT_INT8, DIMS(1, 3, 1), NUMBERS(1, 10, 100));
    ops_case_src(c, AMCT_INT4, DIMS(1, 3, 1), NUMBERS(-8, 7, -1));
    ops_case_gives(c, AMCT_INT32, DIMS(1, 1, 1), NUMBERS(-8 + 70 - 100));
}

static ops_case *floats(const char *op, amct_shape x, amct_shape w)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, AMCT_FLOAT, x, NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, w, NUMBERS(1));
    return c;
}

Test(ops_conv, contradictions_are_refused)
{
    ops_case *c = floats("Conv", DIMS(1, 4, 5), DIMS(6, 3, 3));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Conv: weights are for 3 input channels, wanted 4 (of 4 in 1 groups)");
    c = floats("Conv", DIMS(1, 4, 5), DIMS(6, 4, 3));
    ops_case_int(c, "group", 3);
    ops_case_refuses(c, AMCT_E_INVALID, "Conv: 4 input channels do not divide into 3 groups");
    c = floats("Conv", DIMS(1, 4, 5), DIMS(5, 2, 3));
    ops_case_int(c, "group", 2);
    ops_case_refuses(c, AMCT_E_INVALID, "Conv: 5 output channels do not divide into 2 groups");
    c = floats("Conv", DIMS(1, 4, 5), DIMS(5, 2, 3));
    ops_case_int(c, "group", 0);
    ops_case_refuses(c, AMCT_E_INVALID, "Conv: group is 0, wanted at least 1");
    c = floats("Conv", DIMS(1, 0, 5), DIMS(0, 0, 3)); /* would be many groups of nothing */
    ops_case_int(c, "group", INT64_MAX);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Conv: 0 input channels do not divide into 9223372036854775807 groups");
    c = floats("ConvTranspose", DIMS(1, 4, 5), DIMS(3, 2, 3));
    ops_case_refuses(
        c, AMCT_E_INVALID,
        "ConvTranspose: weights are for 3 input channels, wanted 4 (of 4 in 1 groups)");
    c = floats("Conv", DIMS(1, 1, 5), DIMS(2, 1, 3));
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Conv: input 2 has shape 3, wanted 2");
    c = floats("Conv", DIMS(1, 1, 5), DIMS(2, 1, 3));
    ops_case_src(c, AMCT_INT32, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Conv: input 2 is int32, wanted float32");
    c = floats("Conv", DIMS(1, 1, 5), DIMS(2, 1, 0));
    ops_case_refuses(c, AMCT_E_INVALID, "Conv: kernel width of the weights is 0");
    c = floats("Conv", DIMS(1, 1, 5), DIMS(2, 1, 3));
    c->src[1].dtype = AMCT_INT8;
    ops_case_refuses(
        c, AMCT_E_INVALID,
        "Conv: input is float32 and weights are int8, wanted one float type or two of 8 bits");
    c = floats("ConvInteger", DIMS(1, 1, 5), DIMS(2, 1, 3));
    ops_case_refuses(c, AMCT_E_INVALID, "ConvInteger: input 0 is float32, wanted int8 or uint8");
}

Test(ops_conv, results_too_large_to_exist_are_refused)
{
    ops_case *c = floats("ConvTranspose", DIMS(1, 1, 2), DIMS(1, 1, 1));
    ops_case_ints(c, "strides", (int64_t[]){INT32_MAX}, 1);
    ops_case_ints(c, "output_padding", (int64_t[]){INT32_MAX - 1}, 1);
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    c->node.n_attrs = 0;
    c->src[0].shape = DIMS(1, 1, 1 << 15, 1 << 15);
    c->src[1].shape = DIMS(1, 1, 1, 1);
    ops_case_ints(c, "strides", (int64_t[]){1 << 10, 1 << 10}, 2);
    cr_assert_eq(ops_case_infer(c), AMCT_E_LIMIT);
    ops_case_free(c);
}
