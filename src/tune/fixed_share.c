#include "tune/fixed_share.h"

#include "passes/prepare.h"
#include "tune/costing.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH_MOST = 4096 };

static amct_status share_of(double *ratio, const amct_plugins *plugins, const amct_config *config,
                            const amct_graph *graph, const amct_layer *layers, uint32_t n_layers,
                            amct_err *err)
{
    amct_costing *costing;
    amct_graph_cost total;
    amct_config plain = *config; /* what was measured was so at one batch size only */
    plain.profile = NULL;
    plain.measured_ns = 0;
    AMCT_TRY(amct_costing_new(&costing, plugins, &plain, graph, layers, n_layers, NULL, err));
    amct_status status = amct_costing_original(costing, &total, err);
    amct_costing_free(costing);
    if (status == AMCT_OK)
        *ratio = total.fixed_ns / total.latency_ns;
    return status;
}

amct_status amct_fixed_share_find(amct_fixed_share *out, double ratio, const amct_plugins *plugins,
                                  const amct_config *config, const amct_graph *graph,
                                  const amct_layer *layers, uint32_t n_layers, amct_err *err)
{
    amct_fixed_share found = {.ratio = ratio, .batch = amct_batch_of(graph)};
    while (ratio >= AMCT_FIXED_MUCH && found.batch) {
        amct_graph *other;
        amct_err why;
        found.batch = found.batch <= BATCH_MOST / 2 ? 2 * found.batch : 0;
        if (!found.batch)
            break;
        AMCT_TRY(amct_graph_clone(&other, graph, err));
        amct_status status = amct_set_batch(other, found.batch, &why) == AMCT_OK
                                 ? share_of(&ratio, plugins, config, other, layers, n_layers, err)
                                 : AMCT_OK;
        if (amct_batch_of(other) != found.batch)
            found.batch = 0;
        amct_graph_free(other);
        AMCT_TRY(status);
    }
    *out = found;
    return AMCT_OK;
}

char *amct_fixed_share_print(const amct_fixed_share *share, char text[AMCT_FIXED_TEXT])
{
    int n = snprintf(text, AMCT_FIXED_TEXT,
                     "%.0f %% of the latency is fixed cost that no compression changes",
                     100 * share->ratio);
    if (share->ratio >= AMCT_FIXED_MUCH && share->batch)
        snprintf(text + n, AMCT_FIXED_TEXT - (size_t)n, "; from batch %lld on it is less than half",
                 (long long)share->batch);
    return text;
}
