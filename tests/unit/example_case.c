#include "unit/example_case.h"

#include "passes/prepare.h"
#include "unit/plugin_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

static void add_plugins(example_case *c)
{
    static const char *const files[] = {
        "plugins/importers/onnx/.libs/onnx.so", "plugins/estimators/ascend/.libs/ascend.so",
        "tests/plugins/.libs/toy_estimator.so", "tests/plugins/.libs/conditional.so",
        "tests/plugins/.libs/failing.so",
    };
    char path[4096];
    OK(amct_plugins_new(&c->plugins, &err));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        OK(amct_plugins_add_file(c->plugins, build_path(path, sizeof path, files[i]), &err));
}

void example_case_begin(example_case *c, const char *estimator, const char *chip, uint32_t levels)
{
    char path[1024];
    const char *source = getenv("AMCT_TOP_SRCDIR");
    *c = (example_case){0};
    cr_assert_not_null(source);
    snprintf(path, sizeof path, "%s/examples/fashion/fashion.onnx", source);
    OK(amct_config_new(&c->config, &err));
    c->config->estimator = estimator;
    if (chip)
        OK(amct_config_set_target(c->config, "chip", chip, &err));
    else
        c->config->n_target_options = 0;
    for (int k = 0; k < AMCT_N_LEVELS; k++)
        c->config->levels[k] = k == AMCT_LEVEL_16 || (levels >> k & 1);
    add_plugins(c);
    OK(amct_model_load(&c->model, c->plugins, path, NULL, &err));
    OK(amct_set_batch(c->model.graph, 256, &err));
    OK(amct_costing_new(&c->costing, c->plugins, c->config, c->model.graph, c->model.layers,
                        c->model.n_layers, NULL, &err));
    OK(amct_genes_make(&c->genes, c->config, c->model.layers, c->model.n_layers, c->costing, &err));
}

void example_case_add_structure(example_case *c)
{
    amct_structure_options options = {.multiple = c->config->multiple};
    OK(amct_structure_outline(&c->structure, c->model.graph, c->model.layers, c->model.n_layers,
                              &options, &err));
    amct_costing_free(c->costing);
    OK(amct_costing_new(&c->costing, c->plugins, c->config, c->model.graph, c->model.layers,
                        c->model.n_layers, c->structure, &err));
    OK(amct_genes_add_structure(&c->genes, c->config, c->model.layers, c->structure, c->costing,
                                &err));
}

void example_case_end(example_case *c)
{
    amct_genes_free(&c->genes);
    amct_costing_free(c->costing);
    amct_structure_free(c->structure);
    amct_model_free(&c->model);
    amct_plugins_free(c->plugins);
    amct_config_free(c->config);
}
