/* Layers refitted to a part of what they read, against Gauss elimination and real outputs. */
#include "base/pcg.h"
#include "structure/refit.h"
#include "unit/structure_case.h"

#include <math.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

/* Drops a third of what a layer reads. */
static void random_keep(bool *keep, const structure_case *c, uint32_t layer, uint64_t seed)
{
    const amct_lane_operand *taken =
        amct_lanes_operand(c->groups->lanes, c->layers[layer].node, AMCT_LANE_TAKEN);
    amct_pcg rng = amct_pcg_new(seed, 2);
    memset(keep, true, c->groups->lanes->n);
    for (int64_t i = 0; i < c->grams[layer]->columns.channels; i++)
        keep[taken->lanes[i]] = amct_pcg_below(&rng, 3) > 0;
}

static float *filled(const amct_refit *r, const bool *keep, float **bias)
{
    amct_refit_size size = amct_refit_size_of(r, keep);
    *bias = malloc((size_t)size.channels * sizeof **bias);
    return malloc((size_t)size.weights * sizeof(float));
}

/* The one group of a layer of which all outputs stay. */
static void check_against_gauss(const structure_case *c, uint32_t l, const bool *keep, double ridge)
{
    const amct_layer *layer = &c->layers[l];
    const amct_gram *gram = c->grams[l];
    const amct_lane_operand *taken =
        amct_lanes_operand(c->groups->lanes, layer->node, AMCT_LANE_TAKEN);
    const amct_columns *s = &gram->columns;
    size_t n = (size_t)s->columns, m = (size_t)s->outputs, kept = 0;
    double *g = malloc(n * n * 8), *mean = malloc(n * 8), *a = malloc(n * n * 8);
    double *b = malloc(n * m * 8), *w = malloc(n * m * 8), diagonal = 0;
    size_t *at = malloc(n * sizeof *at);
    const float *weights = c->graph->tensors[layer->weights].data;
    amct_gram_read(g, mean, gram, 0, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            g[i * n + k] -= mean[i] * mean[k];
    for (size_t i = 0; i < n; i++) {
        diagonal += g[i * n + i] / (double)n;
        if (keep[taken->lanes[i / (size_t)s->taps]])
            at[kept++] = i;
        for (size_t o = 0; o < m; o++)
            w[i * m + o] = weights[amct_columns_weight(s, 0, (int64_t)o, (int64_t)i)];
    }
    double lambda = ridge * diagonal;
    for (size_t i = 0; i < kept; i++) {
        for (size_t k = 0; k < kept; k++)
            a[i * kept + k] = g[at[i] * n + at[k]] + (i == k ? lambda : 0);
        for (size_t o = 0; o < m; o++) {
            b[i * m + o] = lambda * w[at[i] * m + o];
            for (size_t k = 0; k < n; k++)
                b[i * m + o] += g[at[i] * n + k] * w[k * m + o];
        }
    }
    structure_gauss(a, b, kept, m);
    double wrong = 0, energy = 0; /* (w - w') C (w - w'), summed up plainly */
    double *away = malloc(n * m * 8);
    memcpy(away, w, n * m * 8);
    for (size_t i = 0; i < kept; i++)
        for (size_t o = 0; o < m; o++)
            away[at[i] * m + o] -= b[i * m + o];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            for (size_t o = 0; o < m; o++) {
                wrong += away[i * m + o] * g[i * n + k] * away[k * m + o];
                energy += w[i * m + o] * g[i * n + k] * w[k * m + o];
            }
    amct_refit *r;
    uint32_t *place = calloc(c->groups->lanes->n, sizeof *place);
    for (int pass = 0; pass < 2; pass++) { /* kept lanes anywhere, and then in front */
        double error;
        float *bias;
        for (uint32_t i = 0; i < c->groups->lanes->n; i++)
            place[i] = pass ? !keep[i] : 0;
        OK(amct_refit_new(&r, c->graph, layer, gram, c->groups->lanes, place, ridge, &err));
        float *got = filled(r, keep, &bias);
        OK(amct_refit_run(got, bias, &error, r, keep, &err));
        cr_expect_float_eq(error, wrong / energy, 1e-6 * (1 + wrong / energy), "%s: %g, %g",
                           layer->name, error, wrong / energy);
        bool by_row = s->output_step != 1 || m == 1;
        for (size_t i = 0; i < kept; i++)
            for (size_t o = 0; o < m; o++) {
                size_t place_of = by_row ? o * kept + i : i * m + o;
                cr_expect_float_eq(got[place_of], b[i * m + o], 1e-4, "%s", layer->name);
            }
        free(got);
        free(bias);
        amct_refit_free(r);
    }
    free(place);
    free(away);
    free(g), free(mean), free(a), free(b), free(w), free(at);
}

Test(structure_refit, weights_and_errors_are_those_of_gauss_elimination)
{
    static const struct {
        const char *net, *layer;
    } cases[] = {{"chain", "b"},     {"chain", "c"}, {"residual", "b2"},
                 {"residual", "fc"}, {"dense", "z"}, {"tokens", "down"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(cases[i].net), 12);
        bool *keep = malloc(c.groups->lanes->n);
        uint32_t l = structure_layer(&c, cases[i].layer);
        random_keep(keep, &c, l, i);
        check_against_gauss(&c, l, keep, 0.01);
        check_against_gauss(&c, l, keep, 0.3);
        free(keep);
        structure_case_end(&c);
    }
}

/* Forms of all layers that read lanes of a group, for what keep says. */
static amct_graph *refitted(const structure_case *c, const bool *keep, const uint32_t *place,
                            double ridge, bool scale, uint32_t watched, double *error)
{
    amct_layer_form *forms = calloc(c->n_layers + 1, sizeof *forms);
    amct_graph *out;
    for (uint32_t l = 0; l < c->n_layers; l++) {
        amct_refit *r;
        double e;
        if (!c->grams[l] ||
            !amct_lanes_operand(c->groups->lanes, c->layers[l].node, AMCT_LANE_TAKEN))
            continue;
        OK(amct_refit_new(&r, c->graph, &c->layers[l], c->grams[l], c->groups->lanes, place, ridge,
                          &err));
        float *bias, *weights = filled(r, keep, &bias);
        OK((scale ? amct_refit_scale : amct_refit_run)(weights, bias, &e, r, keep, &err));
        forms[l] = (amct_layer_form){.weights = weights, .bias = bias};
        if (l == watched)
            *error = e;
        amct_refit_free(r);
    }
    OK(amct_restructure(&out, c->graph, c->groups->lanes, keep, c->layers, c->n_layers, forms,
                        &err));
    /* the graph borrows them; they go with it */
    for (uint32_t l = 0; l < c->n_layers; l++) {
        if (forms[l].weights)
            amct_arena_own(out->arena, (void *)(uintptr_t)forms[l].weights, free);
        if (forms[l].bias)
            amct_arena_own(out->arena, (void *)(uintptr_t)forms[l].bias, free);
    }
    free(forms);
    return out;
}

Test(structure_refit, layers_of_all_kinds_are_as_wrong_as_it_says)
{
    static const struct {
        const char *net, *group, *reader;
        double tolerance; /* moments of large planes are those of some positions */
    } cases[] = {
        {"chain", "a", "b", 1e-3},      {"chain", "b", "c", 1e-3},
        {"depthwise", "a", "z", 1e-3},  {"residual", "b1", "b2", 1e-3},
        {"cardinal", "a", "z", 1e-3},   {"excite", "fc1", "fc2", 1e-3},
        {"decoder", "up1", "up3", 0.1}, {"decoder", "up3", "up4", 0.1},
        {"tokens", "up", "down", 1e-3}, {"shuffle", "g1", "g2", 1e-3},
        {"pick", "c", "z", 1e-3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(cases[i].net), 20);
        const amct_group *group = structure_group(&c, cases[i].group);
        uint32_t l = structure_layer(&c, cases[i].reader), n = c.groups->lanes->n;
        bool *keep = malloc(n);
        uint32_t *place = calloc(n, sizeof *place);
        memset(keep, true, n);
        for (uint32_t k = 0; k < group->n_lanes; k += 3)
            keep[group->lanes[k]] = false;
        for (int scale = 0; scale < 2; scale++) {
            double said = -1, error, variance;
            amct_graph *out = refitted(&c, keep, place, 0.01, scale, l, &said);
            structure_case_compare(&error, &variance, &c, c.graph, out, c.layers[l].result);
            cr_expect_float_eq(error / variance, said, cases[i].tolerance * said + 1e-7,
                               "%s %s: %g, said %g", cases[i].net, scale ? "scaled" : "refitted",
                               error / variance, said);
            amct_graph_free(out);
        }
        free(keep);
        free(place);
        structure_case_end(&c);
    }
}

Test(structure_refit, keeping_all_is_the_original)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 5);
        bool *keep = malloc(c.groups->lanes->n);
        uint32_t *place = calloc(c.groups->lanes->n, sizeof *place);
        memset(keep, true, c.groups->lanes->n);
        for (int scale = 0; scale < 2; scale++) {
            double none, error, variance;
            amct_graph *out = refitted(&c, keep, place, 0.1, scale, UINT32_MAX, &none);
            structure_case_compare(&error, &variance, &c, c.graph, out, c.graph->outputs[0]);
            cr_expect_leq(error, 1e-9 * variance, "%s: %g of %g", lane_nets[i].name, error,
                          variance);
            amct_graph_free(out);
        }
        free(keep);
        free(place);
        structure_case_end(&c);
    }
}

/* The first weights that make some channels of conv a become 0; its bias, too. */
static amct_graph *with_dead_channels(const char *net, uint32_t n_dead)
{
    amct_graph *g = lane_net_prepared(net);
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        if (strcmp(g->nodes[n].name, "a") != 0)
            continue;
        amct_tensor *w = &g->tensors[g->nodes[n].src[1]], *b = &g->tensors[g->nodes[n].src[2]];
        size_t each = (size_t)amct_shape_count(&w->shape, 1, w->shape.rank);
        memset((void *)(uintptr_t)w->data, 0, n_dead * each * sizeof(float));
        for (uint32_t i = 0; i < n_dead; i++)
            ((float *)(uintptr_t)b->data)[i] = -1; /* and a Relu follows */
    }
    return g;
}

Test(structure_refit, dead_channels_are_free)
{
    structure_case c;
    structure_case_begin(&c, with_dead_channels("chain", 5), 10);
    uint32_t n = c.groups->lanes->n;
    bool *keep = malloc(n);
    uint32_t *place = calloc(n, sizeof *place);
    memset(keep, true, n);
    memset(keep, false, 5);
    for (int scale = 0; scale < 2; scale++) {
        double said = -1, error, variance;
        amct_graph *out = refitted(&c, keep, place, 0.1, scale, structure_layer(&c, "b"), &said);
        structure_case_compare(&error, &variance, &c, c.graph, out, c.graph->outputs[0]);
        cr_expect_leq(error, 1e-9 * variance, "%g of %g", error, variance);
        amct_graph_free(out);
    }
    free(keep);
    free(place);
    structure_case_end(&c);
}
