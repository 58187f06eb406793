#include "conform/conform.h"

#include "conform/cases.h"
#include "plugin/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void take(amct_conform_counts *counts, const amct_trial_board *board, const char *name,
                 const char *rule, amct_conform_each *each, void *ctx)
{
    amct_conform_result result = {
        .name = name, .rule = rule, .verdict = board->verdict, .found = board->found};
    uint32_t *count[] = {&counts->ok, &counts->failed, &counts->warned, &counts->skipped};
    if (board->verdict < sizeof count / sizeof *count)
        ++*count[board->verdict];
    each(ctx, &result);
}

static void identify(amct_trial *trial)
{
    amct_conform_identity *id = &trial->board->identity;
    id->kind = trial->plugin->kind;
    snprintf(id->name, sizeof id->name, "%s", trial->plugin->name);
    snprintf(id->version, sizeof id->version, "%s", trial->plugin->version);
}

amct_status amct_conform_load(amct_conform_identity *out, const amct_conform_subject *subject,
                              amct_conform_each *each, void *ctx, amct_conform_counts *counts,
                              amct_err *err)
{
    struct stat st;
    amct_trial_board board;
    if (stat(subject->plugin, &st) != 0)
        return amct_fail_errno(err, errno, "%s", subject->plugin);
    AMCT_TRY(amct_trial_run(&board, subject, identify, err));
    take(counts, &board, "load", "a plugin of this interface, with all its functions", each, ctx);
    *out = board.identity;
    return AMCT_OK;
}

amct_status amct_conform_run(const amct_conform_identity *identity,
                             const amct_conform_subject *subject, amct_conform_each *each,
                             void *ctx, amct_conform_counts *counts, amct_err *err)
{
    bool importer = identity->kind == AMCT_PLUGIN_IMPORTER;
    const amct_case *importers[] = {amct_common_cases, amct_probe_cases, amct_importer_cases,
                                    amct_manners_cases, amct_hostile_cases};
    const amct_case *estimators[] = {amct_common_cases, amct_estimator_cases, amct_manners_cases,
                                     amct_graph_cases};
    const amct_case **lists = importer ? importers : estimators;
    size_t n =
        importer ? sizeof importers / sizeof *importers : sizeof estimators / sizeof *estimators;
    for (size_t i = 0; i < n; i++)
        for (const amct_case *c = lists[i]; c->name; c++) {
            amct_trial_board board;
            AMCT_TRY(amct_trial_run(&board, subject, c->run, err));
            take(counts, &board, c->name, c->rule, each, ctx);
        }
    return AMCT_OK;
}
