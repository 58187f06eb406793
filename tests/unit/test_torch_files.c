/* Each form of PyTorch's files, small and made here. */
#include "unit/plugin_files.h"
#include "unit/torch_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static torch_archive a;

/* relu(w * x) of the program, for x = 1 at every place of 2 x 2. */
static void check_conv(amct_graph *g)
{
    float x[12];
    size_t n;
    for (int i = 0; i < 12; i++)
        x[i] = 1;
    float *y = torch_run_graph(g, x, 12, &n);
    cr_assert_eq(n, 16);
    for (int c = 0; c < 4; c++) {
        const float *w = torch_weights + 8 + 3 * c;
        float wanted = fmaxf(w[0] + w[1] + w[2], 0);
        for (int i = 0; i < 4; i++)
            cr_assert_float_eq(y[4 * c + i], wanted, 1e-5f);
    }
    free(y);
}

Test(torch_files, a_program_of_today)
{
    amct_graph *g;
    torch_make_program(&a, torch_program, torch_config);
    cr_assert_eq(torch_import(&a, NULL, &g), AMCT_OK, "%s", torch_err.text);
    cr_assert_str_eq(g->producer, "pytorch 2.15.0");
    cr_assert_eq(g->n_inputs, 1);
    cr_assert_eq(g->n_outputs, 1);
    const amct_tensor *w = torch_find_tensor(g, "w");
    cr_assert_eq(w->shape.dims[0], 4);
    cr_assert_null(w->block, "weights stay in the file");
    check_conv(g);
}

Test(torch_files, a_program_of_2024)
{
    amct_graph *g;
    torch_make_program_2024(&a);
    cr_assert_eq(torch_import(&a, NULL, &g), AMCT_OK, "%s", torch_err.text);
    check_conv(g);
}

Test(torch_files, a_module_with_code)
{
    amct_graph *g;
    torch_make_forward(&a, "    weight = self.weight\n"
                           "    return torch.relu(torch.conv2d(x, weight, None))\n");
    cr_assert_eq(torch_import(&a, "1x3x2x2", &g), AMCT_OK, "%s", torch_err.text);
    cr_assert_not_null(torch_find_tensor(g, "weight"));
    check_conv(g);
}

Test(torch_files, code_with_functions_loops_and_branches)
{
    static const char code[] = "def twice(input: Tensor,\n"
                               "    times: int=2,\n"
                               "    mode: Optional[str]=None) -> Tensor:\n"
                               "  out = input\n"
                               "  if torch.__is__(mode, None):\n"
                               "    for i in range(times):\n"
                               "      out0 = torch.add(out, 1)\n"
                               "      out = out0\n"
                               "  else:\n"
                               "    ops.prim.RaiseException(\"no\", \"builtins.ValueError\")\n"
                               "  return out\n"
                               "class M(Module):\n"
                               "  __annotations__[\"0\"] = __torch__.M\n"
                               "  def forward(self: __torch__.M,\n"
                               "    x: Tensor) -> Tensor:\n"
                               "    _0 = __torch__.twice\n"
                               "    n, c, h, w, = torch.size(x)\n"
                               "    a, b, = torch.chunk(x, 2, 2)\n"
                               "    i = 0\n"
                               "    while torch.lt(i, torch.floordiv(h, 2)):\n"
                               "      i = torch.add(i, 1)\n"
                               "    y = _0(torch.cat([b, a], 2), i, )\n"
                               "    return (self).last(torch.view(y, [n, -1]), )\n"
                               "  def last(self: __torch__.M,\n"
                               "    y: Tensor) -> Tensor:\n"
                               "    return torch.mul(y, -2.)\n";
    static const float x[4] = {1, 2, 3, 4}, wanted[4] = {-8, -10, -4, -6};
    amct_graph *g;
    size_t n;
    torch_make_module(&a, code);
    cr_assert_eq(torch_import(&a, "1x1x2x2", &g), AMCT_OK, "%s", torch_err.text);
    float *y = torch_run_graph(g, x, 4, &n);
    cr_assert_eq(n, 4);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(y[i], wanted[i], 1e-6f, "%d: %g", i, y[i]);
    free(y);
}

static int32_t probe(const char *name)
{
    torch_archive zip = {0};
    torch_archive_add_text(&zip, name, "x");
    torch_archive_end(&zip);
    int32_t sure = amct_plugin_v1.importer->probe(zip.bytes, zip.size, "model");
    torch_archive_free(&zip);
    return sure;
}

Test(torch_files, are_told_from_other_archives_by_their_first_member)
{
    static const char *const ours[] = {"net/data.pkl",          "net/data/0",
                                       "a.b/models/model.json", "net/data/weights/weight_0",
                                       "net/version",           "serialized_exported_program.json",
                                       "net/.data/version"};
    static const char *const others[] = {"metadata.json",        "x.npy",    "version.npy",
                                         "META-INF/MANIFEST.MF", "data.npy", "net/other"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        cr_assert_geq(probe(ours[i]), 60, "%s", ours[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_eq(probe(others[i]), 0, "%s", others[i]);
    cr_assert_eq(amct_plugin_v1.importer->probe("PK", 2, "model"), 0);
    cr_assert_eq(amct_plugin_v1.importer->probe("\x80\2}.", 4, "model"), 0);
}

/* ---- Operators that are more than one node ------------------------------------------------- */

typedef struct expression {
    const char *code; /* of x, which is 1, 2, ... 8 as [1, 2, 2, 2] */
    float wanted[4];  /* the first results */
} expression;

Test(torch_files, operators_are_what_pytorch_computes)
{
    static const expression expressions[] = {
        {"torch.silu(x)", {0.731059f, 1.761594f, 2.857722f, 3.928055f}},
        {"torch.rsqrt(x)", {1, 0.707107f, 0.577350f, 0.5f}},
        {"torch.rsub(x, 1)", {0, -1, -2, -3}},
        {"torch.add(x, x, alpha=2)", {3, 6, 9, 12}},
        {"torch.clamp_max(x, 2.5)", {1, 2, 2.5f, 2.5f}},
        {"torch.hardsigmoid(torch.sub(x, 2))", {1 / 3.0f, 0.5f, 2 / 3.0f, 5 / 6.0f}},
        {"torch.var(x, [2, 3])", {5 / 3.0f, 5 / 3.0f, 0, 0}},
        {"torch.std(x, [2, 3], False, True)", {1.118034f, 1.118034f, 0, 0}},
        {"torch.frobenius_norm(x, [1])", {5.099020f, 6.324555f, 7.615773f, 8.944272f}},
        {"torch.pixel_shuffle(torch.reshape(x, [1, 4, 1, 2]), 2)", {1, 3, 2, 4}},
        {"torch.pixel_unshuffle(x, 2)", {1, 2, 3, 4}},
        {"torch.channel_shuffle(torch.view(x, [1, 4, 2, 1]), 2)", {1, 2, 5, 6}},
        {"torch.select(x, 1, -1)", {5, 6, 7, 8}},
        {"torch.unbind(x, 3)[1]", {2, 4, 6, 8}},
        {"torch.stack([x, x], 1)", {1, 2, 3, 4}},
        {"torch.flip(x, [3])", {2, 1, 4, 3}},
        {"torch.pad(x, [1, 0, 0, 0], \"constant\", 9.)", {9, 1, 2, 9}},
        {"torch.adaptive_avg_pool2d(x, [1, 2])", {2, 3, 6, 7}},
        {"torch.upsample_nearest2d(x, [2, 4], None)", {1, 1, 2, 2}},
        {"torch.upsample_bilinear2d(x, None, True, [2., 2.])", {1, 4 / 3.0f, 5 / 3.0f, 2}},
        {"torch.linear(torch.view(x, [4, 2]), torch.view(x, [4, 2]))", {5, 11, 17, 23}},
        {"torch.scaled_dot_product_attention(x, x, x)",
         {2.971668f, 3.971668f, 2.999900f, 3.999900f}},
        {"torch.layer_norm(x, [2])", {-0.99998f, 0.99998f, -0.99998f, 0.99998f}},
        {"torch.group_norm(x, 1)", {-1.527524f, -1.091088f, -0.654653f, -0.218218f}},
        {"torch.glu(x, 1)", {0.993307f, 1.995055f, 2.997267f, 3.998659f}},
        {"torch.where(torch.gt(x, 2), x, torch.zeros_like(x))", {0, 0, 3, 4}},
        {"torch.masked_fill(x, torch.lt(x, 3), 0.5)", {0.5f, 0.5f, 3, 4}},
        {"torch.mul_(torch.relu_(torch.neg(x)), 2)", {0, 0, 0, 0}},
    };
    float x[8];
    for (int i = 0; i < 8; i++)
        x[i] = (float)i + 1;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        const expression *e = &expressions[i];
        char body[300];
        amct_graph *g;
        size_t n;
        snprintf(body, sizeof body, "    return %s\n", e->code);
        torch_make_forward(&a, body);
        cr_assert_eq(torch_import(&a, "1x2x2x2", &g), AMCT_OK, "%s: %s", e->code, torch_err.text);
        float *y = torch_run_graph(g, x, 8, &n);
        for (size_t k = 0; k < 4 && k < n; k++)
            cr_assert_float_eq(y[k], e->wanted[k], 2e-5f, "%s: %zu is %g, wanted %g", e->code, k,
                               y[k], e->wanted[k]);
        free(y);
    }
}

Test(torch_files, what_is_changed_in_place_is_changed_for_all_who_hold_it)
{
    static const float x[4] = {1, -2, 3, -4}, wanted[4] = {2, 0, 6, 0};
    amct_graph *g;
    size_t n;
    torch_make_forward(&a, "    y = torch.mul(x, 1)\n"
                           "    z = torch.relu_(y)\n"
                           "    return torch.add(y, z)\n");
    cr_assert_eq(torch_import(&a, "1x4", &g), AMCT_OK, "%s", torch_err.text);
    float *y = torch_run_graph(g, x, 4, &n);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(y[i], wanted[i], 1e-6f);
    free(y);
    torch_make_forward(&a, "    y = torch.mul(x, 1)\n"
                           "    v = torch.view(y, [4])\n"
                           "    z = torch.relu_(y)\n"
                           "    return torch.add(v, z)\n");
    cr_assert_eq(torch_import(&a, "1x4", &g), AMCT_E_UNSUPPORTED);
    HAS(torch_err.text, "changed in place");
}

Test(torch_files, an_unknown_operator_is_passed_on_by_name)
{
    amct_graph *g;
    torch_make_forward(&a, "    return torch.embedding(x, self.bias)\n");
    cr_assert_eq(torch_import(&a, "1x4", &g), AMCT_OK, "%s", torch_err.text);
    cr_assert_str_eq(g->nodes[0].op, "embedding");
    cr_assert_str_eq(g->nodes[0].domain, "aten");
    amct_graph_free(g);
}

/* ---- Weights -------------------------------------------------------------------------------- */

/* The file of an archive or stream in a folder of its own. */
static void save(const char *folder, const char *name, const void *bytes, size_t size, char *path)
{
    snprintf(path, 200, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

/* w, with its elements in the order of columns, in a pickle's beginning. */
static void put_dict(torch_stream *p, const char *name)
{
    torch_put_text(p, "ccollections\nOrderedDict\n)R(");
    torch_put_string(p, name);
    torch_put_tensor(p, "0", 64, 20, (const int64_t[]){4, 3, 1, 1}, (const int64_t[]){1, 4, 1, 1},
                     4);
    torch_put_text(p, "u");
}

/* The weights of the program after the state dict in these bytes. */
static void check_weights(const void *bytes, size_t size)
{
    char folder[] = "torch-weights-XXXXXX", model[200], weights[200], plugin[4096];
    torch_archive program = {0};
    amct_plugins *plugins;
    amct_graph *g;
    cr_assert_not_null(mkdtemp(folder));
    torch_make_program(&program, torch_program, torch_config);
    torch_archive_end(&program);
    save(folder, "model.pt2", program.bytes, program.size, model);
    save(folder, "weights.pth", bytes, size, weights);
    cr_assert_eq(amct_plugins_new(&plugins, &torch_err), AMCT_OK);
    build_path(plugin, sizeof plugin, "plugins/importers/pytorch/.libs/pytorch.so");
    cr_assert_eq(amct_plugins_add_file(plugins, plugin, &torch_err), AMCT_OK);
    cr_assert_eq(amct_import(&g, plugins, model, weights, &torch_err), AMCT_OK, "%s",
                 torch_err.text);
    const amct_tensor *w = torch_find_tensor(g, "w");
    for (int i = 0; i < 12; i++)
        cr_assert_eq(amct_constant_number(w, i), torch_weights[20 + i / 3 + i % 3 * 4]);
    amct_graph_free(g);
    cr_assert_eq(amct_import(&g, plugins, weights, NULL, &torch_err), AMCT_E_INVALID);
    HAS(torch_err.text, "holds weights but no network");
    amct_plugins_free(plugins);
    torch_archive_free(&program);
    remove(model);
    remove(weights);
    rmdir(folder);
}

Test(torch_files, a_state_dict_is_constants)
{
    static const char *const names[] = {"w", "module.w", "_orig_mod.w"};
    for (int i = 0; i < 3; i++) {
        torch_stream p = {0};
        torch_put_text(&p, "\x80\2");
        put_dict(&p, names[i]);
        torch_put_text(&p, ".");
        torch_make_pickle(&a, &p);
        torch_archive_end(&a);
        check_weights(a.bytes, a.size);
        torch_archive_free(&a);
        torch_stream_free(&p);
    }
}

Test(torch_files, so_is_one_in_a_checkpoint_and_one_of_before_2020)
{
    torch_stream p = {0}, old = {0};
    torch_put_text(&p, "\x80\2}(");
    torch_put_string(&p, "epoch");
    torch_put_int(&p, 90);
    torch_put_string(&p, "optimizer");
    torch_put_text(&p, "}");
    torch_put_string(&p, "state_dict");
    put_dict(&p, "module.w");
    torch_put_text(&p, "u.");
    torch_make_pickle(&a, &p);
    torch_archive_end(&a);
    check_weights(a.bytes, a.size);
    torch_make_old(&old, &p);
    check_weights(old.bytes, old.size);
    torch_archive_free(&a);
    torch_stream_free(&old);
    torch_stream_free(&p);
}
