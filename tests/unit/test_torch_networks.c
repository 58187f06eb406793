/* Real trained networks in PyTorch's files. */
#include "unit/network_case.h"

#include <criterion/criterion.h>

static void setup(void)
{
    network_begin((const char *const[]){"plugins/importers/onnx/.libs/onnx.so",
                                        "plugins/importers/pytorch/.libs/pytorch.so", NULL});
}

#define F  "frameworks/models/pytorch/"
#define FE "frameworks/expected/"
#define S  "frameworks/structural/pytorch/"

#define RESNET20(name)                                                                             \
    {                                                                                              \
        F name, CIFAR, FE "cifar10/" name "/test1000.", SMALL, .right = 915, .n_reference = 3,     \
                                                               RESNET20_NORM                       \
    }

Test(torch_networks, exported_programs, .init = setup, .fini = network_end)
{
    static const network networks[] = {
        RESNET20("resnet20_cifar10.pt2"),
        RESNET20("resnet20_cifar10.dynbatch_core_aten.pt2"),
        {F "mobilenet_v1_0.75_224.pt2", IMAGENET, FE "imagenet/mobilenet_v1_0.75_224.pt2/", PHOTO,
         1 / 127.5, ONE, ONE, 426, 1, .label_offset = 0},
    };
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        network_check(&networks[i]);
}

Test(torch_networks, structural_programs, .init = setup, .fini = network_end)
{
    static const mapping mappings[] = {
        {S "conv_variants.pt2",
         S "conv_variants.input.npy",
         {S "conv_variants.output.npy"},
         .n = 1},
        {S "pool_concat.pt2", S "pool_concat.input.npy", {S "pool_concat.output.npy"}, .n = 1},
        {S "se_mobile.pt2", S "se_mobile.input.npy", {S "se_mobile.output.npy"}, .n = 1},
    };
    network_check_mappings(mappings, sizeof mappings / sizeof *mappings);
}
