/* ResNet-50 on Ascend310P3 against what is known of it. */
#include "ascend_net.h"

#include <criterion/criterion.h>
#include <math.h>

static const int64_t batches[] = {1, 4, 8, 16, 32, 64};
enum { N_BATCHES = sizeof batches / sizeof batches[0] };

static double images_per_s(int64_t batch, int bits, int weight_bits)
{
    net *n = net_new();
    net_resnet50(n, batch, bits, weight_bits);
    NET_ESTIMATE(n, "chip=Ascend310P3");
    double rate = (double)batch / n->total.latency_ns * 1e9;
    net_free(n);
    return rate;
}

Test(ascend_resnet, int8_gains_what_was_published)
{
    /* 1.77 at batch 64, READMEs of Resnet50_Pytorch_Infer and its POC; no INT8 figure was fitted.
     */
    double gain = images_per_s(64, 8, 8) / images_per_s(64, 16, 16);
    cr_expect_float_eq(gain, 1.77, 0.1 * 1.77, "%.2f", gain);
}

Test(ascend_resnet, gains_grow_with_fewer_bits)
{
    for (int i = 0; i < N_BATCHES; i++) {
        double fp16 = images_per_s(batches[i], 16, 16), w8a8 = images_per_s(batches[i], 8, 8);
        double w4a8 = images_per_s(batches[i], 8, 4), w4a4 = images_per_s(batches[i], 4, 4);
        cr_expect(w8a8 / fp16 > 1.3 && w8a8 / fp16 < 2.1, "%.2f", w8a8 / fp16);
        cr_expect(w4a4 / w8a8 > 1.15 && w4a4 / w8a8 < 2, "%.2f", w4a4 / w8a8);
        cr_expect(w4a8 >= w8a8 && w4a8 < w4a4);
    }
}

Test(ascend_resnet, every_layer_but_the_first_is_one_integer_kernel)
{
    net *n = net_new();
    net_resnet50(n, 1, 8, 8);
    NET_ESTIMATE(n);
    int kernels = 0, rolled_back = 0;
    for (uint32_t i = 0; i < n->n_nodes; i++) {
        kernels += n->costs[i].status == AMCT_NODE_OK;
        rolled_back += n->costs[i].flags == AMCT_NODE_ROLLED_BACK;
    }
    cr_expect_eq(rolled_back, 1);
    cr_expect_eq(kernels, 53 + 1 + 1 + 1, "convolutions, two poolings, the last layer: %d",
                 kernels);
    net_free(n);
}

/* Images a second of one chip, FP16, input converted on the chip: READMEs of Moco-v2 and of
 * baseline_dino_resnet50 in Ascend/ModelZoo-PyTorch (ResNet-50 and a linear layer). Those of
 * Ascend310 are of a card of four. */
static const struct published {
    const char *chip;
    int64_t batch;
    double rate;
} published[] = {
    {"chip=Ascend310P3", 1, 1371.17},     {"chip=Ascend310P3", 4, 3288.38},
    {"chip=Ascend310P3", 8, 3045.12},     {"chip=Ascend310P3", 16, 2974.07},
    {"chip=Ascend310P3", 32, 2607.27},    {"chip=Ascend310P3", 64, 2551.53},
    {"chip=Ascend310P3", 1, 1378.5},      {"chip=Ascend310P3", 4, 3317.4},
    {"chip=Ascend310P3", 8, 3678.53},     {"chip=Ascend310P3", 64, 4248.18},
    {"chip=Ascend310", 1, 1604.244 / 4},  {"chip=Ascend310", 4, 2172.888 / 4},
    {"chip=Ascend310", 8, 2418.532 / 4},  {"chip=Ascend310", 16, 2444.788 / 4},
    {"chip=Ascend310", 32, 2237.228 / 4}, {"chip=Ascend310", 64, 1703.216 / 4},
    {"chip=Ascend310", 1, 1617.052 / 4},  {"chip=Ascend310", 4, 2161.044 / 4},
    {"chip=Ascend310", 8, 2410.1 / 4},    {"chip=Ascend310", 16, 2441.2 / 4},
    {"chip=Ascend310", 64, 2244.0 / 4},
};
enum { N_PUBLISHED = sizeof published / sizeof published[0] };

Test(ascend_resnet, nine_of_ten_published_fp16_rates_are_within_the_band)
{
    int within = 0;
    double errors = 0;
    for (size_t i = 0; i < N_PUBLISHED; i++) {
        net *n = net_new();
        net_resnet50(n, published[i].batch, 16, 16);
        NET_ESTIMATE(n, published[i].chip, "aipp=false");
        double measured_ns = (double)published[i].batch / published[i].rate * 1e9;
        double ratio = measured_ns / n->total.latency_ns, reach = 1 + n->total.error_band_ratio;
        within += ratio <= reach && ratio >= 1 / reach;
        errors += fabs(1 / ratio - 1);
        net_free(n);
    }
    cr_expect_geq(within, 0.9 * N_PUBLISHED, "%d of %d", within, (int)N_PUBLISHED);
    cr_expect_lt(errors / N_PUBLISHED, 0.2, "MAPE %.3f", errors / N_PUBLISHED);
}
