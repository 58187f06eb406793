/* Real trained networks in PyTorch's files: logits and answers as PyTorch gave them. */
#include "unit/network_case.h"

#include <criterion/criterion.h>

static void setup(void)
{
    network_begin((const char *const[]){"plugins/importers/onnx/.libs/onnx.so",
                                        "plugins/importers/pytorch/.libs/pytorch.so", NULL});
}

#define F     "frameworks/models/pytorch/"
#define FE    "frameworks/expected/"
#define OLD   "models/pytorch/"
#define S     "frameworks/structural/pytorch/"
#define WHOLE "cifar10/resnet20_cifar10.onnx/test1000."

/* ResNet-20 in one of its files; what else is said of it follows. */
#define RESNET20(path, answers, ...)                                                               \
    {                                                                                              \
        path, CIFAR, answers, SMALL, .right = 915, .n_reference = 3, __VA_ARGS__ RESNET20_NORM     \
    }
#define TODAY(name, ...) RESNET20(F name, FE "cifar10/" name "/test1000.", __VA_ARGS__)

static void check(const network *networks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        network_check(&networks[i]);
}

Test(torch_networks, exported_programs, .init = setup, .fini = network_end)
{
    static const network networks[] = {
        TODAY("resnet20_cifar10.pt2", ),
        TODAY("resnet20_cifar10.dynbatch_core_aten.pt2", ),
        {F "mobilenet_v1_0.75_224.pt2", IMAGENET, FE "imagenet/mobilenet_v1_0.75_224.pt2/", PHOTO,
         1 / 127.5, ONE, ONE, 426, 1, .label_offset = 0},
    };
    check(networks, sizeof networks / sizeof *networks);
}

Test(torch_networks, torchscript, .init = setup, .fini = network_end)
{
    static const network networks[] = {
        TODAY("resnet20_cifar10.traced.torchscript.pt", ),
        TODAY("resnet20_cifar10.scripted.torchscript.pt", .input = "1x3x32x32", ),
        RESNET20(OLD "resnet20_cifar10.torchscript.pt", E WHOLE, .input = "1x3x32x32", ),
        {OLD "mobilenet_v1_0.75_224.torchscript.pt", IMAGENET,
         E "imagenet/mobilenet_v1_0.75_224.onnx/", PHOTO, 1 / 127.5, ONE, ONE, 426, 1,
         .input = "1x3x224x224"},
        {OLD "mnist_cnn_model_scripted.pt", MNIST, E "mnist/mnist_cnn_model_scripted.pt/t10k.",
         DIGIT, .scale = 1 / 255.0, .mean = {0}, .std = ONE, .n_reference = 3,
         .input = "1x1x28x28"},
    };
    check(networks, sizeof networks / sizeof *networks);
}

Test(torch_networks, state_dicts_give_their_weights_to_networks, .init = setup, .fini = network_end)
{
    static const network networks[] = {
        RESNET20("models/onnx/resnet20_cifar10.onnx", E WHOLE,
                 .weights = OLD "resnet20-12fca82f.th", ),
        RESNET20("models/onnx/resnet20_cifar10.onnx", E WHOLE,
                 .weights = OLD "resnet20_cifar10.state_dict.pth", ),
        RESNET20(F "resnet20_cifar10.pt2", FE "cifar10/resnet20_cifar10.pt2/test1000.",
                 .weights = F "resnet20_cifar10.state_dict.pth", ),
    };
    static const mapping detector = {
        "models/onnx/version-RFB-320_without_postprocessing.onnx",
        E "detection/coco_first5.320x240.rgb_m127_d128.f32.npy",
        {E "detection/RFB-320.out0.first5.npy", E "detection/RFB-320.out1.first5.npy"},
        .n = 1,
        .weights = OLD "version-RFB-320.pth"};
    check(networks, sizeof networks / sizeof *networks);
    network_check_mappings(&detector, 1);
}

#define STRUCTURAL(net, form, ...)                                                                 \
    {                                                                                              \
        S net form, S net ".input.npy", {S net ".output.npy"}, .n = 1, __VA_ARGS__                 \
    }

Test(torch_networks, structural, .init = setup, .fini = network_end)
{
    static const mapping mappings[] = {
        STRUCTURAL("conv_variants", ".pt2", ),
        STRUCTURAL("pool_concat", ".pt2", ),
        STRUCTURAL("se_mobile", ".pt2", ),
        STRUCTURAL("conv_variants", ".traced.torchscript.pt", ),
        STRUCTURAL("pool_concat", ".traced.torchscript.pt", ),
        STRUCTURAL("se_mobile", ".traced.torchscript.pt", ),
        STRUCTURAL("conv_variants", ".scripted.torchscript.pt", .dims = "1x3x19x22"),
        STRUCTURAL("pool_concat", ".scripted.torchscript.pt", .dims = "1x3x18x18"),
        STRUCTURAL("se_mobile", ".scripted.torchscript.pt", .dims = "1x3x24x24"),
    };
    network_check_mappings(mappings, sizeof mappings / sizeof *mappings);
}

/* Two files of the same weights, on the same pictures. */
static void check_agreement(const network *a, const network *b, uint32_t n)
{
    network_run runs[2] = {network_start(a, AMCT_ENGINE_ONEDNN, 1),
                           network_start(b, AMCT_ENGINE_ONEDNN, 1)};
    amct_dataset *ds = network_data(a);
    for (uint32_t i = 0; i < n; i++) {
        const float *x = network_feed(&runs[0], ds, i, 1), *y = network_feed(&runs[1], ds, i, 1);
        size_t count = amct_plan_output(runs[0].plan, 0).bytes / sizeof *x;
        cr_assert_eq(amct_plan_output(runs[1].plan, 0).bytes, count * sizeof *x);
        for (size_t k = 0; k < count; k++)
            cr_assert_float_eq(x[k], y[k], 1e-4f, "%s: picture %u, logit %zu: %.9g and %.9g",
                               b->file, i, k, x[k], y[k]);
    }
    network_stop(&runs[0]);
    network_stop(&runs[1]);
    amct_dataset_free(ds);
}

Test(torch_networks, agree_with_onnx_of_the_same_weights, .init = setup, .fini = network_end)
{
    static const network onnx = RESNET20("models/onnx/resnet20_cifar10.onnx", E WHOLE, );
    static const network others[] = {
        TODAY("resnet20_cifar10.pt2", ),
        TODAY("resnet20_cifar10.dynbatch_core_aten.pt2", ),
        TODAY("resnet20_cifar10.traced.torchscript.pt", ),
        TODAY("resnet20_cifar10.scripted.torchscript.pt", .input = "1x3x32x32", ),
        RESNET20(OLD "resnet20_cifar10.torchscript.pt", E WHOLE, .input = "1x3x32x32", ),
    };
#define MOBILENET(path, ...)                                                                       \
    {                                                                                              \
        path, IMAGENET, "", PHOTO, 1 / 127.5, ONE, ONE, 426, 1, __VA_ARGS__.label_offset = 0       \
    }
    static const network mobilenets[] = {
        MOBILENET("models/onnx/mobilenet_v1_0.75_224.onnx", ),
        MOBILENET(F "mobilenet_v1_0.75_224.pt2", ),
        MOBILENET(OLD "mobilenet_v1_0.75_224.torchscript.pt", .input = "1x3x224x224", ),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        check_agreement(&onnx, &others[i], 20);
    check_agreement(&mobilenets[0], &mobilenets[1], 3);
    check_agreement(&mobilenets[0], &mobilenets[2], 3);
}
