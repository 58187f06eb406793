#include "cli/command.h"

#include "base/utf8.h"
#include "cli/choices.h"
#include "cli/inspect_structure.h"
#include "cli/measured.h"
#include "ops/op.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What a model is, for the answer. */
typedef struct inspection {
    const char *path;
    const amct_model *model;
    const amct_genes *genes; /* on the target */
    amct_shapes shapes;
    const amct_gains *gains; /* NULL: not asked for; then fixed is of no meaning */
    const amct_fixed_share *fixed;
    const amct_correction_found *found; /* NULL: nothing was measured */
    const char *chip;
    int64_t parameters, macs, bytes;
} inspection;

static amct_choices_of choices_of(const inspection *in)
{
    return (amct_choices_of){in->genes, in->model->layers, in->shapes.structure};
}

static bool is_quantised(const inspection *in, uint32_t i)
{
    const amct_graph *g = in->model->graph;
    return g->tensors[in->model->layers[i].src].dtype == AMCT_INT8;
}

/* Calls put for every level that layer i may have; none if the file has it quantised. */
static void each_level(const inspection *in, uint32_t i, void (*put)(void *to, const char *level),
                       void *to)
{
    const amct_gene *gene = amct_genes_of(in->genes, AMCT_GENE_BITS, i);
    if (is_quantised(in, i))
        return;
    for (uint32_t k = 0; k < (gene ? gene->n_levels : 1); k++)
        put(to, amct_level_name(gene ? (amct_level_kind)gene->values[k] : AMCT_LEVEL_16));
}

static void sum_up(inspection *in)
{
    const amct_graph *g = in->model->graph;
    for (uint32_t t = 0; t < g->n_tensors; t++) {
        const amct_tensor *tensor = &g->tensors[t];
        if (!tensor->data)
            continue;
        in->bytes += (int64_t)tensor->bytes;
        if (amct_dtype_is_float(tensor->dtype) || tensor->dtype == AMCT_INT8)
            in->parameters += amct_shape_size(&tensor->shape);
    }
    for (uint32_t i = 0; i < in->model->n_layers; i++)
        in->macs += in->model->layers[i].macs;
}

/* Operators that nobody here knows: how often each, and where first. */
static uint32_t find_unknown(const amct_graph *g, uint32_t *first, uint32_t *count, uint32_t most)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const amct_node *node = &g->nodes[i];
        if (amct_op_find(node->op, node->domain))
            continue;
        uint32_t k = 0;
        while (k < n && (strcmp(g->nodes[first[k]].op, node->op) != 0 ||
                         strcmp(g->nodes[first[k]].domain, node->domain) != 0))
            k++;
        if (k == most)
            continue;
        if (k == n) {
            first[n] = i;
            count[n++] = 0;
        }
        count[k]++;
    }
    return n;
}

enum { UNKNOWN_MAX = 64 };

static void print_tensors(const amct_graph *g, const uint32_t *ids, uint32_t n, const char *what)
{
    char shape[128], name[AMCT_SHOWN];
    for (uint32_t i = 0; i < n; i++) {
        const amct_tensor *t = &g->tensors[ids[i]];
        printf("%s %s: %s %s\n", what, amct_utf8_show(t->name, name, sizeof name),
               amct_dtype_name(t->dtype), amct_shape_print(&t->shape, shape, sizeof shape));
    }
}

static void append_level(void *to, const char *level)
{
    char *text = to;
    sprintf(text + strlen(text), text[0] ? ", %s" : "%s", level);
}

static amct_status print_text(const inspection *in, amct_err *err)
{
    const amct_graph *g = in->model->graph;
    uint32_t first[UNKNOWN_MAX], count[UNKNOWN_MAX], n = find_unknown(g, first, count, UNKNOWN_MAX);
    char shape[128], domain[AMCT_SHOWN], op[AMCT_SHOWN], name[AMCT_SHOWN];
    printf("%s: %s", amct_utf8_show(in->path, name, sizeof name), g->format);
    if (g->opset)
        printf(" opset %" PRId64, g->opset);
    if (g->producer[0])
        printf(", %s", amct_utf8_show(g->producer, name, sizeof name));
    printf("; %.4g M parameters, %.4g M multiplications a sample, %.4g MB of constants\n",
           (double)in->parameters / 1e6, (double)in->macs / 1e6, (double)in->bytes / 1e6);
    print_tensors(g, g->inputs, g->n_inputs, "input ");
    print_tensors(g, g->outputs, g->n_outputs, "output");
    printf("%-14s %-18s %10s %10s  %-21s %5s  %-24s %s\n", "operator", "result", "kMACs", "weights",
           "bits", "group", "ranks up to", "layer");
    for (uint32_t i = 0; i < in->model->n_layers; i++) {
        const amct_layer *l = &in->model->layers[i];
        char levels[AMCT_N_LEVELS * 16] = "", group[16] = "-", ranks[64];
        if (!amct_shapes_why(&in->shapes, i))
            snprintf(group, sizeof group, "%d", (int)amct_shapes_group(&in->shapes, i));
        each_level(in, i, append_level, levels);
        printf("%-14s %-18s %10.0f %10" PRId64 "  %-21s %5s  %-24s %s", l->op,
               amct_shape_print(&g->tensors[l->dst].shape, shape, sizeof shape),
               (double)l->macs / 1e3, l->parameters, levels[0] ? levels : "-", group,
               amct_shapes_ranks(ranks, &in->shapes, i),
               amct_utf8_show(l->name, name, sizeof name));
        amct_choices_print_left_out(in->genes, i);
        printf("\n");
    }
    for (uint32_t i = 0; i < n; i++)
        printf("unknown operator %s%s%s: %u, first at node '%s'; such a network cannot be run\n",
               amct_utf8_show(g->nodes[first[i]].domain, domain, sizeof domain),
               domain[0] ? "." : "", amct_utf8_show(g->nodes[first[i]].op, op, sizeof op), count[i],
               amct_utf8_show(g->nodes[first[i]].name, name, sizeof name));
    amct_shapes_print(&in->shapes);
    if (!in->gains)
        return AMCT_OK;
    amct_choices_of of = choices_of(in);
    amct_measured_print(in->found);
    amct_choices_print_reach(&of, in->gains, in->fixed, in->chip, amct_batch_of(g));
    return amct_choices_print(&of, in->gains, in->chip, UINT32_MAX, err);
}

static void add_shape(amct_json *json, cJSON *at, const char *key, const amct_shape *shape)
{
    if (shape->rank < 0) {
        amct_json_null(json, at, key);
        return;
    }
    cJSON *dims = amct_json_array(json, at, key);
    for (int32_t d = 0; d < shape->rank; d++) {
        if (shape->dims[d] < 0)
            amct_json_null(json, dims, NULL);
        else
            amct_json_integer(json, dims, NULL, shape->dims[d]);
    }
}

static void add_tensors(amct_json *json, const char *key, const amct_graph *g, const uint32_t *ids,
                        uint32_t n)
{
    cJSON *list = amct_json_array(json, json->root, key);
    for (uint32_t i = 0; i < n; i++) {
        const amct_tensor *t = &g->tensors[ids[i]];
        cJSON *at = amct_json_object(json, list, NULL);
        amct_json_text(json, at, "name", t->name);
        amct_json_text(json, at, "dtype", amct_dtype_name(t->dtype));
        add_shape(json, at, "shape", &t->shape);
    }
}

typedef struct json_list {
    amct_json *json;
    cJSON *list;
} json_list;

static void add_level(void *to, const char *level)
{
    const json_list *list = to;
    amct_json_text(list->json, list->list, NULL, level);
}

/* null without --target. */
static void add_gains(amct_json *json, const inspection *in)
{
    if (!in->gains) {
        amct_json_null(json, json->root, "gains");
        return;
    }
    amct_choices_of of = choices_of(in);
    cJSON *at = amct_json_object(json, json->root, "gains");
    amct_json_text(json, at, "target", in->chip);
    amct_json_number(json, at, "latency_ms", in->gains->original_ns / 1e6);
    amct_json_number(json, at, "fastest_bits_latency_ms", in->gains->bits_ns / 1e6);
    amct_json_number(json, at, "fastest_latency_ms", in->gains->fastest_ns / 1e6);
    amct_measured_add(json, at, in->found);
    amct_choices_add_fixed(json, at, in->fixed);
    amct_choices_add_gains(json, amct_json_array(json, at, "choices"), &of, in->gains);
    amct_choices_add_skipped(json, amct_json_array(json, at, "skipped"), &of);
}

static amct_status print_json(const inspection *in, amct_err *err)
{
    const amct_graph *g = in->model->graph;
    uint32_t first[UNKNOWN_MAX], count[UNKNOWN_MAX], n = find_unknown(g, first, count, UNKNOWN_MAX);
    amct_json json;
    amct_json_begin(&json);
    amct_json_text(&json, json.root, "model", in->path);
    amct_json_text(&json, json.root, "format", g->format);
    if (g->opset)
        amct_json_integer(&json, json.root, "opset", g->opset);
    else
        amct_json_null(&json, json.root, "opset");
    amct_json_integer(&json, json.root, "parameters", in->parameters);
    amct_json_integer(&json, json.root, "macs", in->macs);
    amct_json_integer(&json, json.root, "bytes", in->bytes);
    add_tensors(&json, "inputs", g, g->inputs, g->n_inputs);
    add_tensors(&json, "outputs", g, g->outputs, g->n_outputs);
    cJSON *layers = amct_json_array(&json, json.root, "layers");
    for (uint32_t i = 0; i < in->model->n_layers; i++) {
        const amct_layer *l = &in->model->layers[i];
        cJSON *at = amct_json_object(&json, layers, NULL);
        amct_json_text(&json, at, "name", l->name);
        amct_json_text(&json, at, "op", l->op);
        add_shape(&json, at, "shape", &g->tensors[l->dst].shape);
        amct_json_integer(&json, at, "macs", l->macs);
        amct_json_integer(&json, at, "parameters", l->parameters);
        json_list bits = {&json, amct_json_array(&json, at, "bits")};
        each_level(in, i, add_level, &bits);
        amct_choices_add_left_out(&json, amct_json_array(&json, at, "skipped"), in->genes, i);
        amct_shapes_add_layer(&json, at, &in->shapes, i);
        cJSON *reasons = amct_json_object(&json, at, "reasons");
        amct_json_text(&json, reasons, "bits",
                       amct_genes_reason(in->genes, AMCT_GENE_BITS, i, AMCT_LEVEL_16));
        amct_json_text(&json, reasons, "sparsity", amct_shapes_why(&in->shapes, i));
        amct_json_text(&json, reasons, "rank", amct_structure_layer(in->shapes.structure, i).why);
    }
    amct_shapes_add_groups(&json, amct_json_array(&json, json.root, "groups"), &in->shapes);
    add_gains(&json, in);
    cJSON *unsupported = amct_json_array(&json, json.root, "unsupported");
    for (uint32_t i = 0; i < n; i++) {
        cJSON *at = amct_json_object(&json, unsupported, NULL);
        amct_json_text(&json, at, "op", g->nodes[first[i]].op);
        amct_json_integer(&json, at, "count", count[i]);
        amct_json_text(&json, at, "first_node", g->nodes[first[i]].name);
    }
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

/* The estimator's options that were not given, as they are then. */
static amct_status add_target_options(amct_config *c, const amct_plugins *plugins, amct_err *err)
{
    const amct_plugin *p = amct_plugins_find(plugins, AMCT_PLUGIN_ESTIMATOR, c->estimator);
    for (size_t i = 0; p && i < amct_estimator_n_options(p->estimator); i++) {
        const amct_option_info *o = AMCT_AT(amct_option_info, p->estimator->options, i);
        uint32_t given = 0;
        while (given < c->n_target_options && strcmp(c->target_options[given].key, o->key) != 0)
            given++;
        if (given == c->n_target_options)
            AMCT_TRY(amct_config_set_target(c, o->key, o->fallback, err));
    }
    return AMCT_OK;
}

static amct_status print_search_file(amct_config *c, const amct_plugins *plugins, const char *path,
                                     amct_err *err)
{
    if (!amct_utf8_is_valid(path))
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: its path is not UTF-8, so no search file can hold it", path);
    c->model = path;
    AMCT_TRY(add_target_options(c, plugins, err));
    char *text = amct_config_print(c);
    if (!text)
        return amct_fail_nomem(err);
    fputs(text, stdout);
    free(text);
    return AMCT_OK;
}

/* Which layer each node is. */
static amct_status index_layers(uint32_t **out, const amct_model *model, amct_err *err)
{
    uint32_t *of = malloc((model->graph->n_nodes + (size_t)1) * sizeof *of);
    if (!of)
        return amct_fail_nomem(err);
    for (uint32_t n = 0; n < model->graph->n_nodes; n++)
        of[n] = UINT32_MAX;
    for (uint32_t i = 0; i < model->n_layers; i++)
        of[model->layers[i].node] = i;
    *out = of;
    return AMCT_OK;
}

/* What an inspection needs besides the model. */
typedef struct findings {
    amct_costing *costing, *structured; /* without and with channels and ranks */
    amct_genes genes;
    amct_structure *structure;
    amct_gains gains;
    amct_fixed_share fixed;
    uint32_t *layer_of;
} findings;

static amct_status find_gains(findings *f, const amct_config *c, const amct_plugins *plugins,
                              const amct_model *m, amct_err *err)
{
    AMCT_TRY(amct_costing_new(&f->structured, plugins, c, m->graph, m->layers, m->n_layers,
                              f->structure, err));
    AMCT_TRY(amct_genes_add_structure(&f->genes, c, m->layers, f->structure, f->structured, err));
    AMCT_TRY(amct_gains_find(&f->gains, &f->genes, f->structured, err));
    AMCT_TRY(amct_costing_warn(f->costing, err));
    return amct_fixed_share_find(&f->fixed, f->gains.fixed_ratio, plugins, c, m->graph, m->layers,
                                 m->n_layers, err);
}

static amct_status find(findings *f, const amct_config *c, const amct_plugins *plugins,
                        const amct_model *m, amct_err *err)
{
    amct_structure_options options = {.multiple = c->multiple};
    AMCT_TRY(
        amct_costing_new(&f->costing, plugins, c, m->graph, m->layers, m->n_layers, NULL, err));
    AMCT_TRY(amct_genes_make(&f->genes, c, m->layers, m->n_layers, f->costing, err));
    AMCT_TRY(index_layers(&f->layer_of, m, err));
    AMCT_TRY(
        amct_structure_outline(&f->structure, m->graph, m->layers, m->n_layers, &options, err));
    return c->target_given && !c->search_file_wanted ? find_gains(f, c, plugins, m, err) : AMCT_OK;
}

static amct_status inspect(amct_config *c, const amct_plugins *plugins, const char *path,
                           amct_err *err)
{
    amct_model model;
    findings f = {0};
    AMCT_TRY(amct_model_load(&model, plugins, path, &c->model_source, err));
    inspection in = {.path = path, .model = &model, .chip = c->chip};
    amct_status status = AMCT_OK;
    if (c->batch)
        status = amct_model_set_batch(model.graph, c->batch, path, err);
    if (status == AMCT_OK)
        status = find(&f, c, plugins, &model, err);
    if (status == AMCT_OK) {
        in.genes = &f.genes;
        in.gains = f.gains.alone_ns ? &f.gains : NULL;
        in.fixed = &f.fixed;
        in.found = amct_costing_found(f.costing);
        if (in.found)
            amct_correction_warn(in.found);
        in.shapes = (amct_shapes){f.structure, model.layers, model.n_layers, f.layer_of};
        sum_up(&in);
        status = c->search_file_wanted ? print_search_file(c, plugins, path, err)
                 : c->json             ? print_json(&in, err)
                                       : print_text(&in, err);
    }
    amct_gains_free(&f.gains);
    amct_genes_free(&f.genes);
    amct_costing_free(f.structured);
    amct_costing_free(f.costing);
    amct_structure_free(f.structure);
    free(f.layer_of);
    amct_model_free(&model);
    return status;
}

/* What was measured sets gains right, and those are of a chip. */
static amct_status check_target(const amct_config *c, amct_err *err)
{
    if (c->target_given || c->search_file_wanted || (!c->profile && !c->measured_ns))
        return AMCT_OK;
    return amct_fail(err, AMCT_E_INVALID,
                     "%s sets the gains on a chip right, which are told with --target CHIP",
                     c->profile ? "--profile" : "--measured");
}

int amct_cmd_inspect(amct_config *config, amct_err *err)
{
    const char *path;
    amct_plugins *plugins;
    if (amct_cmd_argument(&path, config, "a model", err) != AMCT_OK ||
        check_target(config, err) != AMCT_OK || amct_plugins_open(&plugins, config, err) != AMCT_OK)
        return amct_cmd_fail(err);
    amct_status status = inspect(config, plugins, path, err);
    amct_plugins_free(plugins);
    return status == AMCT_OK ? 0 : amct_cmd_fail(err);
}
