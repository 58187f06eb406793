#include "compress/equalise.h"
#include "exec/plan.h"
#include "passes/prepare.h"
#include "unit/export_net.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

enum { CHANNELS = 8, SIDE = 6, RESULTS = CHANNELS * SIDE * SIDE };

/* Multiplies what makes channel c of a layer by 2^c, which equalisation should take back. */
static void unbalance(amct_graph *g, const char *layer)
{
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        if (strcmp(g->nodes[n].name, layer) != 0)
            continue;
        amct_tensor *w = &g->tensors[g->nodes[n].src[1]];
        int64_t each = amct_shape_size(&w->shape) / w->shape.dims[0];
        for (int64_t i = 0; i < each * w->shape.dims[0]; i++)
            ((float *)(uintptr_t)w->data)[i] *= (float)(1 << (i / each));
    }
}

/* conv a -> the activation -> conv b (depthwise if asked) -> conv c */
static amct_graph *chain(const char *activation, bool depthwise)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 4, (int64_t[]){1, 4, SIDE, SIDE});
    x = net_conv(g, "a", x, 4, CHANNELS, 3, 1, 1);
    unbalance(g, "a");
    uint32_t more = AMCT_NO_TENSOR;
    if (strcmp(activation, "Clip") == 0)
        more = net_scalar(g, "least", 0);
    if (strcmp(activation, "PRelu") == 0)
        more = net_random(g, "slope", 1, 3, (int64_t[]){CHANNELS, 1, 1});
    if (activation[0])
        x = net_node(g, activation, "between", (uint32_t[]){x, more, AMCT_NO_TENSOR});
    x = net_conv(g, "b", x, CHANNELS, CHANNELS, 3, 1, depthwise ? CHANNELS : 1);
    x = net_node(g, "Relu", "relu", (uint32_t[]){x, AMCT_NO_TENSOR});
    x = net_conv(g, "c", x, CHANNELS, CHANNELS, 1, 1, 1);
    net_output(g, x, "y");
    OK(amct_prepare(g, &err));
    return g;
}

static void run(float results[RESULTS], const amct_graph *g)
{
    amct_exec *exec;
    amct_plan *plan;
    OK(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &err));
    OK(amct_plan_new(&plan, exec, g, NULL, &err));
    amct_buffer in = amct_plan_input(plan, 0);
    for (size_t i = 0; i < in.bytes / sizeof(float); i++)
        ((float *)in.data)[i] = sinf((float)i);
    OK(amct_plan_run(plan, &err));
    amct_buffer out = amct_plan_output(plan, 0);
    cr_assert_eq(out.bytes, RESULTS * sizeof(float));
    memcpy(results, out.data, out.bytes);
    amct_plan_free(plan);
    amct_exec_free(exec);
}

/* The largest weight of a channel of layer a, over the smallest such. */
static double spread(const amct_graph *g)
{
    const amct_tensor *w = &g->tensors[g->nodes[0].src[1]];
    int64_t each = amct_shape_size(&w->shape) / CHANNELS;
    double most = 0, least = INFINITY;
    for (int64_t c = 0; c < CHANNELS; c++) {
        double range = 0;
        for (int64_t i = 0; i < each; i++)
            range = fmax(range, fabs(amct_constant_number(w, c * each + i)));
        most = fmax(most, range);
        least = fmin(least, range);
    }
    return most / least;
}

static void check(const char *activation, bool depthwise, bool equalised)
{
    amct_graph *g = chain(activation, depthwise);
    float before[RESULTS], after[RESULTS];
    uint32_t n;
    run(before, g);
    cr_assert_gt(spread(g), 32);
    OK(amct_equalise(&n, g, &err));
    cr_assert(n > 0 || !equalised);
    run(after, g);
    cr_assert_arr_eq(before, after, sizeof before, "%s changed the network", activation);
    cr_assert_eq(spread(g) < 32, equalised, "%s: spread %g", activation, spread(g));
    amct_graph_free(g);
}

Test(compress_equalise, what_commutes_with_a_factor_is_equalised_and_nothing_changes)
{
    check("", false, true);
    check("Relu", false, true);
    check("PRelu", false, true);
    check("LeakyRelu", false, true);
    check("Relu", true, true);
}

Test(compress_equalise, a_clip_stops_it)
{
    check("Clip", false, false);
    check("Sigmoid", false, false);
}

Test(compress_equalise, channels_of_zeros_are_left_alone)
{
    amct_graph *g = chain("Relu", false);
    amct_tensor *w = &g->tensors[g->nodes[0].src[1]];
    uint32_t n;
    memset((void *)(uintptr_t)w->data, 0, w->bytes);
    OK(amct_equalise(&n, g, &err));
    for (size_t i = 0; i < w->bytes / sizeof(float); i++)
        cr_assert_eq(((const float *)g->tensors[g->nodes[0].src[1]].data)[i], 0);
    amct_graph_free(g);
}
