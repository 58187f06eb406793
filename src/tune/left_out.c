#include "tune/left_out.h"

#include "measure/latency.h"

amct_status amct_left_out_warn(const amct_plugins *plugins, const amct_config *config,
                               const amct_graph *graph, amct_err *err)
{
    amct_estimating *estimator;
    amct_latency latency;
    AMCT_TRY(amct_estimating_open(&estimator, plugins, config->estimator, config->target_options,
                                  config->n_target_options, err));
    amct_status status = amct_latency_estimate(&latency, estimator, graph, err);
    if (status == AMCT_OK) {
        amct_latency_warn(&latency, graph);
        amct_latency_free(&latency);
    }
    amct_estimating_close(estimator);
    return status;
}
