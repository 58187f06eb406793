/* The study of a search, and the fingerprint of all that its results depend on. */
#include <config.h>

#include "base/file.h"
#include "measure/profile_files.h"
#include "tune/setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_hash hash_graph(const amct_graph *g)
{
    amct_hash h = {0};
    for (uint32_t t = 0; t < g->n_tensors; t++) {
        const amct_tensor *tensor = &g->tensors[t];
        if (tensor->data)
            h = amct_hash_bytes(h, &tensor->hash, sizeof tensor->hash);
    }
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        const amct_node *node = &g->nodes[n];
        h = amct_hash_string(amct_hash_string(h, node->op), node->name);
        h = amct_hash_bytes(h, node->src, node->n_src * sizeof *node->src);
        h = amct_hash_bytes(h, node->dst, node->n_dst * sizeof *node->dst);
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            const amct_attr *a = &node->attrs[i];
            size_t size = a->type == AMCT_ATTR_INTS     ? 8
                          : a->type == AMCT_ATTR_FLOATS ? 4
                          : a->type == AMCT_ATTR_STRING ? 1
                                                        : 0;
            h = amct_hash_string(h, a->name);
            h = amct_hash_u64(amct_hash_u64(h, (uint64_t)a->i), a->type);
            h = amct_hash_bytes(h, &a->f, sizeof a->f);
            h = amct_hash_bytes(h, a->data, size * a->count);
        }
    }
    return h;
}

enum { MAX_PRINTS = 64, PRINT_TEXT = 256 };

typedef struct prints {
    amct_study_fingerprint at[MAX_PRINTS];
    char text[MAX_PRINTS][PRINT_TEXT];
    size_t n;
} prints;

static void print(prints *p, const char *key, const char *fmt, ...) AMCT_PRINTF(3, 4);
static void print(prints *p, const char *key, const char *fmt, ...)
{
    if (p->n == MAX_PRINTS)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->text[p->n], PRINT_TEXT, fmt, args);
    va_end(args);
    p->at[p->n] = (amct_study_fingerprint){key, p->text[p->n]};
    p->n++;
}

/* What a file says counts, not where it lies. */
static amct_status print_files(prints *p, const amct_config *c, amct_err *err)
{
    char hex[AMCT_HASH_HEX];
    for (uint32_t i = 0; i < c->n_target_options; i++) {
        const amct_option *o = &c->target_options[i];
        amct_file file;
        if (!amct_config_names_file(o->value))
            continue;
        const char *key = amct_arena_printf(c->arena, "estimator's %s", o->key);
        if (!key)
            return amct_fail_nomem(err);
        AMCT_TRY(amct_file_map(&file, o->value, err));
        amct_hash_hex(amct_hash_bytes((amct_hash){0}, file.data, file.size), hex);
        amct_file_unmap(&file);
        print(p, key, "of content %.16s", hex);
    }
    if (!c->profile) {
        print(p, "profile", "none");
        return AMCT_OK;
    }
    amct_hash hash;
    AMCT_TRY(amct_profile_hash(&hash, c->profile, err));
    amct_hash_hex(hash, hex);
    print(p, "profile", "of content %.16s", hex);
    return AMCT_OK;
}

static void fingerprint(prints *p, const amct_setup *s, const amct_exec *exec)
{
    const amct_config *c = s->config;
    char hex[AMCT_HASH_HEX], all[PRINT_TEXT] = "", bits[32] = "";
    amct_hash skip = {0};
    amct_hash_hex(hash_graph(s->model.graph), hex);
    print(p, "model", "%s", hex);
    amct_hash_hex(s->dataset->fingerprint, hex);
    print(p, "data", "%s", hex);
    if (s->detection.used) {
        amct_hash_hex(amct_detection_hash(&s->detection), hex);
        print(p, "detection", "%s", hex);
    }
    print(p, "samples", "%u calibration, %u search, %u confirm", s->calibration.n, s->search.n,
          s->confirm.n);
    print(p, "budget", "%.10g %% %s of %s at %.10g %%", 100 * c->max_drop_ratio,
          c->relative ? "relative" : "absolute", amct_metric_names[s->search_judge.metric],
          100 * c->confidence);
    for (uint32_t i = 0; i < c->n_target_options; i++) {
        const amct_option *o = &c->target_options[i];
        snprintf(all + strlen(all), sizeof all - strlen(all), " %s=%s", o->key,
                 amct_config_names_file(o->value) ? "file" : o->value);
    }
    const amct_plugin *plugin = amct_plugins_find(s->plugins, AMCT_PLUGIN_ESTIMATOR, c->estimator);
    print(p, "target", "%s %s%s batch=%lld", c->estimator, plugin ? plugin->version : "?", all,
          (long long)amct_batch_of(s->cost_graph));
    if (c->confirm_by)
        print(p, "confirm", "%s", c->confirm_by);
    if (c->measured_ns)
        print(p, "measured latency", "%.10g ms", (double)c->measured_ns / 1e6);
    else
        print(p, "measured latency", "none");
    for (uint32_t i = 0; i < c->n_skip; i++)
        skip = amct_hash_string(skip, c->skip[i]);
    amct_hash_hex(skip, hex);
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        if (c->levels[k])
            snprintf(bits + strlen(bits), sizeof bits - strlen(bits), " %s",
                     amct_level_name((amct_level_kind)k));
    print(p, "space", "16%s skip=%u:%.8s", bits, c->n_skip, hex);
    char ratios[PRINT_TEXT] = "";
    for (uint32_t i = 0; i < c->n_ratios; i++)
        snprintf(ratios + strlen(ratios), sizeof ratios - strlen(ratios), " %g", c->ratios[i]);
    print(p, "structure", "multiple=%u ranks=%u ratios%s", c->multiple, c->rank_levels, ratios);
    print(p, "quantise", "weights=%d activations=%d asymmetric=%d equalise=%d", c->weights,
          c->range.algo, c->range.asymmetric, c->equalise);
    print(p, "search", "%s seed=%llu evaluations=%u population=%u", c->algorithm,
          (unsigned long long)c->seed, c->evaluations, c->population);
    print(p, "executor", "%s, %s", amct_exec_name(exec), amct_onednn_isa());
    print(p, "version", "%s", PACKAGE_VERSION);
}

amct_status amct_setup_study(amct_setup *s, amct_err *err)
{
    prints *p = calloc(1, sizeof *p);
    amct_exec *exec = NULL;
    amct_status status = p ? amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        fingerprint(p, s, exec);
        status = print_files(p, s->config, err);
    }
    if (status == AMCT_OK)
        status = amct_study_open(&s->study, s->config->output, p->at, p->n, err);
    amct_exec_free(exec);
    free(p);
    return status;
}
