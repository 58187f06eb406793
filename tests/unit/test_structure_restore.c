/* Sequential rebuild: weights against Gauss elimination on what the rebuilt network makes, and what
 * it is good for. */
#include "structure/restore.h"
#include "structure/structure.h"
#include "unit/structure_case.h"

#include <math.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

static amct_graph *restored(const structure_case *c, const amct_graph *candidate, const bool *keep,
                            double ridge, size_t limit)
{
    amct_graph *out;
    amct_exec *exec;
    amct_restore_options options = {ridge, limit};
    OK(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, &err));
    OK(amct_restore(&out, candidate, c->graph, c->groups->lanes, keep, exec, &c->feed, &options,
                    &err));
    amct_exec_free(exec);
    return out;
}

static double error_of(const structure_case *c, const amct_graph *graph, uint32_t tensor)
{
    double error, variance;
    structure_case_compare(&error, &variance, c, c->graph, graph, tensor);
    return error / variance;
}

/* A clone in which a layer has other weights, which it borrows: `by` times those that it had, each
 * with something of another one. */
static amct_graph *disturbed(const structure_case *c, const char *name, float by, float other,
                             float **weights, float **bias)
{
    uint32_t l = structure_layer(c, name);
    const amct_tensor *w = &c->graph->tensors[c->layers[l].weights];
    const amct_tensor *b = &c->graph->tensors[c->layers[l].bias];
    size_t n = w->bytes / sizeof(float), m = b->bytes / sizeof(float);
    *weights = malloc(w->bytes), *bias = malloc(b->bytes);
    for (size_t i = 0; i < n; i++)
        (*weights)[i] =
            by * ((const float *)w->data)[i] + other * ((const float *)w->data)[(i * 7 + 3) % n];
    for (size_t i = 0; i < m; i++)
        (*bias)[i] = by * ((const float *)b->data)[i];
    amct_layer_form *forms = calloc(c->n_layers, sizeof *forms);
    forms[l] = (amct_layer_form){.weights = *weights, .bias = *bias};
    amct_graph *out;
    OK(amct_restructure(&out, c->graph, NULL, NULL, c->layers, c->n_layers, forms, &err));
    free(forms);
    return out;
}

Test(structure_restore, what_is_not_changed_stays)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 4);
        amct_graph *same, *out;
        OK(amct_graph_clone(&same, c.graph, &err));
        out = restored(&c, same, NULL, 0.01, SIZE_MAX);
        cr_expect_eq(error_of(&c, out, c.graph->outputs[0]), 0, "%s", lane_nets[i].name);
        amct_graph_free(out);
        amct_graph_free(same);
        structure_case_end(&c);
    }
}

Test(structure_restore, a_layer_undoes_what_can_be_undone)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("chain"), 60);
    float *weights, *bias;
    amct_graph *twice = disturbed(&c, "a", 2, 0, &weights, &bias);
    amct_graph *out = restored(&c, twice, NULL, 1e-6, SIZE_MAX);
    double before = error_of(&c, twice, c.graph->outputs[0]);
    double after = error_of(&c, out, c.graph->outputs[0]);
    cr_expect_gt(before, 0.05);
    cr_expect_leq(after, 1e-6, "%g, before %g", after, before);
    amct_graph_free(out);
    amct_graph_free(twice);
    free(weights), free(bias);
    structure_case_end(&c);
}

/* ---- Against Gauss ----------------------------------------------------------------------------
 */

/* Patches of 3 x 3 with padding 1 of values in C order: (samples * h * w) x (channels * 9). */
static double *patches(const float *x, size_t samples, size_t channels, size_t h, size_t w)
{
    double *p = calloc(samples * h * w * channels * 9, sizeof *p), *to = p;
    for (size_t s = 0; s < samples; s++)
        for (size_t i = 0; i < h * w; i++)
            for (size_t k = 0; k < channels * 9; k++, to++) {
                size_t y = i / w + k % 9 / 3, z = i % w + k % 3; /* 1 too many each */
                if (y > 0 && y <= h && z > 0 && z <= w)
                    *to = x[(s * channels + k / 9) * h * w + (y - 1) * w + z - 1];
            }
    return p;
}

static const amct_layer *layer_of(const amct_layer *layers, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(layers[i].name, name) == 0)
            return &layers[i];
    cr_assert_fail("no layer '%s'", name);
    return NULL;
}

/* The square error behind ReLU of output o. p: rows of k columns; m outputs; other may be NULL. */
static double error_behind(const double *w, double bias, const double *p, const double *aim,
                           const double *other, size_t rows, size_t k, size_t m, size_t o)
{
    double error = 0;
    for (size_t r = 0; r < rows; r++) {
        double t = other ? other[r * m + o] : 0, have = bias + t;
        for (size_t i = 0; i < k; i++)
            have += p[r * k + i] * w[i];
        double rest = fmax(have, 0) - fmax(aim[r * m + o] + t, 0);
        error += rest * rest;
    }
    return error;
}

/* A 3 x 3 layer of `out`, rebuilt from `candidate`; what it aims at is the original's result, with
 * `stream` less what the rebuilt network has there. It has the weights that Gauss finds, or, if a
 * ReLU follows, ones whose error behind it is less. Returns which part of that error is left. */
static double check_layer(const structure_case *c, const amct_graph *candidate,
                          const amct_graph *out, const bool *keep, const char *name,
                          uint32_t stream, double ridge, bool relu)
{
    amct_layer *before, *after;
    uint32_t n_before, n_after;
    OK(amct_layers_find(&before, &n_before, candidate, &err));
    OK(amct_layers_find(&after, &n_after, out, &err));
    const amct_layer *old = layer_of(before, n_before, name);
    const amct_layer *now = layer_of(after, n_after, name);
    const amct_shape *src = &out->tensors[now->src].shape, *dst = &out->tensors[now->result].shape;
    size_t channels = (size_t)src->dims[1], h = (size_t)dst->dims[2], w = (size_t)dst->dims[3];
    size_t rows = c->n_samples * h * w, k = channels * 9, m = (size_t)dst->dims[1], size;
    size_t all = (size_t)c->graph->tensors[now->result].shape.dims[1];
    float *x = structure_case_values(c, out, now->src, &size);
    float *y = structure_case_values(c, c->graph, now->result, &size);
    float *theirs = NULL, *ours = NULL;
    if (stream != AMCT_NO_TENSOR) {
        theirs = structure_case_values(c, c->graph, stream, &size);
        ours = structure_case_values(c, out, stream, &size);
    }
    double *p = patches(x, c->n_samples, channels, h, w), *mean = calloc(k, 8), trace = 0;
    double *cov = calloc(k * k, 8), *b = calloc(k * m, 8), *aim = calloc(rows * m, 8);
    double *other = theirs ? calloc(rows * m, 8) : NULL, sum = 0, by_gauss = 0;
    double *column = calloc(k, 8);
    const uint32_t *lanes = c->groups->lanes->of[now->result];
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0, to = 0; o < all; o++) {
            if (keep && !keep[lanes[o]])
                continue;
            size_t at = (r / (h * w) * all + o) * h * w + r % (h * w);
            if (theirs)
                other[r * m + to] = ours[at];
            aim[r * m + to++] = y[at] + (theirs ? theirs[at] - ours[at] : 0);
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < k; i++)
            mean[i] += p[r * k + i] / (double)rows;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < k; i++) {
            double a = (p[r * k + i] - mean[i]) / (double)rows;
            for (size_t j = 0; j < k; j++)
                cov[i * k + j] += a * (p[r * k + j] - mean[j]);
            for (size_t o = 0; o < m; o++)
                b[i * m + o] += a * aim[r * m + o];
        }
    for (size_t i = 0; i < k; i++)
        trace += cov[i * k + i] / (double)k;
    const float *was = candidate->tensors[old->weights].data, *is = out->tensors[now->weights].data;
    for (size_t i = 0; i < k; i++) {
        cov[i * k + i] += ridge * trace;
        for (size_t o = 0; o < m; o++)
            b[i * m + o] += ridge * trace * was[o * k + i];
    }
    structure_gauss(cov, b, k, m);
    for (size_t o = 0; o < m; o++) {
        double bias = 0;
        for (size_t r = 0; r < rows; r++)
            bias += aim[r * m + o] / (double)rows;
        for (size_t i = 0; i < k; i++) {
            if (!relu)
                cr_expect_float_eq(is[o * k + i], b[i * m + o], 2e-3, "%s: %g, by Gauss %g", name,
                                   (double)is[o * k + i], b[i * m + o]);
            bias -= b[i * m + o] * mean[i];
            column[i] = b[i * m + o];
        }
        double has = ((const float *)out->tensors[now->bias].data)[o];
        if (!relu)
            cr_expect_float_eq(has, bias, 1e-2);
        by_gauss += error_behind(column, bias, p, aim, other, rows, k, m, o);
        for (size_t i = 0; i < k; i++)
            column[i] = is[o * k + i];
        sum += error_behind(column, has, p, aim, other, rows, k, m, o);
    }
    cr_expect_leq(sum, 1.001 * by_gauss, "%s: %g, by Gauss %g", name, sum, by_gauss);
    free(other), free(column);
    free(p), free(mean), free(cov), free(b), free(aim), free(x), free(y), free(theirs), free(ours);
    free(before), free(after);
    return sum / by_gauss;
}

/* relu: as it is; else with activations that cut nothing off. */
static void check_residual(bool relu)
{
    structure_case c;
    double left = 1;
    amct_graph *graph = lane_net_prepared("residual");
    for (uint32_t i = 0; !relu && i < graph->n_nodes; i++)
        if (amct_node_is(&graph->nodes[i], "Relu"))
            graph->nodes[i].op = "Tanh";
    structure_case_begin(&c, graph, 20);
    float *weights, *bias;
    uint32_t n = c.groups->lanes->n, stream = c.layers[structure_layer(&c, "b1")].src;
    amct_graph *first = disturbed(&c, "stem", 1, 0.4f, &weights, &bias), *second, *out;
    bool *keep = malloc(n);
    memset(keep, true, n);
    out = restored(&c, first, keep, 0.02, SIZE_MAX);
    left *= check_layer(&c, first, out, keep, "b1", AMCT_NO_TENSOR, 0.02, relu);
    left *= check_layer(&c, first, out, keep, "b2", stream, 0.02, relu);
    amct_graph_free(out);
    const amct_group *group = structure_group(&c, "b1");
    for (uint32_t i = 0; i < 4; i++)
        keep[group->lanes[i * 2 + 1]] = false;
    OK(amct_restructure(&second, first, c.groups->lanes, keep, c.layers, 0, NULL, &err));
    out = restored(&c, second, keep, 0.02, SIZE_MAX);
    left *= check_layer(&c, second, out, keep, "b1", AMCT_NO_TENSOR, 0.02, relu);
    left *= check_layer(&c, second, out, keep, "b2", stream, 0.02, relu);
    amct_graph_free(out);
    amct_graph_free(second);
    amct_graph_free(first);
    free(keep), free(weights), free(bias);
    if (relu)
        cr_expect_lt(left, 0.99, "%g", left);
    structure_case_end(&c);
}

Test(structure_restore, weights_aim_at_the_original_s_results_and_stream)
{
    check_residual(false);
}

Test(structure_restore, weights_aim_behind_what_relu_cuts_off)
{
    check_residual(true);
}

/* ---- Candidates -------------------------------------------------------------------------------
 */

static amct_structure *open(const structure_case *c)
{
    amct_structure *s;
    amct_structure_options options = {.multiple = 1, .ridge = 0.01, .limit_bytes = SIZE_MAX};
    OK(amct_structure_new(&s, c->graph, c->layers, c->n_layers, c->grams, c->n_samples, &options,
                          &err));
    return s;
}

Test(structure_restore, networks_with_dropped_channels_come_nearer_to_the_original)
{
    static const char *const nets[] = {"chain", "residual", "dense", "split", "shuffle", "pick"};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(nets[i]), 120);
        amct_structure *s = open(&c);
        uint32_t *kept = calloc(amct_structure_n_groups(s), sizeof *kept);
        for (uint32_t g = 0; g < amct_structure_n_groups(s); g++) {
            amct_group_levels l = amct_structure_group(s, g);
            kept[g] = l.n ? l.kept[l.n / 3] : 0;
        }
        amct_structured out;
        OK(amct_structure_build(&out, s, &(amct_structure_genome){kept, NULL}, &err));
        amct_graph *better = restored(&c, out.graph, out.keep, 0.01, SIZE_MAX);
        amct_graph *chosen = restored(&c, out.graph, out.keep, 0, SIZE_MAX);
        uint32_t y = c.graph->outputs[0];
        double before = error_of(&c, out.graph, y);
        cr_expect_lt(error_of(&c, better, y), before, "%s: %g, before %g", nets[i],
                     error_of(&c, better, y), before);
        cr_expect_lt(error_of(&c, chosen, y), before, "%s: %g, before %g", nets[i],
                     error_of(&c, chosen, y), before);
        amct_graph_free(better);
        amct_graph_free(chosen);
        amct_structured_free(&out);
        free(kept);
        amct_structure_free(s);
        structure_case_end(&c);
    }
}

Test(structure_restore, layers_in_two_are_rebuilt_as_one)
{
    static const struct {
        const char *net, *before, *layer; /* before: makes what the layer reads, scaled */
        amct_rank rank;
    } cases[] = {{"chain", "a", "b", {AMCT_SPLIT_AFTER, 3}},
                 {"chain", "a", "b", {AMCT_SPLIT_BEFORE, 3}},
                 {"chain", "a", "b", {AMCT_SPLIT_ROWS, 4}},
                 {"chain", "a", "b", {AMCT_SPLIT_COLUMNS, 4}},
                 {"chain", "b", "c", {AMCT_SPLIT_AFTER, 4}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(cases[i].net), 200);
        amct_structure *s = open(&c);
        uint32_t l = structure_layer(&c, cases[i].layer);
        amct_rank *ranks = calloc(c.n_layers, sizeof *ranks);
        ranks[l] = cases[i].rank;
        amct_structured out;
        OK(amct_structure_build(&out, s, &(amct_structure_genome){NULL, ranks}, &err));
        cr_assert_eq(out.n_layers, c.n_layers + 1);
        amct_graph *plain = restored(&c, out.graph, NULL, 1e-4, SIZE_MAX);
        float *weights, *bias;
        amct_graph *scaled = disturbed(&c, cases[i].before, 2, 0, &weights, &bias);
        uint32_t b = structure_layer(&c, cases[i].before);
        for (uint32_t k = 0; k < out.n_layers; k++) /* the same in the candidate */
            if (out.origins[k].layer == b) {
                amct_node *node = &out.graph->nodes[out.layers[k].node];
                node->src[1] = (uint32_t)out.graph->n_tensors;
                amct_tensor t = c.graph->tensors[c.layers[b].weights];
                uint32_t id;
                t.data = weights;
                OK(amct_graph_add_tensor(out.graph, &t, &id, &err));
                t = c.graph->tensors[c.layers[b].bias];
                t.data = bias;
                node->src[2] = id + 1;
                OK(amct_graph_add_tensor(out.graph, &t, &id, &err));
            }
        amct_graph *again = restored(&c, out.graph, NULL, 1e-4, SIZE_MAX);
        uint32_t y = c.layers[l].result;
        double one = error_of(&c, plain, y), two = error_of(&c, again, y);
        double broken = error_of(&c, out.graph, y);
        cr_expect_float_eq(one, two, 0.02 * one + 1e-6, "%s %s form %d: %g, scaled %g",
                           cases[i].net, cases[i].layer, (int)cases[i].rank.form, one, two);
        cr_expect_lt(two, 0.5 * broken, "%s: %g of %g", cases[i].layer, two, broken);
        amct_graph_free(again);
        amct_graph_free(plain);
        amct_graph_free(scaled);
        amct_structured_free(&out);
        free(weights), free(bias), free(ranks);
        amct_structure_free(s);
        structure_case_end(&c);
    }
}

Test(structure_restore, products_of_matrices_in_two_come_nearer_too)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("tokens"), 60);
    amct_structure *s = open(&c);
    amct_rank *ranks = calloc(c.n_layers, sizeof *ranks);
    uint32_t up = structure_layer(&c, "up"), down = structure_layer(&c, "down");
    ranks[up] = (amct_rank){AMCT_SPLIT_AFTER, 6};
    ranks[down] = (amct_rank){AMCT_SPLIT_AFTER, 5};
    amct_structured out;
    OK(amct_structure_build(&out, s, &(amct_structure_genome){NULL, ranks}, &err));
    amct_graph *better = restored(&c, out.graph, NULL, 0.01, SIZE_MAX);
    uint32_t y = c.layers[down].result;
    cr_expect_lt(error_of(&c, better, y), error_of(&c, out.graph, y), "%g, before %g",
                 error_of(&c, better, y), error_of(&c, out.graph, y));
    amct_graph_free(better);
    amct_structured_free(&out);
    free(ranks);
    amct_structure_free(s);
    structure_case_end(&c);
}

Test(structure_restore, one_batch_is_enough_to_run_and_dead_channels_do_no_harm)
{
    structure_case c;
    structure_case_begin(&c, lane_net_prepared("chain"), 8);
    uint32_t n = c.groups->lanes->n;
    bool *keep = malloc(n);
    memset(keep, true, n);
    const amct_group *group = structure_group(&c, "a");
    for (uint32_t i = 1; i < group->n_lanes; i++)
        keep[group->lanes[i]] = false;
    float *weights, *bias; /* the one that is left is 0 */
    amct_graph *dead = disturbed(&c, "a", 0, 0, &weights, &bias), *candidate;
    OK(amct_restructure(&candidate, dead, c.groups->lanes, keep, c.layers, 0, NULL, &err));
    amct_graph *out = restored(&c, candidate, keep, 0, 1);
    cr_expect(isfinite(error_of(&c, out, c.graph->outputs[0])));
    amct_graph_free(out);
    amct_graph_free(candidate);
    amct_graph_free(dead);
    free(keep), free(weights), free(bias);
    structure_case_end(&c);
}
