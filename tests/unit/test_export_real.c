/* Real networks, where they are at hand: what comes back from their files is the candidate. */
#include "unit/export_fixture.h"
#include "unit/shared_data.h"

static void check_back(export_case *c, const char *name, const float *wanted, size_t n_wanted)
{
    static const char *const files[] = {"_deploy_model.onnx", "_qdq_model.onnx"};
    for (int i = 0; i < 2; i++) {
        amct_graph *back;
        float *got;
        size_t n;
        OK(export_case_read(&back, c, folder, "net", files[i], &err));
        OK(export_case_run(&got, &n, c, back, AMCT_ENGINE_ONEDNN, &err));
        cr_assert_eq(n, n_wanted);
        cr_expect_eq(memcmp(got, wanted, n * sizeof *got), 0, "%s%s", name, files[i]);
        free(got);
        amct_graph_free(back);
    }
}

static void check_model(const char *below)
{
    char path[4096];
    export_case c;
    amct_graph *graph;
    OK(export_case_import(&graph, shared_path(path, sizeof path, below), &err));
    OK(export_case_begin(&c, graph, (export_samples){.n = 2}, 2, true, &err));
    export_mix mixes[] = {MIX_ALL, MIX_ODD};
    for (int m = 0; m < 2; m++) {
        float *wanted;
        size_t n;
        OK(export_case_mix(&c, mixes[m], &err));
        OK(export_case_write(&c, folder, "net", NULL, &err));
        OK(export_case_run(&wanted, &n, &c, c.candidate, AMCT_ENGINE_ONEDNN, &err));
        check_back(&c, below, wanted, n);
        free(wanted);
    }
    export_case_end(&c);
}

Test(export_real, residual_networks_come_back, .init = setup, .fini = teardown)
{
    check_model("data/models/onnx/resnet20_cifar10.onnx");
    check_model("data/models/onnx/resnet_2b.onnx");
    check_model("data/models/onnx/resnet_4b.onnx");
}

Test(export_real, mobilenets_come_back, .init = setup, .fini = teardown)
{
    check_model("data/models/onnx/mobilenet_v1_0.75_224.onnx");
    check_model("data/models/onnx/mobilenet_v2_1.0_224_quant.dequant.onnx");
}

Test(export_real, detectors_come_back, .init = setup, .fini = teardown)
{
    check_model("data/models/onnx/yolo-fastest-1.1.onnx");
    check_model("data/models/onnx/version-RFB-320.onnx");
}

Test(export_real, small_classifiers_come_back, .init = setup, .fini = teardown)
{
    check_model("data/models/onnx/Convnet_avgpool.onnx");
    check_model("data/models/onnx/cifar10_large.onnx");
    check_model("data/models/onnx/cifar_wide_kw.onnx");
    check_model("data/models/onnx/mnist-net_256x4.onnx");
    check_model("data/models/onnx/ffnnSIGMOID__Point_6x200.onnx");
}
