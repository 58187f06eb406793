/* What msprof writes, in its forms, and estimates that are set right by it. */
#include "measure/profile_files.h"
#include "measure/profile_match.h"
#include "profile_network.h"

#include <stdio.h>
#include <unistd.h>

/* us of Conv_0, Conv_12, Gemm_4, fixed, total. */
static void latencies_are(const amct_correction *c, const double *us)
{
    amct_correction_apply(&estimate, graph, c);
    near(estimate.costs[0].latency_ns, us[0] * 1e3);
    near(estimate.costs[2].latency_ns, us[1] * 1e3);
    near(estimate.costs[4].latency_ns, us[2] * 1e3);
    near(estimate.total.fixed_ns, us[3] * 1e3);
    near(estimate.total.latency_ns, us[4] * 1e3);
}

#define NEW_HEADER                                                                                 \
    "Device_id,Model ID,Task ID,Stream ID,Op Name,OP Type,OP State,Task Type,Task Start Time(us)," \
    "Task Duration(us),Task Wait Time(us),Block Num,Input Shapes\r\n"
#define ROW(device, model, name, type, start, us, wait)                                            \
    device "," model ",1,2," name "," type ",static,AI_CORE," start "," us "," wait                \
           ",8,\"1,16,\"\"224\"\",224\"\r\n"

Test(measure_profile, operators_are_matched_by_the_names_they_were_fused_from, .init = setup,
     .fini = teardown)
{
    put("PROF_1/mindstudio_profiler_output/op_summary_20250101.csv",
        "\xef\xbb\xbf" NEW_HEADER ROW("0", "1", "trans_TransData_0", "TransData", "100.0\t", "30.0",
                                      "999")
            ROW("0", "1", "Conv_0Relu_1", "Conv2D", "131", "20", "1")
                ROW("0", "1", "Conv_12BatchNormalization_2Relu_3", "Conv2D", "152", "8", "1")
                    ROW("0", "1", "Gemm_4", "MatMulV2", "161", "10", "N/A")
                        ROW("0", "1", "N/A", "N/A", "171", "500", "0"));
    amct_correction c = corrected(0);
    cr_assert_eq(c.found.n_ops, 4);
    cr_assert_eq(c.found.n_matched, 3);
    cr_assert(c.found.n_kernels == 3 && c.found.n_told == 3 && !c.found.by_type);
    near(c.found.told_ratio, 1);
    near(c.found.matched_ratio, 38.0 / 68);
    cr_assert_str_eq(c.found.what, "device 0, model 1");
    /* what no node is, and waits but the first, are more than the 20 us that were thought fixed */
    latencies_are(&c, (double[]){20, 8, 10, 32, 70});
    near(estimate.total.error_band_ratio, AMCT_CORRECTION_NOISE);
    amct_correction_free(&c);
}

Test(measure_profile, older_files_hold_several_iterations, .init = setup, .fini = teardown)
{
    put("PROF_1/device_0/summary/op_summary_0_1.csv",
        "Model Name,Model ID,Task ID,Stream ID,Infer ID,Op Name,OP Type,Task Type,Task Start Time,"
        "Task Duration(us),Block Dim\n"
        "net,1,1,1,1,Conv_0Relu_1,Conv2D,AI_CORE,100,30,2\n"
        "net,1,2,1,1,Conv_12Relu_3,Conv2D,AI_CORE,140,12,2\n"
        "net,1,3,1,1,Gemm_4,MatMul,AI_CORE,150,5,2\n"
        "\n"
        "net,1,1,1,2,Conv_0Relu_1,Conv2D,AI_CORE,200,22,2\n"
        "net,1,2,1,2,Conv_12Relu_3,Conv2D,AI_CORE,240,10,2\n"
        "net,1,3,1,2,Gemm_4,MatMul,AI_CORE,250,0,2\n"
        "net,1,1,1,3,Conv_0Relu_1,Conv2D,AI_CORE,300,20,2\n"
        "net,1,2,1,3,Conv_12Relu_3,Conv2D,AI_CORE,340,8,2\n"
        "net,1,3,1,3,Gemm_4,MatMul,AI_CORE,350,7,2\n");
    amct_correction c = corrected(0);
    cr_assert_str_eq(c.found.what, "device 0, model net"); /* the folder tells which device */
    latencies_are(&c, (double[]){22, 10, 6, 20, 58});      /* medians; a time of 0 is none */
    amct_correction_free(&c);
}

Test(measure_profile, fusion_op_tells_what_names_do_not, .init = setup, .fini = teardown)
{
    put("op_summary_0.csv", "Op Name,OP Type,Task Duration(us)\n"
                            "te_fused_conv2d_17,Conv2D,40\nGemm_4,MatMul,5\n");
    fails(AMCT_E_INVALID, "1 of 2 operators, with 11 % of the time, belong to this network");
    put("fusion_op_0.csv", "Model Name,Model ID,Fusion Op,Original Ops,Memory Input(KB)\n"
                           "net,1,te_fused_conv2d_17,Conv_0;Relu_1;Conv_12;Relu_3,12\n");
    amct_correction c = corrected(0);
    latencies_are(&c, (double[]){20, 20, 5, 20, 65}); /* 40 us for what was estimated as 20 */
    amct_correction_free(&c);
}

Test(measure_profile, of_several_models_and_devices_that_of_the_network_is_taken, .init = setup,
     .fini = teardown)
{
    put("a/op_summary_1.csv", NEW_HEADER ROW("1", "7", "resize_1", "ResizeD", "1", "1000", "0")
                                  ROW("1", "7", "Conv_0", "Conv2D", "2", "1000", "0")
                                      ROW("0", "3", "Conv_0Relu_1", "Conv2D", "1", "11", "0")
                                          ROW("0", "3", "Conv_12Relu_3", "Conv2D", "12", "9", "0"));
    put("b/op_summary_2.csv", NEW_HEADER ROW("0", "3", "Gemm_4", "MatMul", "21", "6", "0"));
    amct_correction c = corrected(0);
    cr_assert_str_eq(c.found.what, "device 0, model 3, of 2 in the files");
    latencies_are(&c, (double[]){11, 9, 6, 20, 46});
    amct_correction_free(&c);
}

Test(measure_profile, types_alone_set_types_right, .init = setup, .fini = teardown)
{
    put("op_statistic_0_1.csv",
        "Model Name,OP Type,Core Type,Count,Total Time(us),Min Time(us),Avg Time(us),Ratio(%)\n"
        "net,Conv2D,AI Core,20,400,10,20,70\nnet,MatMulV2,AI Core,10,40,4,4,8\n"
        "net,TransData,AI Core,10,100,10,10,20\n");
    amct_correction c = corrected(0);
    cr_assert(c.found.n_ops == 3 && c.found.n_matched == 2);
    cr_assert(c.found.by_type && c.found.n_told == 3);
    near(c.found.runs, 10);
    amct_correction_apply(&estimate, graph, &c);
    /* half of the 20 us that are fixed are known; the rest is as unsure as it was, by 4 of 20 us */
    near(estimate.total.error_band_ratio, AMCT_CORRECTION_TYPES_NOISE + 0.5 * 4 / 64);
    near(estimate.costs[0].latency_ns, 20000);
    near(estimate.costs[2].latency_ns, 20000);
    near(estimate.costs[4].latency_ns, 4000);
    amct_correction_free(&c);
}

Test(measure_profile, one_latency_scales_all, .init = setup, .fini = teardown)
{
    amct_correction c;
    cr_assert_eq(amct_correction_make(&c, NULL, 90000, graph, &estimate, &err), AMCT_OK);
    near(c.found.scale, 2);
    latencies_are(&c, (double[]){20, 20, 10, 40, 90});
    amct_correction_free(&c);
}

Test(measure_profile, the_estimate_is_the_curve_and_the_profile_its_height, .init = setup,
     .fini = teardown)
{
    put("op_summary_0.csv", "Op Name,OP Type,Task Duration(us)\n"
                            "Conv_0Relu_1,Conv2D,20\nConv_12Relu_3,Conv2D,5\nGemm_4,MatMul,5\n"
                            "trans_TransData_0,TransData,20\n");
    amct_correction c = corrected(0);
    /* a candidate: the first layer in two factors, what changes formats, and half of the second */
    graph->nodes[0].name = "Conv_0.first";
    graph->nodes[1].name = "Conv_0.second";
    graph->nodes[3].name = "Conv_12.quant";
    graph->nodes[3].op = "AscendQuant";
    static const double ns[] = {3000, 4000, 5000, 1000, 5000};
    for (int n = 0; n < N; n++)
        estimate.costs[n] = (amct_node_cost){.latency_ns = ns[n], .spread_ns = 0.2 * ns[n]};
    amct_correction_apply(&estimate, graph, &c);
    near(estimate.costs[0].latency_ns, 6000);
    near(estimate.costs[1].latency_ns, 8000);
    near(estimate.costs[2].latency_ns, 2500);
    near(estimate.costs[3].latency_ns, 1000 * 30.0 / 25); /* as all operators together */
    near(estimate.costs[4].latency_ns, 5000);
    near(estimate.costs[4].spread_ns, 1000);
    /* unsure: by 20 % of what changed */
    double total = 6000 + 8000 + 2500 + 1200 + 5000 + 20000;
    double changed = 6000 + 8000 + 2500 + 1200;
    near(estimate.total.error_band_ratio, AMCT_CORRECTION_NOISE + 0.2 * changed / total);
    amct_correction_free(&c);
}

Test(measure_profile, a_number_is_not_cut, .init = setup, .fini = teardown)
{
    amct_names all;
    uint32_t nodes[8];
    graph->nodes[2].name = "Conv_1";
    cr_assert_eq(amct_names_make(&all, graph, &err), AMCT_OK);
    cr_assert_eq(amct_names_in(nodes, 8, &all, "Conv_12Relu_3"), 0);
    cr_assert_eq(amct_names_in(nodes, 8, &all, "Conv_1Relu_3"), 2);
    cr_assert(nodes[0] == 2 && nodes[1] == 3);
    cr_assert_eq(amct_names_in(nodes, 8, &all, "trans_Cast_Relu_3_after_it"), 0);
    cr_assert_eq(amct_names_in(nodes, 1, &all, "Conv_1Relu_3"), 1);
    amct_names_free(&all);
}

#define HEADER "Op Name,OP Type,Task Duration(us),Input Shapes\n"

Test(measure_profile, what_the_profile_leaves_out_stays_unsure, .init = setup, .fini = teardown)
{
    char text[AMCT_CORRECTION_TEXT];
    graph->nodes[4].op = "Softmax"; /* no layer that every profile has */
    put("op_summary_0.csv", HEADER "Conv_0Relu_1,Conv2D,20,\nConv_12Relu_3,Conv2D,20,\n");
    amct_correction c = corrected(0);
    cr_assert(c.found.n_kernels == 3 && c.found.n_told == 2);
    near(c.found.told_ratio, 20.0 / 25);
    latencies_are(&c, (double[]){20, 20, 10, 20, 70}); /* the last as the others */
    near(estimate.total.error_band_ratio, AMCT_CORRECTION_NOISE + (0.2 * 10 + 4) / 70);
    cr_assert_str_eq(amct_correction_tell(&c.found, text),
                     "set right by 2 of 2 operators of the profile, with 100 % of its time, which "
                     "are 2 of the network's 3 kernels, with 80 % of theirs (one model)");
    amct_correction_free(&c);
}

Test(measure_profile, with_the_whole_latency_nothing_is_left_out, .init = setup, .fini = teardown)
{
    char text[AMCT_CORRECTION_TEXT];
    graph->nodes[4].op = "Softmax";
    put("op_summary_0.csv", HEADER "Conv_0Relu_1,Conv2D,20,\nConv_12Relu_3,Conv2D,20,\n");
    amct_correction c = corrected(140000);
    latencies_are(&c, (double[]){40, 40, 20, 40, 140});
    near(estimate.total.error_band_ratio, AMCT_CORRECTION_NOISE);
    near(c.found.profiled_ns, 70000);
    cr_assert_str_eq(amct_correction_tell_scale(&c.found, text),
                     "scaled by 2 to the latency that was measured");
    amct_correction_free(&c);
}

Test(measure_profile, shapes_tell_the_batch, .init = setup, .fini = teardown)
{
    put("op_summary_0.csv",
        HEADER "Conv_0Relu_1,Conv2D,20,\"\"\"8,3,16,16;16,3,3,3\"\"\"\n"
               "Conv_12Relu_3,Conv2D,20,\"8,1,16,16,16;1,1,16,16\"\nGemm_4,MatMul,5,\"9,9\"\n");
    amct_correction c = corrected(0);
    amct_correction_free(&c);
}

Test(measure_profile, files_of_one_run_are_one_and_links_are_followed, .init = setup,
     .fini = teardown)
{
    char link[128];
    put("there/one.csv", "Op Name,OP Type,Task Duration(us)\nConv_0Relu_1,Conv2D,20\n");
    put("PROF_1/op_summary_2.csv",
        "Op Name,OP Type,Task Duration(us)\nConv_12Relu_3,Conv2D,20\nGemm_4,MatMul,5\n");
    snprintf(link, sizeof link, "%s/PROF_1/op_summary_1.csv", folder);
    cr_assert_eq(symlink("../there/one.csv", link), 0);
    amct_correction c = corrected(0);
    cr_assert_eq(c.found.n_matched, 3);
    amct_correction_free(&c);
}

Test(measure_profile, the_hash_is_of_the_content, .init = setup, .fini = teardown)
{
    amct_hash before, after;
    put("op_summary_0.csv", "Op Name,OP Type,Task Duration(us)\nConv_0Relu_1,Conv2D,20\n");
    cr_assert_eq(amct_profile_hash(&before, folder, &err), AMCT_OK);
    put("notes.txt", "no matter");
    cr_assert_eq(amct_profile_hash(&after, folder, &err), AMCT_OK);
    cr_assert(amct_hash_equal(before, after));
    put("op_summary_0.csv", "Op Name,OP Type,Task Duration(us)\nConv_0Relu_1,Conv2D,21\n");
    cr_assert_eq(amct_profile_hash(&after, folder, &err), AMCT_OK);
    cr_assert_not(amct_hash_equal(before, after));
}
