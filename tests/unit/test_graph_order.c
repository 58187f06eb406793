#include "graph/graph.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static amct_err err;
static amct_graph *g;

static void setup(void)
{
    cr_assert_eq(amct_graph_new(&g, &err), AMCT_OK);
}

static void teardown(void)
{
    amct_graph_free(g);
}

static uint32_t tensor(const char *name)
{
    uint32_t id;
    cr_assert_eq(amct_graph_add_tensor(g, &(amct_tensor){.name = name}, &id, &err), AMCT_OK);
    return id;
}

static void node(const char *name, uint32_t a, uint32_t b, uint32_t dst)
{
    uint32_t src[2] = {a, b};
    amct_node n = {.name = name, .op = "Add", .n_src = 2, .src = src, .n_dst = 1, .dst = &dst};
    cr_assert_eq(amct_graph_add_node(g, &n, &err), AMCT_OK);
}

Test(graph_order, nodes_are_put_behind_what_they_need, .init = setup, .fini = teardown)
{
    uint32_t x = tensor("x"), a = tensor("a"), b = tensor("b"), c = tensor("c");
    amct_graph_add_input(g, x, &err);
    node("third", b, a, c);
    node("second", a, x, b);
    node("first", x, x, a);
    amct_graph_add_output(g, c, &err);
    cr_assert_eq(amct_graph_validate(g, &err), AMCT_E_FORMAT);
    cr_assert_eq(amct_graph_sort(g, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(g->nodes[0].name, "first");
    cr_assert_str_eq(g->nodes[1].name, "second");
    cr_assert_str_eq(g->nodes[2].name, "third");
    cr_assert_eq(amct_graph_validate(g, &err), AMCT_OK);
}

Test(graph_order, a_sorted_graph_keeps_its_order, .init = setup, .fini = teardown)
{
    uint32_t x = tensor("x"), out[20];
    amct_graph_add_input(g, x, &err);
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        out[i] = tensor(name);
        node(name, i % 3 ? out[i - 1] : x, x, out[i]);
    }
    cr_assert_eq(amct_graph_sort(g, &err), AMCT_OK);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(g->nodes[i].dst[0], out[i]);
}

Test(graph_order, a_cycle_is_refused_by_name, .init = setup, .fini = teardown)
{
    uint32_t x = tensor("x"), a = tensor("a"), b = tensor("b"), c = tensor("c");
    amct_graph_add_input(g, x, &err);
    node("before", x, x, a);
    node("left", a, c, b);
    node("right", b, b, c);
    cr_assert_eq(amct_graph_sort(g, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "a cycle"), "%s", err.text);
    cr_assert(strstr(err.text, "'left'") || strstr(err.text, "'right'"), "%s", err.text);
}

Test(graph_order, missing_and_doubled_makers_are_refused, .init = setup, .fini = teardown)
{
    uint32_t x = tensor("x"), ghost = tensor("ghost"), a = tensor("a");
    amct_graph_add_input(g, x, &err);
    node("n", x, ghost, a);
    cr_assert_eq(amct_graph_sort(g, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "'ghost' is neither"), "%s", err.text);
    node("again", x, x, a);
    cr_assert_eq(amct_graph_sort(g, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "'a' is already made by another node"), "%s", err.text);
}

Test(graph_order, ids_beyond_the_tensors_are_refused, .init = setup, .fini = teardown)
{
    uint32_t x = tensor("x"), a = tensor("a");
    amct_graph_add_input(g, x, &err);
    node("n", x, 99, a);
    cr_assert_eq(amct_graph_sort(g, &err), AMCT_E_PLUGIN);
}

Test(graph_order, pruning_removes_what_nobody_needs, .init = setup, .fini = teardown)
{
    uint32_t x = tensor("x"), a = tensor("a"), b = tensor("b"), c = tensor("c"), w;
    void *data;
    amct_shape shape = amct_shape_of(1, (int64_t[]){3});
    amct_graph_add_input(g, x, &err);
    amct_graph_add_constant(g, "w", AMCT_FLOAT, &shape, &w, &data, &err);
    node("kept", x, x, a);
    node("dead", a, w, b);
    node("kept too", a, x, c);
    amct_graph_add_output(g, c, &err);
    cr_assert_eq(amct_graph_prune(g, &err), AMCT_OK);
    cr_assert_eq(g->n_nodes, 2);
    cr_assert_str_eq(g->nodes[0].name, "kept");
    cr_assert_str_eq(g->nodes[1].name, "kept too");
    cr_assert_null(g->tensors[w].data);
}

Test(graph_order, names_become_unique_and_outputs_keep_theirs, .init = setup, .fini = teardown)
{
    uint32_t x = tensor("x"), a = tensor(""), b = tensor("x"), c = tensor("out");
    amct_graph_add_input(g, x, &err);
    node("", x, x, a);
    node("same", a, x, b);
    node("same", b, x, c);
    amct_graph_add_output(g, c, &err);
    cr_assert_eq(amct_graph_name_uniquely(g, &err), AMCT_OK);
    cr_assert_str_eq(g->tensors[x].name, "x");
    cr_assert_str_eq(g->tensors[c].name, "out");
    cr_assert_str_neq(g->tensors[b].name, "x");
    cr_assert_str_eq(g->nodes[0].name, "Add_0");
    cr_assert_str_eq(g->nodes[1].name, "same");
    cr_assert_str_neq(g->nodes[2].name, "same");
}

Test(graph_order, names_made_to_collide_become_unique)
{
    enum { N = 20000 }; /* every "a_<k>" that a renamed "a" would be called is there already */
    uint32_t ids[2];
    cr_assert_eq(amct_graph_new(&g, &err), AMCT_OK);
    amct_tensor t = {.name = "x", .dtype = AMCT_FLOAT, .shape = {.rank = 0}};
    amct_graph_add_tensor(g, &t, &ids[0], &err);
    amct_graph_add_input(g, ids[0], &err);
    for (uint32_t i = 0; i < N; i++) {
        char name[16] = "a";
        if (i < N / 2)
            snprintf(name, sizeof name, "a_%u", N / 2 + i);
        t.name = name;
        amct_graph_add_tensor(g, &t, &ids[1], &err);
        amct_node node = {.name = name, .op = "Relu", .n_src = 1, .src = &ids[0], .n_dst = 1};
        node.dst = &ids[1];
        cr_assert_eq(amct_graph_add_node(g, &node, &err), AMCT_OK);
    }
    amct_graph_add_output(g, ids[1], &err);
    cr_assert_eq(amct_graph_name_uniquely(g, &err), AMCT_OK);
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "a", "an output keeps its name");
    for (uint32_t i = 1; i < N; i++)
        cr_assert_str_neq(g->nodes[i].name, g->nodes[i - 1].name);
    amct_graph_free(g);
}
