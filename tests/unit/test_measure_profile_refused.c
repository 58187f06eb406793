/* Profiles that are refused: files that are none, and those of another network, batch or run. */
#include "profile_network.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAIN  "Op Name,OP Type,Task Duration(us)\n"
#define COUNTS "Device_id,OP Type,Core Type,Count,Total Time(us)\n"

Test(measure_profile_refused, the_profile_of_another_network_is_refused, .init = setup,
     .fini = teardown)
{
    put("op_summary_0.csv", "Op Name,OP Type,Task Duration(us)\nConv_77,Conv2D,40\n"
                            "Gemm_4,MatMul,5\nConv_78,Conv2D,40\n");
    fails(AMCT_E_INVALID, "1 of 3 operators, with 6 % of the time, belong to this network");
}

Test(measure_profile_refused, bad_files_are_one_line, .init = setup, .fini = teardown)
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
         "line 2: 'Task Duration(us)' is 'fast', a time below an hour was wanted", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,-1\n",
         "is '-1', a time below an hour was wanted", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,0\nGemm_4,MatMul,N/A\n",
         "no operator of the profile has a time (2 operators without)", AMCT_E_INVALID},
        {"Op Name,OP Type,Task Duration(us)\n",
         "op_summary_0.csv: has nothing below its line of names", AMCT_E_INVALID},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,1\nGemm_4,MatMul,1e308\n",
         "line 3: 'Task Duration(us)' is '1e308', a time below an hour was wanted", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,3600000001\n",
         "line 2: 'Task Duration(us)' is '3600000001'", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,0x10\n", "is '0x10'", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,inf\n", "is 'inf'", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us)\nConv_0,Conv2D,nan\n", "is 'nan'", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us),Task Wait Time(us)\nConv_0,Conv2D,1,1e15\n",
         "line 2: 'Task Wait Time(us)' is '1e15'", AMCT_E_FORMAT},
        {"Op Name,OP Type,Task Duration(us),Op_Name\nConv_0,Conv2D,1,x\n",
         "line 1 has column 'Op Name' twice", AMCT_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("op_summary_0.csv", cases[i].text);
        fails(cases[i].code, cases[i].words);
    }
}

Test(measure_profile_refused, a_folder_without_files_is_refused, .init = setup, .fini = teardown)
{
    fails(AMCT_E_INVALID, "there is no op_summary*.csv in it");
    strcat(folder, "/nowhere");
    fails(AMCT_E_IO, "is no folder that can be read");
    *strrchr(folder, '/') = 0;
}

Test(measure_profile_refused, zero_bytes_and_endless_fields_are_no_text, .init = setup,
     .fini = teardown)
{
    static const char zero[] = PLAIN "Conv_0\0x,Conv2D,1\n";
    char *path = amct_path_join(folder, "op_summary_0.csv"), *lots = malloc(20 << 20);
    cr_assert_eq(amct_file_write(path, zero, sizeof zero - 1, &err), AMCT_OK);
    fails(AMCT_E_FORMAT, "line 2: a zero byte: this is no text");
    memset(lots, 'x', 20 << 20);
    memcpy(lots, PLAIN, strlen(PLAIN));
    cr_assert_eq(amct_file_write(path, lots, 20 << 20, &err), AMCT_OK);
    fails(AMCT_E_LIMIT, "line 2: a field of ");
    free(lots);
    free(path);
}

Test(measure_profile_refused, what_is_no_file_is_told, .init = setup, .fini = teardown)
{
    char path[128];
    snprintf(path, sizeof path, "%s/op_summary_1.csv", folder);
    put("op_summary_1.csv/x", "");
    fails(AMCT_E_IO, "op_summary_1.csv: is a folder, a file of msprof was wanted");
    cr_assert_eq(amct_folder_remove(path, &err), AMCT_OK);
    cr_assert_eq(mkfifo(path, 0600), 0);
    fails(AMCT_E_IO, "op_summary_1.csv: is a pipe, a file of msprof was wanted");
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(symlink("op_summary_1.csv", path), 0);
    fails(AMCT_E_IO, "op_summary_1.csv: Too many levels of symbolic links");
    cr_assert_eq(unlink(path), 0);
    put("op_summary_0.csv", PLAIN "Conv_0,Conv2D,1\n");
    put("fusion_op_0.csv/x", "");
    fails(AMCT_E_IO, "fusion_op_0.csv: is a folder");
}

/* Names of a related network begin like this one's. */
Test(measure_profile_refused, convolutions_of_no_layer_are_of_another_network, .init = setup,
     .fini = teardown)
{
    put("op_summary_0.csv", PLAIN "Conv_0Relu_1,Conv2D,20\nConv_12Relu_3,Conv2D,20\n"
                                  "Gemm_4,MatMul,5\nConv_14Relu_5,Conv2D,20\n");
    fails(AMCT_E_INVALID, "1 of its 4 convolutions and matrix products, with 31 % of its time, are "
                          "not of this network, which has 3 of them");
}

Test(measure_profile_refused, a_profile_with_few_layers_is_cut, .init = setup, .fini = teardown)
{
    put("op_summary_0.csv", PLAIN "Conv_0Relu_1,Conv2D,20\n");
    fails(AMCT_E_INVALID, "has 1 of this network's 3 convolutions and matrix products: is it cut");
    for (int n = 0; n < N; n++)
        graph->nodes[n].op = "Softmax"; /* no convolution: by time alone */
    fails(AMCT_E_INVALID, "has 1 of this network's 3 kernels, with 40 % of their time: is it cut");
}

Test(measure_profile_refused, counts_of_types_are_those_of_the_network, .init = setup,
     .fini = teardown)
{
    put("op_statistic_0.csv", COUNTS "0,Conv2D,AI_CORE,3,30\n0,MatMulV2,AI_CORE,1,5\n");
    fails(AMCT_E_INVALID, "counts 1.5 convolutions a run (3 in all), this network has 2");
    put("op_statistic_0.csv", COUNTS "0,Conv2D,AI_CORE,2,30\n0,MatMulV2,AI_CORE,3,5\n");
    fails(AMCT_E_INVALID, "counts 3 matrix products a run (3 in all), this network has 1");
    put("op_statistic_0.csv", COUNTS "0,Conv2D,AI_CORE,2,30\n0,MatMulV2,AI_CORE,1e300,5\n");
    fails(AMCT_E_FORMAT, "line 3: 'Count' is '1e300', a number of runs was wanted");
}

Test(measure_profile_refused, another_batch_is_told, .init = setup, .fini = teardown)
{
    put("op_summary_0.csv",
        "Op Name,OP Type,Task Duration(us),Input Shapes\n"
        "Conv_0Relu_1,Conv2D,20,\"\"\"64,3,16,16;16,3,3,3\"\"\"\n"
        "Conv_12Relu_3,Conv2D,20,\"64,1,16,16,16\"\nGemm_4,MatMul,5,\"64,16\"\n");
    fails(AMCT_E_INVALID, "was measured at batch 64, by the shapes of ");
    cr_assert_not_null(strstr(err.text, "the network is at batch 8: say --batch 64"));
}

Test(measure_profile_refused, two_runs_are_not_mixed, .init = setup, .fini = teardown)
{
    static const char rows[] = PLAIN "Conv_0Relu_1,Conv2D,20\nConv_12Relu_3,Conv2D,20\n";
    char words[256];
    put("PROF_1/mindstudio_profiler_output/op_summary_1.csv", rows);
    put("PROF_2/mindstudio_profiler_output/op_summary_1.csv", rows);
    snprintf(words, sizeof words, "%s/PROF_1 and %s/PROF_2 are of two runs of this network", folder,
             folder);
    fails(AMCT_E_INVALID, words);
    put("PROF_2/mindstudio_profiler_output/op_summary_1.csv",
        "Op Name,OP Type,Task Duration(us),Model ID\nConv_0Relu_1,Conv2D,20,2\n");
    fails(AMCT_E_INVALID, words); /* models of their own, both of this network */
}
