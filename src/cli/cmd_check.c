/* plugins check FILE */
#include "cli/command.h"

#include "base/utf8.h"
#include "conform/conform.h"
#include "plugin/load.h"
#include "tune/model.h"

#include <string.h>

enum { LIMIT_MS = 2 * 60 * 1000 };

/* Where results go: to the screen at once, or into a document. */
typedef struct printing {
    amct_json *json; /* NULL: as text */
    cJSON *cases;
} printing;

static void print_result(void *ctx, const amct_conform_result *r)
{
    static const char *const words[] = {"ok", "FAIL", "warn", "skip"};
    static const char *const names[] = {"ok", "failed", "warned", "skipped"};
    const printing *p = ctx;
    if (p->json) {
        cJSON *at = amct_json_object(p->json, p->cases, NULL);
        amct_json_text(p->json, at, "name", r->name);
        amct_json_text(p->json, at, "result", names[r->verdict]);
        amct_json_text(p->json, at, "wanted", r->rule);
        amct_json_text(p->json, at, "found", r->found[0] ? r->found : NULL);
        return;
    }
    if (r->verdict == AMCT_CONFORM_OK)
        printf("%-5s%-19s %s\n", words[r->verdict], r->name, r->rule);
    else if (r->verdict == AMCT_CONFORM_SKIP)
        printf("%-5s%-19s %s (not tried: %s)\n", words[r->verdict], r->name, r->rule, r->found);
    else
        printf("%-5s%-19s wanted: %s; found: %s\n", words[r->verdict], r->name, r->rule, r->found);
    fflush(stdout);
}

static amct_status print_end(const printing *p, const char *path, const amct_conform_identity *id,
                             const amct_conform_counts *n, amct_err *err)
{
    char name[AMCT_SHOWN], version[AMCT_SHOWN];
    if (!p->json) {
        if (id->kind)
            printf("%s '%s' %s: ", amct_plugin_kind_name(id->kind),
                   amct_utf8_show(id->name, name, sizeof name),
                   amct_utf8_show(id->version, version, sizeof version));
        printf("%u ok, %u failed, %u with warnings, %u not tried\n", n->ok, n->failed, n->warned,
               n->skipped);
        return AMCT_OK;
    }
    amct_json_text(p->json, p->json->root, "plugin", path);
    amct_json_text(p->json, p->json->root, "kind",
                   id->kind ? amct_plugin_kind_name(id->kind) : NULL);
    amct_json_text(p->json, p->json->root, "name", id->kind ? id->name : NULL);
    amct_json_text(p->json, p->json->root, "version", id->kind ? id->version : NULL);
    amct_json_integer(p->json, p->json->root, "ok", n->ok);
    amct_json_integer(p->json, p->json->root, "failed", n->failed);
    amct_json_integer(p->json, p->json->root, "warned", n->warned);
    amct_json_integer(p->json, p->json->root, "skipped", n->skipped);
    return amct_cmd_answer(p->json, err);
}

/* The network that an estimator is also asked about, read by the importers that are installed. */
static amct_status load_model(amct_model *out, const amct_config *c, amct_err *err)
{
    amct_plugins *plugins;
    AMCT_TRY(amct_plugins_open(&plugins, c, err));
    amct_status status = amct_model_load(out, plugins, c->model, &c->model_source, err);
    amct_plugins_free(plugins);
    return status;
}

/* The chip that a search takes if none is named is none of this estimator's, perhaps. */
static void take_options(amct_conform_subject *s, const amct_config *c)
{
    bool skip =
        !c->target_given && c->n_target_options && strcmp(c->target_options[0].key, "chip") == 0;
    s->options = c->target_options + skip;
    s->n_options = c->n_target_options - skip;
}

static amct_status try_all(amct_conform_counts *counts, amct_conform_identity *id,
                           amct_conform_subject *s, const amct_config *c, const printing *p,
                           amct_err *err)
{
    amct_model model = {0};
    AMCT_TRY(amct_conform_load(id, s, print_result, (void *)p, counts, err));
    if (!id->kind)
        return AMCT_OK;
    if (id->kind == AMCT_PLUGIN_IMPORTER) {
        s->model = c->model;
        s->weights = c->model_source.weights;
        s->options = c->model_source.options;
        s->n_options = c->model_source.n_options;
    } else {
        take_options(s, c);
        if (c->model)
            AMCT_TRY(load_model(&model, c, err));
        s->graph = model.graph;
    }
    amct_status status = amct_conform_run(id, s, print_result, (void *)p, counts, err);
    amct_model_free(&model);
    return status;
}

int amct_cmd_check(const amct_config *config, const char *path, amct_err *err)
{
    amct_conform_counts counts = {0};
    amct_conform_identity id = {0};
    amct_conform_subject subject = {.plugin = path, .limit_ms = LIMIT_MS};
    amct_json json;
    printing p = {0};
    if (config->time_limit_ns)
        subject.limit_ms = config->time_limit_ns > 1000000 * (uint64_t)LIMIT_MS * 30
                               ? LIMIT_MS * 30
                               : (uint32_t)(config->time_limit_ns / 1000000) + 1;
    if (config->json) {
        amct_json_begin(&json);
        p = (printing){&json, amct_json_array(&json, json.root, "cases")};
    }
    amct_status status = try_all(&counts, &id, &subject, config, &p, err);
    if (status == AMCT_OK)
        status = print_end(&p, path, &id, &counts, err);
    if (p.json)
        amct_json_end(p.json);
    return status != AMCT_OK ? amct_cmd_fail(err) : counts.failed ? AMCT_EXIT_INTERNAL : 0;
}
