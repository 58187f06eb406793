/* What msprof writes, in its forms, and estimates that are set right by it. */
#include "base/file.h"
#include "measure/correction.h"
#include "measure/profile_match.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static char folder[64];
static amct_graph *graph;
static amct_latency estimate;

static const char *const names[] = {"Conv_0", "Relu_1", "Conv_12", "Relu_3", "Gemm_4"};
static const char *const ops[] = {"Conv", "Relu", "Conv", "Relu", "Gemm"};
enum { N = 5 };

/* A chain of layers; estimated 10 us each for the two convolutions with what is fused into them,
 * 5 us for the last, 20 us fixed. */
static void setup(void)
{
    uint32_t id, last;
    strcpy(folder, "/tmp/amct-profile-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(amct_graph_new(&graph, &err), AMCT_OK);
    amct_tensor x = {.name = "x", .dtype = AMCT_FLOAT};
    cr_assert_eq(amct_graph_add_tensor(graph, &x, &last, &err), AMCT_OK);
    cr_assert_eq(amct_graph_add_input(graph, last, &err), AMCT_OK);
    estimate = (amct_latency){.n_nodes = N, .arena = amct_arena_new()};
    estimate.costs = amct_arena_array(estimate.arena, N, sizeof *estimate.costs);
    for (uint32_t n = 0; n < N; n++) {
        cr_assert_eq(amct_graph_add_tensor(graph, &x, &id, &err), AMCT_OK);
        amct_node node = {
            .name = names[n], .op = ops[n], .n_src = 1, .n_dst = 1, .src = &last, .dst = &id};
        cr_assert_eq(amct_graph_add_node(graph, &node, &err), AMCT_OK);
        last = id;
        bool fused = strcmp(ops[n], "Relu") == 0;
        double ns = fused ? 0 : n == 4 ? 5000 : 10000;
        estimate.costs[n] = (amct_node_cost){.status = fused ? AMCT_NODE_FUSED : AMCT_NODE_OK,
                                             .fused_into = fused ? n - 1 : 0,
                                             .latency_ns = ns,
                                             .spread_ns = 0.2 * ns};
    }
    estimate.total =
        (amct_graph_cost){.latency_ns = 45000, .fixed_ns = 20000, .error_band_ratio = 0.2};
}

static void teardown(void)
{
    amct_folder_remove(folder, &err);
    amct_graph_free(graph);
    amct_latency_free(&estimate);
}

static void put(const char *below, const char *text)
{
    char *path = amct_path_join(folder, below), *in = amct_path_folder(path);
    cr_assert_eq(amct_folder_make(in, &err), AMCT_OK);
    cr_assert_eq(amct_file_write(path, text, strlen(text), &err), AMCT_OK);
    free(in);
    free(path);
}

static amct_correction corrected(double measured_ns)
{
    amct_correction c;
    cr_assert_eq(amct_correction_make(&c, folder, measured_ns, graph, &estimate, &err), AMCT_OK,
                 "%s", err.text);
    return c;
}

static void fails(amct_status code, const char *words)
{
    amct_correction c;
    cr_assert_eq(amct_correction_make(&c, folder, 0, graph, &estimate, &err), code, "wanted: %s",
                 words);
    cr_assert_not_null(strstr(err.text, words), "'%s', wanted '%s'", err.text, words);
    cr_assert_null(strchr(err.text, '\n'));
}

static void near(double found, double wanted)
{
    cr_assert_float_eq(found, wanted, 1e-6 * fabs(wanted) + 1e-9, "%.9g, wanted %.9g", found,
                       wanted);
}

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
    cr_assert_eq(c.n_ops, 4);
    cr_assert_eq(c.n_matched, 3);
    near(c.matched_ratio, 38.0 / 68);
    cr_assert_str_eq(c.what, "device 0, model 1");
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
    latencies_are(&c, (double[]){22, 10, 6, 20, 58}); /* medians; a time of 0 is none */
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
    cr_assert_str_eq(c.what, "device 0, model 3, of 2 in the files");
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
    cr_assert(c.n_ops == 3 && c.n_matched == 2);
    amct_correction_apply(&estimate, graph, &c);
    near(estimate.costs[0].latency_ns, 20000);
    near(estimate.costs[2].latency_ns, 20000);
    near(estimate.costs[4].latency_ns, 4000);
    amct_correction_free(&c);
}

Test(measure_profile, one_latency_scales_all, .init = setup, .fini = teardown)
{
    amct_correction c;
    cr_assert_eq(amct_correction_make(&c, NULL, 90000, graph, &estimate, &err), AMCT_OK);
    near(c.scale, 2);
    latencies_are(&c, (double[]){20, 20, 10, 40, 90});
    amct_correction_free(&c);
}

Test(measure_profile, the_estimate_is_the_curve_and_the_profile_its_height, .init = setup,
     .fini = teardown)
{
    put("op_summary_0.csv", "Op Name,OP Type,Task Duration(us)\n"
                            "Conv_0Relu_1,Conv2D,20\nConv_12Relu_3,Conv2D,5\nGemm_4,MatMul,5\n");
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

/* ---- Bad input ---------------------------------------------------------------------------------
 */

Test(measure_profile, the_profile_of_another_network_is_refused, .init = setup, .fini = teardown)
{
    put("op_summary_0.csv", "Op Name,OP Type,Task Duration(us)\nConv_77,Conv2D,40\n"
                            "Gemm_4,MatMul,5\nConv_78,Conv2D,40\n");
    fails(AMCT_E_INVALID, "1 of 3 operators, with 6 % of the time, belong to this network");
}

Test(measure_profile, bad_files_are_one_line, .init = setup, .fini = teardown)
{
    static const struct {
        const char *text, *words;
        amct_status code;
    } cases[] = {
        {"", "is empty", AMCT_E_FORMAT},
        {"nothing\n", "line 1: wanted the names of columns", AMCT_E_FORMAT},
        {"Op Name,OP Type\nConv_0,Conv2D\n", "line 1 has no column 'Task Duration(us)'",
         AMCT_E_FORMAT},
        {"OP Type,Task Duration(us)\nConv2D,1\n", "line 1 has no column 'Op Name'", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,1\nConv_1,Co",
         "line 3 has 2 fields, 3 wanted: is the file cut?", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,1,x\nGemm_4,MatMul,1\n",
         "line 2 has 4 fields, 3 wanted", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\n\"Conv_0,Conv2D,1\n", "line 2: a quote is not closed",
         AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,fast\n",
         "line 2: 'Task Duration(us)' is 'fast', a time was wanted", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,-1\n", "is '-1', a time was wanted",
         AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,0\nGemm_4,MatMul,N/A\n",
         "no operator of the profile has a time (2 operators without)", AMCT_E_INVALID},
        {"Op Name,OP Type,Task Duration(us)\n", "no operator of the profile has a time",
         AMCT_E_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("op_summary_0.csv", cases[i].text);
        fails(cases[i].code, cases[i].words);
    }
}

Test(measure_profile, a_folder_without_files_is_refused, .init = setup, .fini = teardown)
{
    fails(AMCT_E_INVALID, "there is no op_summary*.csv in it");
    strcat(folder, "/nowhere");
    fails(AMCT_E_IO, "is no folder that can be read");
    *strrchr(folder, '/') = 0;
}
