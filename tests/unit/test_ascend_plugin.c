#include "ascend_net.h"
#include "base/pcg.h"
#include "plugins/estimators/ascend/ascend_fit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static net *n;

static void setup(void)
{
    n = net_new();
}

static void teardown(void)
{
    net_free(n);
}

TestSuite(ascend_plugin, .init = setup, .fini = teardown);

/* ---- The face ------------------------------------------------------------------------------ */

Test(ascend_plugin, the_symbol_describes_an_estimator)
{
    cr_assert_eq(amct_plugin_v1.struct_size, sizeof(amct_plugin));
    cr_assert_eq(amct_plugin_v1.kind, AMCT_PLUGIN_ESTIMATOR);
    cr_assert_str_eq(amct_plugin_v1.name, "ascend");
    cr_assert_null(amct_plugin_v1.importer);
    cr_assert_eq(net_estimator()->struct_size, sizeof(amct_estimator));
}

static void refused(const char *option, const char *words)
{
    net_host h;
    int32_t status;
    net_host_init(&h);
    cr_assert_null(net_open(&h, &status, (const char *const[]){option, NULL}));
    cr_expect_eq(status, AMCT_E_INVALID);
    cr_expect_str_eq(h.text, words);
    cr_expect_eq(h.n_blocks, 0);
}

Test(ascend_plugin, unknown_options_and_values_are_refused_with_what_is_allowed)
{
    refused("colour=red",
            "unknown option 'colour'; allowed are chip, chip_file, fit_file, aipp, small_channel, "
            "residual");
    refused("chip=Ascend311",
            "option 'chip' is 'Ascend311'; allowed are Ascend310, Ascend310P1, Ascend310P3, "
            "Ascend310B1, Ascend310B4, Ascend910A, Ascend910B1, Ascend910B2, Ascend910B3, "
            "Ascend910B4");
    refused("aipp=yes", "option 'aipp' is 'yes'; allowed are true, false");
    refused("small_channel=", "option 'small_channel' is ''; allowed are true, false");
    refused("residual=int4", "option 'residual' is 'int4'; allowed are float16, both, int8");
}

Test(ascend_plugin, an_option_without_key_or_value_is_refused)
{
    net_host h;
    void *self = NULL;
    amct_option option = {.struct_size = sizeof option, .key = "chip"};
    net_host_init(&h);
    cr_expect_eq(net_estimator()->open(&h.host, &option, 1, &self), AMCT_E_INVALID);
    cr_expect_null(self);
}

Test(ascend_plugin, info_names_the_chip_and_every_listed_one_opens)
{
    const char *const *devices = net_estimator()->devices;
    for (int i = 0; devices[i] != NULL; i++) {
        net_host h;
        int32_t status;
        char option[64];
        amct_estimator_info info = {.struct_size = sizeof info};
        snprintf(option, sizeof option, "chip=%s", devices[i]);
        net_host_init(&h);
        void *self = net_open(&h, &status, (const char *const[]){option, NULL});
        cr_assert_not_null(self);
        cr_expect_eq(net_estimator()->info(self, &info), AMCT_OK);
        cr_expect_str_eq(info.device, devices[i]);
        cr_expect_eq(info.method, AMCT_METHOD_MODEL);
        cr_expect_eq(info.deterministic, 1);
        net_estimator()->close(self);
        cr_expect_eq(h.n_blocks, 0);
    }
}

Test(ascend_plugin, listed_options_are_those_that_open_knows)
{
    const amct_estimator *t = net_estimator();
    cr_assert_eq(t->n_options, 6);
    for (size_t i = 0; i < t->n_options; i++) {
        const amct_option_info *o = &t->options[i];
        char option[128], allowed[256];
        int32_t status;
        net_host h;
        snprintf(option, sizeof option, "%s=%s", o->key, o->fallback);
        net_host_init(&h);
        void *self = net_open(&h, &status, (const char *const[]){option, NULL});
        cr_assert_not_null(self, "%s", option);
        t->close(self);
        if (strncmp(o->key, "chip", 4) == 0 || strcmp(o->key, "fit_file") == 0)
            continue;
        snprintf(option, sizeof option, "%s=none", o->key);
        snprintf(allowed, sizeof allowed, "option '%s' is 'none'; allowed are %s", o->key,
                 o->values);
        refused(option, allowed);
    }
}

Test(ascend_plugin, every_failing_allocation_is_reported_and_nothing_leaks)
{
    amct_graph_view view;
    net_resnet50(n, 1, 8, 8);
    net_view(n, &view);
    n->costs[0].struct_size = sizeof n->costs[0];
    for (int at = 1; at <= 2; at++) {
        net_host h;
        int32_t status;
        net_host_init(&h);
        h.fail_at = at;
        void *self = net_open(&h, &status, (const char *const[]){NULL});
        if (at == 2) {
            cr_assert_not_null(self);
            status = net_estimator()->estimate(self, &view, n->costs, &n->total);
            net_estimator()->close(self);
        }
        cr_expect_eq(status, AMCT_E_NOMEM);
        cr_expect_neq(h.text[0], 0);
        cr_expect_eq(h.n_blocks, 0);
    }
}

Test(ascend_plugin, scratch_memory_is_kept_from_call_to_call)
{
    net_host h;
    int32_t status;
    amct_graph_view view;
    net_resnet50(n, 1, 16, 16);
    net_view(n, &view);
    for (uint32_t i = 0; i < n->n_nodes; i++)
        n->costs[i].struct_size = sizeof n->costs[i];
    net_host_init(&h);
    void *self = net_open(&h, &status, (const char *const[]){NULL});
    for (int i = 0; i < 5; i++)
        cr_assert_eq(net_estimator()->estimate(self, &view, n->costs, &n->total), AMCT_OK);
    cr_expect_eq(h.n_allocs, 2, "the instance, and the scratch of the first call");
    net_estimator()->close(self);
    cr_expect_eq(h.n_blocks, 0);
}

Test(ascend_plugin, longer_structs_of_a_younger_host_are_stepped_over)
{
    struct {
        amct_node_cost cost;
        uint64_t more;
    } costs[4];
    struct {
        amct_tensor_view view;
        uint64_t more;
    } tensors[8];
    net_host h;
    int32_t status;
    amct_graph_view view;
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56));
    net_output(n, net_unary(n, "Relu", net_conv(n, x, 64, 3, 1, 1)));
    NET_ESTIMATE(n);
    net_view(n, &view);
    memset(costs, 0x5a, sizeof costs);
    for (uint32_t i = 0; i < view.n_nodes; i++)
        costs[i].cost.struct_size = sizeof costs[i];
    for (uint32_t i = 0; i < view.n_tensors; i++) {
        tensors[i].view = n->tensors[i];
        tensors[i].view.struct_size = sizeof tensors[i];
    }
    view.tensors = &tensors[0].view;
    net_host_init(&h);
    void *self = net_open(&h, &status, (const char *const[]){NULL});
    cr_assert_eq(net_estimator()->estimate(self, &view, &costs[0].cost, &n->total), AMCT_OK);
    for (uint32_t i = 0; i < view.n_nodes; i++) {
        cr_expect_eq(costs[i].cost.status, n->costs[i].status);
        cr_expect_eq(costs[i].cost.latency_ns, n->costs[i].latency_ns);
        cr_expect_eq(costs[i].cost.struct_size, sizeof costs[i]);
        cr_expect_eq(costs[i].more, 0x5a5a5a5a5a5a5a5a);
    }
    net_estimator()->close(self);
}

/* ---- What is fixed ------------------------------------------------------------------------- */

static ascend_fit default_fit(void)
{
    ascend_chip chip;
    ascend_fit fit;
    amct_err err;
    cr_assert_eq(ascend_chip_read(&chip, "Ascend310P3", NULL, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(ascend_fit_read(&fit, &chip, NULL, &err), AMCT_OK, "%s", err.text);
    return fit;
}

static double fixed_of(int64_t channels, const char *option)
{
    *n = (net){0};
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(8, channels, 224, 224));
    net_output(n, net_node(n, "GlobalAveragePool", net_tensor(n, AMCT_FLOAT16, DIMS(8, 64, 1, 1)),
                           net_conv(n, x, 64, 7, 2, 1), NET_END));
    NET_ESTIMATE(n, option);
    return n->total.fixed_ns;
}

Test(ascend_plugin, images_are_transformed_unless_aipp_feeds_them)
{
    double with = fixed_of(3, "aipp=true"), without = fixed_of(3, "aipp=false");
    ascend_fit fit = default_fit();
    /* 3 FP32 channels are read and 16 FP16 ones written. */
    double ns_per_byte = fit.constants.transform / fit.constants.ddr / fit.tuning.ddr / 204.8;
    cr_expect_float_eq(without - with, ns_per_byte * 8 * 224 * 224 * (3 * 4 + 16 * 2), 1);
    cr_expect_float_eq(with, fit.tuning.base_s * 1e9, 200);
    cr_expect_gt(fixed_of(16, "aipp=true"), without, "AIPP has no more than four channels");
}

Test(ascend_plugin, token_ids_need_no_transform)
{
    uint32_t ids = net_input(n, AMCT_INT64, DIMS(1, 128));
    net_node(n, "Gather", net_tensor(n, AMCT_FLOAT16, DIMS(1, 128, 768)),
             net_constant(n, AMCT_FLOAT16, DIMS(30000, 768)), ids, NET_END);
    NET_ESTIMATE(n, "aipp=false");
    cr_expect_float_eq(n->total.fixed_ns, default_fit().tuning.base_s * 1e9, 1e4);
}

Test(ascend_plugin, small_channel_shortens_the_first_convolution)
{
    double ns[2];
    for (int i = 0; i < 2; i++) {
        *n = (net){0};
        uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(8, 3, 224, 224));
        uint32_t y = net_conv(n, x, 64, 7, 2, 1);
        net_output(n, y);
        NET_ESTIMATE(n, i == 0 ? "small_channel=true" : "small_channel=false");
        ns[i] = net_cost(n, y)->latency_ns;
    }
    cr_expect_gt(ns[1], 2 * ns[0], "49 steps instead of 13");
}

/* ---- Determinism --------------------------------------------------------------------------- */

Test(ascend_plugin, the_same_graph_gives_the_same_numbers)
{
    net *other = net_new();
    net_resnet50(n, 4, 8, 4);
    net_resnet50(other, 4, 8, 4);
    NET_ESTIMATE(n);
    NET_ESTIMATE(other);
    cr_expect_arr_eq(n->costs, other->costs, sizeof n->costs);
    cr_expect_arr_eq(&n->total, &other->total, sizeof n->total);
    net_free(other);
}

Test(ascend_plugin, two_instances_do_not_disturb_each_other)
{
    net *other = net_new();
    net_host h[2];
    void *self[2];
    amct_graph_view view[2];
    net *nets[2] = {n, other};
    net_resnet50(n, 4, 8, 8);
    net_resnet50(other, 1, 16, 16);
    NET_ESTIMATE(n);
    NET_ESTIMATE(other);
    for (int i = 0; i < 2; i++) {
        int32_t status;
        net_host_init(&h[i]);
        self[i] = net_open(&h[i], &status, (const char *const[]){NULL});
        net_view(nets[i], &view[i]);
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 2; i++) {
            amct_graph_cost total = {.struct_size = sizeof total};
            cr_assert_eq(net_estimator()->estimate(self[i], &view[i], nets[i]->costs, &total),
                         AMCT_OK);
            cr_expect_eq(total.latency_ns, nets[i]->total.latency_ns);
        }
    for (int i = 0; i < 2; i++)
        net_estimator()->close(self[i]);
    net_free(other);
}

/* ---- Hostile views ------------------------------------------------------------------------- */

Test(ascend_plugin, an_empty_graph_costs_the_start)
{
    NET_ESTIMATE(n);
    cr_expect_float_eq(n->total.latency_ns, default_fit().tuning.base_s * 1e9, 1e-6);
}

Test(ascend_plugin, odd_dims_stay_finite)
{
    static const int64_t sizes[] = {0, 1, -1, 17, INT64_MAX, INT64_MIN, (int64_t)1 << 40};
    enum { N = sizeof sizes / sizeof sizes[0] };
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
            *n = (net){0};
            const int64_t s = sizes[a], t = sizes[b];
            uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(s, t, s, t));
            uint32_t y = net_tensor(n, AMCT_FLOAT16, DIMS(s, t, t, s));
            net_node(n, "Conv", y, x, net_constant(n, AMCT_FLOAT16, DIMS(t, s, t, t)), NET_END);
            net_int(n, "group", t);
            uint32_t m =
                net_node(n, "MatMul", net_tensor(n, AMCT_FLOAT16, DIMS(s, t, t, s)), y, x, NET_END);
            uint32_t p = net_unary(n, "MaxPool", m);
            net_ints(n, "kernel_shape", DIMS(s, t));
            uint32_t q = net_quant(n, p, 8, 1);
            uint32_t z = net_node(n, "Conv", net_tensor(n, AMCT_INT32, DIMS(s, t, t, s)), q,
                                  net_constant(n, AMCT_INT4, DIMS(t, t, s, s)), NET_END);
            uint32_t c = net_binary(n, "Concat", z, y);
            net_int(n, "axis", s);
            net_output(n, net_unary(n, "Softmax", c));
            NET_ESTIMATE(n, "aipp=false");
        }
}

Test(ascend_plugin, convolutions_that_make_no_sense_are_unsupported)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), y[5];
    uint32_t w = net_constant(n, AMCT_FLOAT16, DIMS(64, 64, 3, 3));
    for (int i = 0; i < 5; i++)
        y[i] = net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56));
    net_node(n, "Conv", y[0], x, NET_END);
    net_node(n, "Conv", y[1], x, net_constant(n, AMCT_FLOAT16, DIMS(64, 64)), NET_END);
    net_node(n, "Conv", y[2], x, w, NET_END);
    net_int(n, "group", 0);
    net_node(n, "Conv", y[3], x, w, NET_END);
    net_int(n, "group", 65);
    net_node(n, "Conv", y[4], AMCT_NO_TENSOR, w, NET_END);
    NET_ESTIMATE(n);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(net_cost(n, y[i])->status, AMCT_NODE_UNSUPPORTED, "%d", i);
}

Test(ascend_plugin, what_was_to_run_inside_an_unsupported_node_is_unsupported)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56));
    uint32_t p = net_node(n, "Pad", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 58, 58)), x, NET_END);
    uint32_t y = net_node(n, "Conv", net_tensor(n, AMCT_FLOAT16, DIMS(1, 64, 56, 56)), p, NET_END);
    net_output(n, y);
    NET_ESTIMATE(n);
    cr_expect_eq(net_cost(n, p)->status, AMCT_NODE_UNSUPPORTED);
}

/* Any operator on any earlier tensors (now and then on a later or missing one): the answer keeps
 * the contract, which net_estimate checks. */
Test(ascend_plugin, random_graphs_keep_the_contract)
{
    static const char *const ops[] = {"Conv",
                                      "ConvTranspose",
                                      "MatMul",
                                      "Gemm",
                                      "MaxPool",
                                      "AveragePool",
                                      "Relu",
                                      "Add",
                                      "Mul",
                                      "Sigmoid",
                                      "AscendQuant",
                                      "AscendDequant",
                                      "Concat",
                                      "AscendQuant",
                                      "AscendDequant",
                                      "Reshape",
                                      "Transpose",
                                      "Pad",
                                      "ReduceMean",
                                      "Softmax",
                                      "Split",
                                      "Identity",
                                      "Shape",
                                      "QuantizeLinear",
                                      "DequantizeLinear",
                                      "Slice",
                                      "Cast",
                                      "Mystery",
                                      "GlobalAveragePool",
                                      "AscendAntiQuant",
                                      "Conv",
                                      "BatchNormalization"};
    static const uint32_t types[] = {AMCT_FLOAT16, AMCT_FLOAT16, AMCT_INT8, AMCT_INT4, AMCT_INT32};
    static const int64_t channels[] = {3, 16, 32, 64};
    amct_pcg rng = amct_pcg_new(42, 54);
    for (int round = 0; round < 1500; round++) {
        *n = (net){0};
        uint32_t count = 3 + amct_pcg_below(&rng, 30);
        net_input(n, AMCT_FLOAT16, DIMS(1, 3, 32, 32));
        for (uint32_t i = 0; i < count; i++) {
            uint32_t dst;
            int64_t c = channels[amct_pcg_below(&rng, 4)];
            if (amct_pcg_below(&rng, 40) == 0)
                dst = net_unknown(n);
            else
                dst = net_tensor(n, types[amct_pcg_below(&rng, 5)], DIMS(1, c, 8, 8));
            uint32_t src[3];
            for (int k = 0; k < 3; k++) {
                uint32_t back = amct_pcg_below(&rng, 5);
                src[k] = dst > back ? dst - 1 - back : 0;
                if (amct_pcg_below(&rng, 8) == 0)
                    src[k] = net_constant(n, types[amct_pcg_below(&rng, 5)], DIMS(c, c, 3, 3));
                if (amct_pcg_below(&rng, 60) == 0)
                    src[k] = amct_pcg_below(&rng, 2) ? AMCT_NO_TENSOR : dst + 1;
            }
            const char *op = ops[amct_pcg_below(&rng, sizeof ops / sizeof ops[0])];
            switch (amct_pcg_below(&rng, 3)) {
            case 0: net_node(n, op, dst, src[0], NET_END); break;
            case 1: net_node(n, op, dst, src[0], src[1], NET_END); break;
            default: net_node(n, op, dst, src[0], src[1], src[2], NET_END);
            }
            if (amct_pcg_below(&rng, 4) == 0)
                net_output(n, dst), n->n_outputs %= 16;
        }
        const char *const *residual = (const char *const[]){
            (const char *[]){"residual=float16", "residual=both", "residual=int8"}[round % 3],
            NULL};
        net_estimate(n, residual);
    }
}

/* ---- Files of one's own -------------------------------------------------------------------- */

Test(ascend_plugin, a_chip_or_fit_file_that_cannot_be_read_is_named)
{
    static const char *const options[] = {"chip_file=/nowhere/chip.yaml",
                                          "fit_file=/nowhere/fit.yaml"};
    for (int i = 0; i < 2; i++) {
        net_host h;
        int32_t status;
        net_host_init(&h);
        cr_assert_null(net_open(&h, &status, (const char *const[]){options[i], NULL}));
        cr_expect_eq(status, AMCT_E_IO);
        cr_expect_not_null(strstr(h.text, strchr(options[i], '=') + 1), "%s", h.text);
        cr_expect_eq(h.n_blocks, 0);
    }
}

/* ---- Order --------------------------------------------------------------------------------- */

static double conv_ns(int64_t cin, int64_t cout, int64_t window, int bits, const char *chip)
{
    *n = (net){0};
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(4, 64, 28, 28));
    uint32_t before = net_conv(n, x, cin, 1, 1, 1), y;
    if (bits == 16)
        y = net_conv(n, before, cout, window, 1, 1);
    else
        y = net_quant_conv(n, net_quant(n, before, 8, 1), cout, window, 1, 1, 8);
    uint32_t after = bits == 16 ? y : net_quant(n, y, 8, 1);
    uint32_t z =
        bits == 16 ? net_conv(n, after, 64, 1, 1, 1) : net_quant_conv(n, after, 64, 1, 1, 1, 8);
    net_output(n, z);
    NET_ESTIMATE(n, chip);
    const amct_node_cost *c = net_cost(n, y);
    return c->status == AMCT_NODE_FUSED ? n->costs[c->fused_into].latency_ns : c->latency_ns;
}

Test(ascend_plugin, more_channels_in_whole_groups_never_cost_less)
{
    for (int c = 0; net_estimator()->devices[c]; c++) {
        char option[64];
        snprintf(option, sizeof option, "chip=%s", net_estimator()->devices[c]);
        for (int64_t window = 1; window <= 3; window += 2) {
            double before = 0, across = 0;
            for (int64_t channels = 32; channels <= 1024; channels += 32) {
                double out = conv_ns(64, channels, window, 16, option);
                double in = conv_ns(channels, 64, window, 16, option);
                cr_assert_geq(out, before, "%s: %d channels out", option, (int)channels);
                cr_assert_geq(in, across, "%s: %d channels in", option, (int)channels);
                before = out;
                across = in;
            }
        }
    }
}

Test(ascend_plugin, int8_never_costs_more_than_fp16_inside_of_int8)
{
    for (int c = 0; net_estimator()->devices[c]; c++) {
        char option[64];
        snprintf(option, sizeof option, "chip=%s", net_estimator()->devices[c]);
        for (int64_t channels = 32; channels <= 512; channels *= 2)
            for (int64_t window = 1; window <= 3; window += 2) {
                double fp16 = conv_ns(channels, channels, window, 16, option);
                double int8 = conv_ns(channels, channels, window, 8, option);
                cr_assert_leq(int8, fp16, "%s: %d channels, window %d", option, (int)channels,
                              (int)window);
            }
    }
}
