#include "graph/graph.h"

#include <criterion/criterion.h>
#include <string.h>

static amct_err err;

/* x -> Relu -> y -> Relu -> z */
static amct_graph *chain(void)
{
    amct_graph *g;
    uint32_t x, y, z;
    cr_assert_eq(amct_graph_new(&g, &err), AMCT_OK);
    amct_tensor t = {.name = "x", .dtype = AMCT_FLOAT, .shape = amct_shape_of(1, (int64_t[]){4})};
    amct_graph_add_tensor(g, &t, &x, &err);
    amct_graph_add_input(g, x, &err);
    t.name = "y";
    amct_graph_add_tensor(g, &t, &y, &err);
    t.name = "z";
    amct_graph_add_tensor(g, &t, &z, &err);
    amct_attr attr = {.name = "s", .type = AMCT_ATTR_STRING, .data = "hello", .count = 5};
    amct_node node = {.name = "a",
                      .op = "Relu",
                      .n_src = 1,
                      .src = &x,
                      .n_dst = 1,
                      .dst = &y,
                      .n_attrs = 1,
                      .attrs = &attr};
    cr_assert_eq(amct_graph_add_node(g, &node, &err), AMCT_OK);
    node = (amct_node){.name = "b", .op = "Relu", .n_src = 1, .src = &y, .n_dst = 1, .dst = &z};
    cr_assert_eq(amct_graph_add_node(g, &node, &err), AMCT_OK);
    amct_graph_add_output(g, z, &err);
    return g;
}

Test(graph_graph, a_clone_is_independent_of_its_parent)
{
    amct_graph *g = chain(), *c;
    cr_assert_eq(amct_graph_clone(&c, g, &err), AMCT_OK);
    int64_t axes[2] = {1, 2};
    amct_attr attr = {.name = "axes", .type = AMCT_ATTR_INTS, .data = axes, .count = 2};
    cr_assert_eq(amct_node_set_attr(c, &c->nodes[0], &attr, &err), AMCT_OK);
    c->nodes[0].src[0] = 1;
    c->tensors[0].shape.dims[0] = 9;
    cr_assert_eq(g->nodes[0].src[0], 0);
    cr_assert_eq(g->nodes[0].n_attrs, 1);
    cr_assert_eq(g->tensors[0].shape.dims[0], 4);
    amct_graph_free(g);
    size_t n;
    const int64_t *ints = amct_node_ints(&c->nodes[0], "axes", &n);
    cr_assert_eq(n, 2);
    cr_assert_eq(ints[1], 2);
    cr_assert_str_eq(amct_node_string(&c->nodes[0], "s", ""), "hello");
    amct_graph_free(c);
}

Test(graph_graph, setting_an_attribute_replaces_the_one_of_that_name)
{
    amct_graph *g = chain();
    amct_attr attr = {.name = "s", .type = AMCT_ATTR_INT, .i = 3};
    cr_assert_eq(amct_node_set_attr(g, &g->nodes[0], &attr, &err), AMCT_OK);
    cr_assert_eq(g->nodes[0].n_attrs, 1);
    cr_assert_eq(amct_node_int(&g->nodes[0], "s", -1), 3);
    cr_assert_str_eq(amct_node_string(&g->nodes[0], "s", "not a string"), "not a string");
    cr_assert_eq(amct_node_float(&g->nodes[0], "absent", 2.5f), 2.5f);
    amct_graph_free(g);
}

Test(graph_graph, links_know_makers_and_users)
{
    amct_graph *g = chain();
    amct_links links;
    cr_assert_eq(amct_links_make(&links, g, &err), AMCT_OK);
    cr_assert_eq(links.producer[0], AMCT_NO_TENSOR);
    cr_assert_eq(links.producer[2], 1);
    cr_assert_eq(amct_links_only_user(&links, 1), 1);
    cr_assert_eq(amct_links_only_user(&links, 2), AMCT_NO_TENSOR, "an output has no only user");
    cr_assert_eq(links.n_uses[2], 1);
    amct_links_free(&links);
    amct_graph_free(g);
}
