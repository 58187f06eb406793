/* Pooling behind the first convolution. */
#include "ascend_net.h"

#include <criterion/criterion.h>

static net *n;

static void setup(void)
{
    n = net_new();
}

static void teardown(void)
{
    net_free(n);
}

TestSuite(ascend_pool, .init = setup, .fini = teardown);

static uint32_t status(uint32_t t)
{
    return net_cost(n, t)->status;
}

/* A convolution of an image of size, ReLU and MaxPool. */
static uint32_t stem(int64_t size, int64_t window, const char *act, uint32_t *conv)
{
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(1, 3, size, size));
    *conv = net_conv(n, x, 64, window, 2, 1);
    net_ints(n, "strides", DIMS(2, 2));
    int64_t pad = window / 2;
    net_ints(n, "pads", DIMS(pad, pad, pad, pad));
    uint32_t y = net_pool(n, "MaxPool", net_unary(n, act, *conv), 3, 2);
    net_ints(n, "strides", DIMS(2, 2));
    net_ints(n, "pads", DIMS(1, 1, 1, 1));
    net_output(n, y);
    return y;
}

Test(ascend_pool, a_stem_of_resnet_is_one_kernel_on_310p)
{
    uint32_t conv, y = stem(224, 7, "Relu", &conv);
    NET_ESTIMATE(n);
    cr_expect_eq(status(y), AMCT_NODE_FUSED);
    cr_expect_eq(net_cost(n, y)->fused_into, net_maker(n, conv));
}

Test(ascend_pool, other_stems_and_chips_pool_by_themselves)
{
    static const struct {
        int64_t size, window;
        const char *act, *option;
    } cases[] = {{224, 7, "Relu", "chip=Ascend310"},   {224, 7, "Relu", "aipp=false"},
                 {224, 7, "Relu", "chip=Ascend310B1"}, {224, 7, "Relu", "small_channel=false"},
                 {224, 7, "Clip", "chip=Ascend310P3"}, {256, 7, "Relu", "chip=Ascend310P3"},
                 {224, 3, "Relu", "chip=Ascend310P3"}, {224, 7, "Tanh", "chip=Ascend310P3"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t conv, y;
        *n = (net){0};
        y = stem(cases[i].size, cases[i].window, cases[i].act, &conv);
        NET_ESTIMATE(n, cases[i].option);
        cr_expect_eq(status(y), AMCT_NODE_OK, "case %zu", i);
    }
}

Test(ascend_pool, one_kernel_costs_less_than_two)
{
    uint32_t conv, y = stem(224, 7, "Relu", &conv);
    NET_ESTIMATE(n);
    double together = net_cost(n, conv)->latency_ns;
    *n = (net){0};
    y = stem(224, 7, "Clip", &conv);
    NET_ESTIMATE(n);
    cr_expect_lt(together, net_cost(n, conv)->latency_ns + net_cost(n, y)->latency_ns);
}
