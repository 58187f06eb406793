#include "cli/command.h"

#include "base/utf8.h"
#include "plugin/plugins.h"

#include <string.h>

static const char *kind_of(const amct_plugin_entry *e)
{
    return !e->plugin ? NULL : e->plugin->kind == AMCT_PLUGIN_IMPORTER ? "importer" : "estimator";
}

static void print_estimator(const amct_estimator *t)
{
    char texts[4][AMCT_SHOWN];
    for (const char *const *d = t->devices; d && *d; d++)
        printf("%s%s%s", d == t->devices ? "           chips: " : " ",
               amct_utf8_show(*d, texts[0], AMCT_SHOWN), d[1] ? "" : "\n");
    for (size_t i = 0; i < amct_estimator_n_options(t); i++) {
        const amct_option_info *o = AMCT_AT(amct_option_info, t->options, i);
        printf("%11soption %s: %s; default %s: %s\n", "",
               amct_utf8_show(o->key, texts[0], AMCT_SHOWN),
               amct_utf8_show(o->values, texts[1], AMCT_SHOWN),
               amct_utf8_show(o->fallback, texts[2], AMCT_SHOWN),
               amct_utf8_show(o->meaning, texts[3], AMCT_SHOWN));
    }
}

static void print_text(const amct_plugins *plugins)
{
    char path[AMCT_SHOWN], summary[AMCT_SHOWN], version[AMCT_SHOWN];
    for (size_t i = 0; i < amct_plugins_count(plugins); i++) {
        const amct_plugin_entry *e = amct_plugins_entry(plugins, i);
        amct_utf8_show(e->path, path, sizeof path);
        if (!e->plugin) {
            printf("%-10s %s\n%11s%s\n", "unusable", path, "", e->problem);
            continue;
        }
        printf("%-10s %-12s %-8s %s\n%11s%s\n", kind_of(e), e->plugin->name,
               amct_utf8_show(e->plugin->version, version, sizeof version),
               amct_utf8_show(e->plugin->summary, summary, sizeof summary), "", path);
        if (e->plugin->kind == AMCT_PLUGIN_ESTIMATOR)
            print_estimator(e->plugin->estimator);
    }
    if (!amct_plugins_count(plugins))
        printf("no plugins found\n");
}

/* null for a plugin that lists none. */
static void add_options(amct_json *json, cJSON *at, const amct_plugin *p)
{
    size_t n = p && p->kind == AMCT_PLUGIN_ESTIMATOR ? amct_estimator_n_options(p->estimator) : 0;
    if (!n) {
        amct_json_null(json, at, "options");
        return;
    }
    cJSON *list = amct_json_array(json, at, "options");
    for (size_t i = 0; i < n; i++) {
        const amct_option_info *o = AMCT_AT(amct_option_info, p->estimator->options, i);
        cJSON *option = amct_json_object(json, list, NULL);
        amct_json_text(json, option, "key", o->key);
        amct_json_text(json, option, "values", o->values);
        amct_json_text(json, option, "default", o->fallback);
        amct_json_text(json, option, "meaning", o->meaning);
    }
}

static void add_entry(amct_json *json, cJSON *list, const amct_plugin_entry *e)
{
    cJSON *at = amct_json_object(json, list, NULL);
    const amct_plugin *p = e->plugin;
    amct_json_text(json, at, "path", e->path);
    amct_json_text(json, at, "kind", kind_of(e));
    amct_json_text(json, at, "name", p ? p->name : NULL);
    amct_json_text(json, at, "version", p ? p->version : NULL);
    amct_json_text(json, at, "summary", p ? p->summary : NULL);
    amct_json_text(json, at, "format",
                   p && p->kind == AMCT_PLUGIN_IMPORTER ? p->importer->format : NULL);
    if (p && p->kind == AMCT_PLUGIN_ESTIMATOR && p->estimator->devices) {
        cJSON *devices = amct_json_array(json, at, "devices");
        for (const char *const *d = p->estimator->devices; *d; d++)
            amct_json_text(json, devices, NULL, *d);
    } else {
        amct_json_null(json, at, "devices");
    }
    add_options(json, at, p);
    amct_json_text(json, at, "problem", e->problem);
}

int amct_cmd_plugins(amct_config *config, amct_err *err)
{
    amct_plugins *plugins;
    const char *what = config->n_positional ? config->positional[0] : "list";
    if (config->n_positional == 2 && strcmp(what, "check") == 0)
        return amct_cmd_check(config, config->positional[1], err);
    if (config->n_positional > 1 || strcmp(what, "list") != 0) {
        amct_fail(err, AMCT_E_INVALID, "plugins takes `list`, `check FILE` or nothing; see --help");
        return amct_cmd_fail(err);
    }
    if (amct_plugins_open(&plugins, config, err) != AMCT_OK)
        return amct_cmd_fail(err);
    amct_status status = AMCT_OK;
    if (config->json) {
        amct_json json;
        amct_json_begin(&json);
        cJSON *list = amct_json_array(&json, json.root, "plugins");
        for (size_t i = 0; i < amct_plugins_count(plugins); i++)
            add_entry(&json, list, amct_plugins_entry(plugins, i));
        status = amct_cmd_answer(&json, err);
        amct_json_end(&json);
    } else {
        print_text(plugins);
    }
    amct_plugins_free(plugins);
    return status == AMCT_OK ? 0 : amct_cmd_fail(err);
}
