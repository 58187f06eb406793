#include "conform/cases.h"

#include "base/utf8.h"
#include "conform/shared_object.h"
#include "plugin/plugins.h"

#include <stdio.h>
#include <string.h>

void amct_case_text(amct_trial *trial, const char *what, const char *text)
{
    if (!text || !text[0])
        amct_trial_fail(trial, "%s is %s", what, text ? "empty" : "NULL");
    if (!amct_utf8_is_valid(text))
        amct_trial_fail(trial, "%s is not UTF-8", what);
    uint32_t code;
    for (const char *at = text; *at; at += amct_utf8_next(&code, at)) {
        amct_utf8_next(&code, at);
        if (!amct_utf8_is_shown(code))
            amct_trial_fail(trial, "%s has the character U+%04X, one line of text is wanted", what,
                            code);
    }
}

void amct_case_refused(amct_trial *trial, const char *what, const char *call, int32_t code,
                       const amct_err *err, int32_t a, int32_t b)
{
    char wanted[64], shown[AMCT_CLIPPED];
    amct_utf8_show(what, shown, sizeof shown);
    snprintf(wanted, sizeof wanted, "%d", a);
    if (a != b)
        snprintf(wanted, sizeof wanted, "%d or %d", a, b);
    if (code == AMCT_OK)
        amct_trial_fail(trial, "'%s' took %s", call, shown);
    if (err->code == AMCT_E_PLUGIN)
        amct_trial_fail(trial, "%s: %s", shown, err->text);
    if (code != a && code != b)
        amct_trial_fail(trial, "'%s' refused %s with code %d, %s wanted (%s)", call, shown, code,
                        wanted, err->text);
}

static void run_texts(amct_trial *trial)
{
    const amct_plugin *p = trial->plugin;
    amct_case_text(trial, "its version", p->version);
    amct_case_text(trial, "its summary", p->summary);
    if (p->kind == AMCT_PLUGIN_IMPORTER) {
        const amct_importer *t = p->importer;
        amct_case_text(trial, "the name of its format", t->format);
        if (!AMCT_HAS(t, amct_importer, weights_suffix) || !t->weights_suffix)
            return;
        amct_case_text(trial, "its suffix of weights", t->weights_suffix);
        if (!(t->flags & AMCT_IMPORTER_TAKES_WEIGHTS))
            amct_trial_fail(trial, "has the suffix of weights '%s', but takes no weights",
                            t->weights_suffix);
        if (t->weights_suffix[0] != '.')
            amct_trial_fail(trial, "its suffix of weights is '%s', '.' and letters are wanted",
                            t->weights_suffix);
        return;
    }
    const amct_estimator *t = p->estimator;
    for (uint32_t i = 0; t->devices && t->devices[i]; i++) {
        amct_case_text(trial, "the name of a device", t->devices[i]);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(t->devices[i], t->devices[k]) == 0)
                amct_trial_fail(trial, "lists the device '%s' twice", t->devices[i]);
    }
    for (size_t i = 0; i < amct_estimator_n_options(t); i++) {
        const amct_option_info *o = AMCT_AT(amct_option_info, t->options, i);
        amct_case_text(trial, "the key of an option", o->key);
        amct_case_text(trial, "the values of an option", o->values);
        amct_case_text(trial, "the meaning of an option", o->meaning);
        for (size_t k = 0; k < i; k++)
            if (strcmp(o->key, AMCT_AT(amct_option_info, t->options, k)->key) == 0)
                amct_trial_fail(trial, "lists the option '%s' twice", o->key);
    }
}

/* sizes: that the struct has in 1.0, 1.1, 1.2, and from 1.3 on. */
static void check_size(amct_trial *trial, const char *name, uint32_t size, const size_t sizes[4])
{
    uint32_t minor = trial->plugin->abi_minor;
    size_t wanted = sizes[minor < 3 ? minor : 3];
    if (size < wanted)
        amct_trial_fail(trial,
                        "%s has struct_size %u, %zu wanted for the interface %d.%u that it "
                        "says it was built with",
                        name, size, wanted, AMCT_ABI_MAJOR, minor);
}

static void run_sizes(amct_trial *trial)
{
    const amct_plugin *p = trial->plugin;
    const size_t plugin[] = {sizeof *p, sizeof *p, sizeof *p, sizeof *p};
    const size_t importer[] = {offsetof(amct_importer, flags), offsetof(amct_importer, flags),
                               sizeof(amct_importer), sizeof(amct_importer)};
    const size_t estimator[] = {offsetof(amct_estimator, options),
                                offsetof(amct_estimator, measure),
                                offsetof(amct_estimator, measure), sizeof(amct_estimator)};
    check_size(trial, AMCT_PLUGIN_SYMBOL, p->struct_size, plugin);
    if (p->kind == AMCT_PLUGIN_IMPORTER)
        check_size(trial, "the importer table", p->importer->struct_size, importer);
    else
        check_size(trial, "the estimator table", p->estimator->struct_size, estimator);
    if (p->kind == AMCT_PLUGIN_IMPORTER && AMCT_HAS(p->importer, amct_importer, flags) &&
        (p->importer->flags & ~AMCT_IMPORTER_TAKES_WEIGHTS) && p->abi_minor <= AMCT_ABI_MINOR)
        amct_trial_fail(trial, "sets the unknown flags 0x%x", p->importer->flags);
}

const amct_case amct_common_cases[] = {
    {"struct-sizes", "every struct_size covers the interface it was built with", run_sizes},
    {"texts", "names and descriptions are one line of UTF-8, none twice", run_texts},
    {"one-symbol", "amct_plugin_v1 is all that is exported", amct_object_check_exports},
    {"constructors", "no code runs when the plugin is loaded", amct_object_check_constructors},
    {"imports", "nothing is called that prints, ends the process or changes it",
     amct_object_check_imports},
    {0},
};
