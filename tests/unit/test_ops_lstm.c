#include "ops_case.h"

#include <criterion/criterion.h>
#include <math.h>

static double sigmoid(double v)
{
    return 1 / (1 + exp(-v));
}

/* One unit, one input, all weights by hand: gates i o f c. */
static const double lstm_w[] = {0.5, -0.25, 1, 0.75}, lstm_r[] = {0.1, 0.2, -0.3, 0.4};
static const double lstm_b[] = {0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08};

static void lstm_step(double x, double *h, double *c)
{
    double g[4];
    for (int k = 0; k < 4; k++)
        g[k] = lstm_w[k] * x + lstm_r[k] * *h + lstm_b[k] + lstm_b[4 + k];
    *c = sigmoid(g[2]) * *c + sigmoid(g[0]) * tanh(g[3]);
    *h = sigmoid(g[1]) * tanh(*c);
}

static ops_case *lstm(const char *direction, int64_t directions)
{
    ops_case *c = ops_case_new("LSTM", 3);
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 1, 1), NUMBERS(1, -2, 0.5));
    ops_case_src(c, AMCT_FLOAT, DIMS(directions, 4, 1), lstm_w, 4);
    ops_case_src(c, AMCT_FLOAT, DIMS(directions, 4, 1), lstm_r, 4);
    ops_case_src(c, AMCT_FLOAT, DIMS(directions, 8), lstm_b, 8);
    ops_case_int(c, "hidden_size", 1);
    ops_case_string(c, "direction", direction);
    return c;
}

Test(ops_lstm, lstm_steps_forwards_and_backwards)
{
    double x[] = {1, -2, 0.5}, fore[3], back[3], h = 0, c = 0, hb = 0, cb = 0;
    for (int t = 0; t < 3; t++) {
        lstm_step(x[t], &h, &c);
        fore[t] = h;
        lstm_step(x[2 - t], &hb, &cb);
        back[2 - t] = hb;
    }
    ops_case *k = lstm("forward", 1);
    cr_assert_eq(ops_case_run(k), AMCT_OK, "%s", k->err.text);
    ops_case_expect(k, 0, AMCT_FLOAT, DIMS(3, 1, 1, 1), fore, 3);
    ops_case_expect(k, 1, AMCT_FLOAT, DIMS(1, 1, 1), NUMBERS(h));
    ops_case_expect(k, 2, AMCT_FLOAT, DIMS(1, 1, 1), NUMBERS(c));
    ops_case_free(k);
    ops_case_gives(lstm("reverse", 1), AMCT_FLOAT, DIMS(3, 1, 1, 1), back, 3);
    k = lstm("bidirectional", 2);
    cr_assert_eq(ops_case_run(k), AMCT_OK, "%s", k->err.text);
    ops_case_expect(k, 0, AMCT_FLOAT, DIMS(3, 2, 1, 1),
                    NUMBERS(fore[0], back[0], fore[1], back[1], fore[2], back[2]));
    ops_case_expect(k, 2, AMCT_FLOAT, DIMS(2, 1, 1), NUMBERS(c, cb));
    ops_case_free(k);
}

Test(ops_lstm, lstm_begins_with_given_states_and_peeps_at_the_cell)
{
    ops_case *k = ops_case_new("LSTM", 1);
    double c = 0.5, in = 1 / (1 + exp(-0.1 * 0.5)), forget = 1 / (1 + exp(-0.3 * 0.5));
    ops_case_src(k, AMCT_FLOAT, DIMS(1, 1, 1), NUMBERS(0));
    ops_case_src(k, AMCT_FLOAT, DIMS(1, 4, 1), NUMBERS(1));
    ops_case_src(k, AMCT_FLOAT, DIMS(1, 4, 1), NUMBERS(0, 0, 0, 1));
    ops_case_no_src(k);
    ops_case_src(k, AMCT_INT32, DIMS(1), NUMBERS(1));
    ops_case_src(k, AMCT_FLOAT, DIMS(1, 1, 1), NUMBERS(0.25));
    ops_case_src(k, AMCT_FLOAT, DIMS(1, 1, 1), NUMBERS(c));
    ops_case_src(k, AMCT_FLOAT, DIMS(1, 3), NUMBERS(0.1, 0.2, 0.3));
    c = forget * c + in * tanh(0.25);
    double h = 1 / (1 + exp(-0.2 * c)) * tanh(c);
    ops_case_gives(k, AMCT_FLOAT, DIMS(1, 1, 1, 1), NUMBERS(h));
}

/* Two units, two samples: gates z r h. */
static double gru_gate(int gate, int unit, const double *x, const double *h, const double *w,
                       const double *r)
{
    int row = gate * 2 + unit;
    return w[row] * *x + r[row * 2] * h[0] + r[row * 2 + 1] * h[1];
}

Test(ops_lstm, gru_resets_before_or_after_the_product)
{
    double w[6], r[12], x[] = {1, -0.5};
    for (int i = 0; i < 12; i++)
        r[i] = 0.1 * (i % 5) - 0.2;
    for (int i = 0; i < 6; i++)
        w[i] = 0.3 * (i % 4) - 0.4;
    for (int after = 0; after < 2; after++) {
        double y[4], before[] = {0.5, -1, 0.25, 2};
        for (int n = 0; n < 2; n++)
            for (int u = 0; u < 2; u++) {
                const double *h = before + n * 2;
                double reset[2], gated[2], zeros[2] = {0};
                for (int v = 0; v < 2; v++) {
                    reset[v] = sigmoid(gru_gate(1, v, &x[n], h, w, r));
                    gated[v] = reset[v] * h[v];
                }
                double z = sigmoid(gru_gate(0, u, &x[n], h, w, r)), zero = 0;
                double in = gru_gate(2, u, &x[n], zeros, w, r);
                double fresh = after ? tanh(in + reset[u] * (gru_gate(2, u, &zero, h, w, r) + 0.7))
                                     : tanh(in + gru_gate(2, u, &zero, gated, w, r) + 0.7);
                y[n * 2 + u] = (1 - z) * fresh + z * h[u];
            }
        ops_case *c = ops_case_new("GRU", 2);
        ops_case_src(c, AMCT_DOUBLE, DIMS(1, 2, 1), x, 2);
        ops_case_src(c, AMCT_DOUBLE, DIMS(1, 6, 1), w, 6);
        ops_case_src(c, AMCT_DOUBLE, DIMS(1, 6, 2), r, 12);
        ops_case_src(c, AMCT_DOUBLE, DIMS(1, 12), NUMBERS(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.7, 0.7));
        ops_case_no_src(c);
        ops_case_src(c, AMCT_DOUBLE, DIMS(1, 2, 2), before, 4);
        ops_case_int(c, "linear_before_reset", after);
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        ops_case_expect(c, 0, AMCT_DOUBLE, DIMS(1, 1, 2, 2), y, 4);
        ops_case_expect(c, 1, AMCT_DOUBLE, DIMS(1, 2, 2), y, 4);
        ops_case_free(c);
    }
}

Test(ops_lstm, default_activations_may_be_named)
{
    static const char *const names[] = {"sigmoid", "Tanh", "Tanh"};
    ops_case *c = lstm("forward", 1);
    c->attrs[c->node.n_attrs++] =
        (amct_attr){.name = "activations", .type = AMCT_ATTR_STRINGS, .data = names, .count = 3};
    cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
    c->attrs[c->node.n_attrs - 1].count = 2;
    ops_case_refuses(
        c, AMCT_E_UNSUPPORTED,
        "LSTM: activations are not supported but for Sigmoid and Tanh in their places");
}

Test(ops_lstm, refusals)
{
    ops_case *c = lstm("forward", 1);
    ops_case_int(c, "layout", 1);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED, "LSTM: layout is not supported");
    c = lstm("forward", 1);
    ops_case_float(c, "clip", 1);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED, "LSTM: clip is not supported");
    c = lstm("sideways", 1);
    ops_case_refuses(c, AMCT_E_INVALID,
                     "LSTM: direction 'sideways' is not one of: forward, reverse, bidirectional");
    c = lstm("bidirectional", 1);
    ops_case_refuses(c, AMCT_E_INVALID, "LSTM: input 1 has shape 1x4x1, wanted 2x4x1");
    c = lstm("forward", 1);
    c->src[3].shape = DIMS(1, 4);
    ops_case_refuses(c, AMCT_E_INVALID, "LSTM: input 3 has shape 1x4, wanted 1x8");
    c = lstm("forward", 1);
    c->node.n_attrs = 0;
    ops_case_int(c, "hidden_size", 2);
    ops_case_refuses(c, AMCT_E_INVALID, "LSTM: hidden_size is 2, but 1 in input 2");
    c = lstm("forward", 1);
    c->src[0].shape = DIMS(3, 1);
    ops_case_refuses(c, AMCT_E_INVALID, "LSTM: inputs 0 to 2 have 2, 3 and 3 dims, wanted 3");
    c = lstm("forward", 1);
    ops_case_src(c, AMCT_INT32, DIMS(1), NUMBERS(2));
    cr_assert_eq(ops_case_infer(c), AMCT_E_UNSUPPORTED);
    c->variable[4] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED,
                     "LSTM: sequence 0 has length 2, only the whole 3 is supported");
}
