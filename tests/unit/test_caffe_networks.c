/* Real trained networks in Caffe's files. */
#include "unit/network_case.h"

#include <criterion/criterion.h>
#include <math.h>

static void setup(void)
{
    network_begin((const char *const[]){"plugins/importers/onnx/.libs/onnx.so",
                                        "plugins/importers/caffe/.libs/caffe.so", NULL});
}

#define F    "models/caffe/"
#define MEAN "images/cifar10/cifar10_train_mean_rgb_hwc.npy"

Test(caffe_networks, squeezenet, .init = setup, .fini = network_end)
{
    static const network net = {F "squeezenet_v1.0_dc.prototxt",
                                IMAGENET,
                                E "imagenet/squeezenet_v1.0_dc.caffemodel/",
                                {3, 227, 227},
                                1,
                                {104, 117, 123},
                                ONE,
                                327,
                                2,
                                .resize = 256,
                                .crop = 227,
                                .bgr = true};
    network_check(&net);
}

Test(caffe_networks, cifar, .init = setup, .fini = network_end)
{
    static const network networks[] = {
        {F "resnet20b_cifar10.prototxt", CIFAR, E "cifar10/resnet20b_cifar10.caffemodel/test1000.",
         SMALL, .scale = 1 / 255.0, .mean = {0.5, 0.5, 0.5}, .std = {0.5, 0.5, 0.5}, .right = 921,
         .n_reference = 10},
        {F "cifar10_full.prototxt", CIFAR, E "cifar10/cifar10_full_iter_70000.caffemodel/test1000.",
         SMALL, .scale = 1, .right = 826, .n_reference = 10,
         .weights = F "cifar10_full_iter_70000.caffemodel", .mean_image = MEAN},
        {F "cifar10_quick.prototxt", CIFAR,
         E "cifar10/cifar10_quick_iter_5000.caffemodel/test1000.", SMALL, .scale = 1, .right = 744,
         .n_reference = 10, .weights = F "cifar10_quick_iter_5000.caffemodel", .mean_image = MEAN},
    };
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        network_check(&networks[i]);
}

Test(caffe_networks, lenet, .init = setup, .fini = network_end)
{
    static const network net = {F "lenet.prototxt",
                                MNIST,
                                E "mnist/lenet_iter_10000.caffemodel/t10k.",
                                DIGIT,
                                .scale = 0.00390625,
                                .right = 9905,
                                .n_reference = 20,
                                .weights = F "lenet_iter_10000.caffemodel"};
    network_check(&net);
}

#define D         E "detection/"
#define RFB_INPUT D "coco_first5.320x240.rgb_m127_d128.f32.npy"
#define RFB_OUT                                                                                    \
    {                                                                                              \
        D "RFB-320.out1.first5.npy", D "RFB-320.out0.first5.npy"                                   \
    }

Test(caffe_networks, detectors, .init = setup, .fini = network_end)
{
    static const mapping mappings[] = {
        {F "RFB-320.prototxt", RFB_INPUT, RFB_OUT, .n = 1},
        {F "RFB-320.caffemodel", RFB_INPUT, RFB_OUT, .n = 1},
        {F "MobileNetV2-YOLOv3-Nano-voc.prototxt",
         D "coco_first5.320x320.rgb01.f32.npy",
         {D "yolov3nano_voc_caffe.layer69-conv.first5.npy",
          D "yolov3nano_voc_caffe.layer79-conv.first5.npy"},
         .n = 1},
    };
    network_check_mappings(mappings, sizeof mappings / sizeof *mappings);
}

/* The named output of a network for a sample. */
static float *output_of(const char *file, const char *name, const amct_array *input, size_t *n)
{
    const network net = {.file = file};
    amct_err err;
    amct_exec *exec;
    amct_plan *plan;
    amct_graph *g = network_load(&net, 1);
    uint32_t o = 0;
    while (o < g->n_outputs && strcmp(g->tensors[g->outputs[o]].name, name) != 0)
        o++;
    cr_assert_lt(o, g->n_outputs, "%s has no output %s", file, name);
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, g, NULL, &err), AMCT_OK, "%s", err.text);
    amct_array_floats(amct_plan_input(plan, 0).data, input, 0);
    cr_assert_eq(amct_plan_run(plan, &err), AMCT_OK, "%s", err.text);
    amct_buffer out = amct_plan_output(plan, o);
    float *copy = malloc(out.bytes);
    memcpy(copy, out.data, out.bytes);
    *n = out.bytes / sizeof *copy;
    amct_plan_free(plan);
    amct_exec_free(exec);
    amct_graph_free(g);
    return copy;
}

Test(caffe_networks, the_same_network_in_onnx_agrees, .init = setup, .fini = network_end)
{
    amct_array input = network_read_npy("", RFB_INPUT);
    for (int which = 0; which < 2; which++) {
        const char *name = which ? "boxes" : "scores";
        size_t n, n_onnx;
        float *caffe = output_of(F "RFB-320.prototxt", name, &input, &n);
        float *onnx = output_of("models/onnx/version-RFB-320_without_postprocessing.onnx", name,
                                &input, &n_onnx);
        cr_assert_eq(n, n_onnx);
        for (size_t i = 0; i < n; i++)
            cr_assert(fabsf(caffe[i] - onnx[i]) <= 1e-4f * fmaxf(1, fabsf(onnx[i])),
                      "%s %zu: %.9g and %.9g", name, i, caffe[i], onnx[i]);
        free(caffe);
        free(onnx);
    }
}
