#include "plugin/estimator.h"
#include "unit/plugin_files.h"

#include <string.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static amct_err err;
static amct_plugins *plugins;

static void setup(void)
{
    plugins = registry((const char *[]){"garbage"}, 1);
}

static void teardown(void)
{
    amct_plugins_free(plugins);
}

static amct_status open_case(amct_estimating **e, const char *wrong)
{
    const amct_option option = {.struct_size = sizeof option, .key = "case", .value = wrong};
    return amct_estimating_open(e, plugins, "garbage", &option, 1, &err);
}

enum { N_NODES = 6 };
static amct_node_cost costs[N_NODES];
static amct_graph_cost total;

/* Six nodes, which the plugin only counts. */
static amct_status run_case(const char *wrong)
{
    amct_node_desc nodes[N_NODES] = {{0}};
    for (uint32_t i = 0; i < N_NODES; i++)
        nodes[i] = (amct_node_desc){
            .struct_size = sizeof *nodes, .name = "conv", .op = "Conv", .domain = ""};
    const amct_graph_view graph = {.struct_size = sizeof graph, .n_nodes = N_NODES, .nodes = nodes};
    amct_estimating *e;
    cr_assert_eq(open_case(&e, wrong), AMCT_OK, "%s", err.text);
    memset(costs, 0x55, sizeof costs);
    amct_status status = amct_estimating_run(e, &graph, costs, &total, &err);
    amct_estimating_close(e);
    return status;
}

Test(plugin_estimator, a_right_answer_is_taken, .init = setup, .fini = teardown)
{
    amct_estimating *e;
    cr_assert_eq(open_case(&e, ""), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(amct_estimating_info(e)->device, "Toy1");
    cr_assert_eq(amct_estimating_info(e)->method, AMCT_METHOD_TABLE);
    cr_assert_eq(amct_estimating_info(e)->deterministic, 1);
    cr_assert_str_eq(amct_estimating_plugin(e)->name, "garbage");
    amct_estimating_close(e);
    cr_assert_eq(run_case(""), AMCT_OK, "%s", err.text);
    cr_assert_eq(total.latency_ns, 100);
    cr_assert_eq(costs[1].latency_ns, 10);
    cr_assert_eq(costs[4].status, AMCT_NODE_FUSED);
    cr_assert_eq(costs[4].fused_into, 5);
}

Test(plugin_estimator, chains_of_fused_nodes_are_followed, .init = setup, .fini = teardown)
{
    cr_assert_eq(run_case("chain"), AMCT_OK, "%s", err.text);
    cr_assert_eq(costs[1].fused_into, 3);
    cr_assert_eq(costs[2].fused_into, 3);
}

Test(plugin_estimator, opening_fails_with_words, .init = setup, .fini = teardown)
{
    amct_estimating *e = NULL;
    cr_assert_eq(amct_estimating_open(&e, plugins, "ascend", NULL, 0, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "there is no estimator 'ascend'; estimators known: garbage");
    const amct_option option = {.struct_size = sizeof option, .key = "chip", .value = "x"};
    cr_assert_eq(amct_estimating_open(&e, plugins, "garbage", &option, 1, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "unknown option, 'case' is known");
    cr_assert_eq(open_case(&e, "silent open"), AMCT_E_PLUGIN);
    HAS(err.text, "plugin 'garbage': 'open' failed (io) without saying why");
    cr_assert_eq(open_case(&e, "no instance"), AMCT_E_PLUGIN);
    HAS(err.text, "gave no instance");
    cr_assert_eq(open_case(&e, "no device"), AMCT_E_PLUGIN);
    HAS(err.text, "names no device");
    cr_assert_eq(open_case(&e, "method"), AMCT_E_PLUGIN);
    HAS(err.text, "unknown method 9");
    cr_assert_null(e);
}

Test(plugin_estimator, wrong_answers_are_the_plugins_fault, .init = setup, .fini = teardown)
{
    static const struct {
        const char *wrong, *words;
    } cases[] = {
        {"silent", "'estimate' failed (limit) without saying why"},
        {"unknown code", "unknown code 42"},
        {"nan", "node 2 'conv': latency nan ns"},
        {"negative", "node 2 'conv': latency -1 ns"},
        {"spread", "spread inf ns"},
        {"incomplete", "node 2 'conv': no estimate was given"},
        {"status", "unknown status 4"},
        {"bound", "unknown bound 5"},
        {"struct size", "struct_size was changed to 0"},
        {"fused far", "fused into node 99, another of 6 nodes wanted"},
        {"fused self", "node 3 'conv': fused into node 3"},
        {"fused cycle", "is fused into itself"},
        {"fused latency", "node 4 'conv': latency 5 ns, 0 wanted for a node that is fused"},
        {"total", "total latency nan ns"},
        {"fixed", "of which 101 ns are fixed"},
        {"band", "error band -0.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(run_case(cases[i].wrong), AMCT_E_PLUGIN, "%s", cases[i].wrong);
        HAS(err.text, "plugin 'garbage'");
        HAS(err.text, cases[i].words);
    }
    cr_assert_eq(run_case("fail"), AMCT_E_LIMIT);
    cr_assert_str_eq(err.text, "the graph is too large for this chip");
}
