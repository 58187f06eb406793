/*
 * LSTM and GRU with ONNX's default activations. All of a direction's gates are two products per
 * step: of the input (W) and of the state before (R).
 */
#include "ops/param.h"
#include "ops/product.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

enum { X, W, R, B, LENGTHS, INITIAL_H, INITIAL_C, PEEPHOLES };
enum { FORWARD, REVERSE, BIDIRECTIONAL };
static const char *const directions[] = {"forward", "reverse", "bidirectional", NULL};

typedef struct rnn {
    int64_t steps, batch, inputs, hidden, directions;
    int64_t gates; /* of all units: 4 or 3 times hidden */
    uint32_t direction;
    bool linear_before_reset;
} rnn;

/* What one direction works with: rows of a batch, in doubles. */
typedef struct state {
    const amct_value *weights, *recurrent, *bias, *peepholes;
    int64_t direction;
    double *from_x, *from_h; /* batch x gates: W's and R's products with their biases */
    double *h, *c;           /* batch x hidden */
    double *reset_h;         /* batch x hidden: GRU's state behind the reset gate */
    double *room;            /* for products */
} state;

static amct_status rnn_make(rnn *out, const amct_node *node, const amct_shape *x,
                            const amct_shape *weights, const amct_shape *recurrent, amct_err *err)
{
    int64_t each = amct_node_is(node, "LSTM") ? 4 : 3;
    rnn r = {.linear_before_reset = amct_node_int(node, "linear_before_reset", 0) != 0};
    AMCT_TRY(amct_param_word(&r.direction, node, "direction", directions, err));
    if (x->rank != 3 || weights->rank != 3 || recurrent->rank != 3)
        return amct_fail(err, AMCT_E_INVALID, "inputs 0 to 2 have %d, %d and %d dims, wanted 3",
                         x->rank, weights->rank, recurrent->rank);
    r.steps = x->dims[0], r.batch = x->dims[1], r.inputs = x->dims[2];
    r.directions = r.direction == BIDIRECTIONAL ? 2 : 1;
    r.hidden = recurrent->dims[2];
    r.gates = each * r.hidden;
    int64_t declared = amct_node_int(node, "hidden_size", r.hidden);
    amct_shape want_w = {3, {r.directions, r.gates, r.inputs}};
    amct_shape want_r = {3, {r.directions, r.gates, r.hidden}};
    char found[128], wanted[128];
    if (declared != r.hidden)
        return amct_fail(err, AMCT_E_INVALID, "hidden_size is %lld, but %lld in input 2",
                         (long long)declared, (long long)r.hidden);
    if (!amct_shape_equal(weights, &want_w))
        return amct_fail(err, AMCT_E_INVALID, "input 1 has shape %s, wanted %s",
                         amct_shape_print(weights, found, sizeof found),
                         amct_shape_print(&want_w, wanted, sizeof wanted));
    if (!amct_shape_equal(recurrent, &want_r))
        return amct_fail(err, AMCT_E_INVALID, "input 2 has shape %s, wanted %s",
                         amct_shape_print(recurrent, found, sizeof found),
                         amct_shape_print(&want_r, wanted, sizeof wanted));
    *out = r;
    return AMCT_OK;
}

/* ---- Rules ---------------------------------------------------------------------------------- */

static amct_status check_attributes(const amct_node *node, const rnn *r, amct_err *err)
{
    static const char *const lstm[] = {"Sigmoid", "Tanh", "Tanh"};
    static const char *const refused[] = {"clip", "input_forget", "layout"};
    const amct_attr *activations = amct_node_attr(node, "activations");
    size_t each = amct_node_is(node, "LSTM") ? 3 : 2;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const amct_attr *attr = amct_node_attr(node, refused[i]);
        if (attr && (attr->type != AMCT_ATTR_INT || attr->i != 0))
            return amct_fail(err, AMCT_E_UNSUPPORTED, "%s is not supported", refused[i]);
    }
    if (!activations)
        return AMCT_OK;
    bool same = activations->type == AMCT_ATTR_STRINGS &&
                activations->count == each * (size_t)r->directions;
    for (size_t i = 0; same && i < activations->count; i++)
        same = strcasecmp(((const char *const *)activations->data)[i], lstm[i % each]) == 0;
    if (!same)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "activations are not supported but for Sigmoid and Tanh in their places");
    return AMCT_OK;
}

static amct_status check_lengths(const amct_value *lengths, const rnn *r, amct_err *err)
{
    for (int64_t i = 0; lengths && lengths->data && i < r->batch; i++) {
        int64_t length = amct_value_get_int(lengths, i);
        if (length != r->steps)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "sequence %lld has length %lld, only the whole %lld is supported",
                             (long long)i, (long long)length, (long long)r->steps);
    }
    return AMCT_OK;
}

static amct_status want_shape(const amct_infer *in, uint32_t i, const amct_shape *shape,
                              amct_err *err)
{
    char found[128], wanted[128];
    const amct_tensor *src = amct_infer_src(in, i);
    if (!src || i == LENGTHS)
        return AMCT_OK;
    AMCT_TRY(amct_want_dtype(in, i, in->src[X]->dtype, err));
    if (!amct_shape_equal(&src->shape, shape))
        return amct_fail(err, AMCT_E_INVALID, "input %u has shape %s, wanted %s", i,
                         amct_shape_print(&src->shape, found, sizeof found),
                         amct_shape_print(shape, wanted, sizeof wanted));
    return AMCT_OK;
}

static amct_status infer_rnn(const amct_infer *in, amct_err *err)
{
    amct_value values[LENGTHS + 1];
    const amct_value *src[LENGTHS + 1];
    rnn r;
    AMCT_TRY(amct_want_float(in, X, err));
    AMCT_TRY(amct_want_dtype(in, W, in->src[X]->dtype, err));
    AMCT_TRY(amct_want_dtype(in, R, in->src[X]->dtype, err));
    AMCT_TRY(
        rnn_make(&r, in->node, &in->src[X]->shape, &in->src[W]->shape, &in->src[R]->shape, err));
    AMCT_TRY(check_attributes(in->node, &r, err));
    amct_shape bias = {2, {r.directions, 2 * r.gates}};
    amct_shape last = {3, {r.directions, r.batch, r.hidden}};
    amct_shape peepholes = {2, {r.directions, 3 * r.hidden}};
    amct_shape all = {4, {r.steps, r.directions, r.batch, r.hidden}};
    AMCT_TRY(want_shape(in, B, &bias, err));
    AMCT_TRY(want_shape(in, INITIAL_H, &last, err));
    AMCT_TRY(want_shape(in, INITIAL_C, &last, err));
    AMCT_TRY(want_shape(in, PEEPHOLES, &peepholes, err));
    if (amct_infer_src(in, LENGTHS)) {
        AMCT_TRY(amct_want_dtype(in, LENGTHS, AMCT_INT32, err));
        AMCT_TRY(amct_want_vector(in, LENGTHS, r.batch, err));
    }
    amct_infer_sources(values, src, LENGTHS + 1, in);
    AMCT_TRY(check_lengths(src[LENGTHS], &r, err));
    for (uint32_t i = 0; i < 3; i++)
        amct_infer_dst(in, i, in->src[X]->dtype, i ? &last : &all);
    return AMCT_OK;
}

/* ---- Kernels -------------------------------------------------------------------------------- */

static double sigmoid(double v)
{
    return 1 / (1 + exp(-v));
}

/* sums (batch x cols) = bias + left (batch x shared) * rows first to first + cols of weights,
 * transposed. `second`: the bias is R's half. */
static void product(double *sums, const state *s, const rnn *r, const amct_value *left,
                    int64_t left_at, const amct_value *weights, int64_t shared, int64_t first,
                    int64_t cols, bool second)
{
    int64_t bias_at = (s->direction * 2 + second) * r->gates + first;
    for (int64_t i = 0; i < r->batch * cols; i++)
        sums[i] = s->bias ? amct_value_get(s->bias, bias_at + i % cols) : 0;
    amct_matrix a = {.value = left, .at = left_at, .row_step = shared, .col_step = 1};
    amct_matrix b = {.value = weights,
                     .at = (s->direction * r->gates + first) * shared,
                     .row_step = 1,
                     .col_step = shared};
    amct_product_add(sums, s->room, &a, &b, r->batch, shared, cols);
}

static void lstm_cell(const state *s, const rnn *r)
{
    int64_t n = r->hidden;
    for (int64_t i = 0; i < r->batch * n; i++) {
        double gate[4], peep[3], *c = &s->c[i];
        int64_t unit = i % n, at = i / n * r->gates + unit;
        for (int64_t g = 0; g < 4; g++)
            gate[g] = s->from_x[at + g * n] + s->from_h[at + g * n];
        for (int64_t g = 0; g < 3; g++)
            peep[g] =
                s->peepholes ? amct_value_get(s->peepholes, (s->direction * 3 + g) * n + unit) : 0;
        double in = sigmoid(gate[0] + peep[0] * *c), forget = sigmoid(gate[2] + peep[2] * *c);
        *c = forget * *c + in * tanh(gate[3]);
        s->h[i] = sigmoid(gate[1] + peep[1] * *c) * tanh(*c);
    }
}

static void gru_cell(const state *s, const rnn *r)
{
    int64_t n = r->hidden;
    for (int64_t i = 0; i < r->batch * n; i++) {
        int64_t at = i / n * r->gates + i % n + n;
        s->reset_h[i] = sigmoid(s->from_x[at] + s->from_h[at]);
        if (!r->linear_before_reset)
            s->reset_h[i] *= s->h[i];
    }
    if (!r->linear_before_reset) { /* the hidden gate sees the reset state */
        amct_value reset = {.dtype = AMCT_DOUBLE, .data = s->reset_h};
        double *sums = s->room + r->batch + 2 * r->gates;
        product(sums, s, r, &reset, 0, s->recurrent, n, 2 * n, n, true);
        for (int64_t i = 0; i < r->batch * n; i++)
            s->from_h[i / n * r->gates + i % n + 2 * n] = sums[i];
    }
    for (int64_t i = 0; i < r->batch * n; i++) {
        int64_t at = i / n * r->gates + i % n;
        double update = sigmoid(s->from_x[at] + s->from_h[at]);
        double reset = r->linear_before_reset ? s->reset_h[i] : 1;
        double fresh = tanh(s->from_x[at + 2 * n] + reset * s->from_h[at + 2 * n]);
        s->h[i] = (1 - update) * fresh + update * s->h[i];
    }
}

static void run_direction(const amct_call *call, const rnn *r, const state *s)
{
    const amct_value *x = call->src[X], *all = amct_call_dst(call, 0);
    const amct_value *first_h = amct_call_src(call, INITIAL_H);
    const amct_value *first_c = amct_call_src(call, INITIAL_C);
    amct_value h = {.dtype = AMCT_DOUBLE, .data = s->h};
    bool lstm = amct_node_is(call->node, "LSTM");
    int64_t n = r->batch * r->hidden, at = s->direction * n;
    for (int64_t i = 0; i < n; i++) {
        s->h[i] = first_h ? amct_value_get(first_h, at + i) : 0;
        s->c[i] = first_c ? amct_value_get(first_c, at + i) : 0;
    }
    for (int64_t step = 0; step < r->steps; step++) {
        bool backwards = r->direction == REVERSE || s->direction == 1;
        int64_t t = backwards ? r->steps - 1 - step : step;
        product(s->from_x, s, r, x, t * r->batch * r->inputs, s->weights, r->inputs, 0, r->gates,
                false);
        product(s->from_h, s, r, &h, 0, s->recurrent, r->hidden, 0, r->gates, true);
        if (lstm)
            lstm_cell(s, r);
        else
            gru_cell(s, r);
        if (all)
            amct_row_store(all, (t * r->directions + s->direction) * n, 1, s->h, n);
    }
    for (uint32_t i = 1; i < 3; i++)
        if (amct_call_dst(call, i))
            amct_row_store(call->dst[i], at, 1, i == 1 ? s->h : s->c, n);
}

static amct_status run_rnn(const amct_call *call, amct_err *err)
{
    rnn r;
    AMCT_TRY(rnn_make(&r, call->node, &call->src[X]->shape, &call->src[W]->shape,
                      &call->src[R]->shape, err));
    AMCT_TRY(check_lengths(amct_call_src(call, LENGTHS), &r, err));
    int64_t sizes[] = {r.batch * r.gates,  r.batch * r.gates,
                       r.batch * r.hidden, r.batch * r.hidden,
                       r.batch * r.hidden, r.batch + 2 * r.gates + r.batch * r.hidden};
    double *rows[6];
    bool complete = true;
    for (int i = 0; i < 6; i++)
        complete &= (rows[i] = amct_rows_new(1, sizes[i])) != NULL;
    for (int64_t d = 0; complete && d < r.directions; d++) {
        state s = {.weights = call->src[W],
                   .recurrent = call->src[R],
                   .bias = amct_call_src(call, B),
                   .peepholes = amct_call_src(call, PEEPHOLES),
                   .direction = d,
                   .from_x = rows[0],
                   .from_h = rows[1],
                   .h = rows[2],
                   .c = rows[3],
                   .reset_h = rows[4],
                   .room = rows[5]};
        run_direction(call, &r, &s);
    }
    for (int i = 0; i < 6; i++)
        free(rows[i]);
    return complete ? AMCT_OK : amct_fail_nomem(err);
}

const amct_op amct_ops_lstm[] = {
    {"LSTM", 3, 8, 3, infer_rnn, run_rnn},
    {"GRU", 3, 6, 2, infer_rnn, run_rnn},
};
const size_t amct_n_ops_lstm = sizeof amct_ops_lstm / sizeof *amct_ops_lstm;
