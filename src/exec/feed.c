#include "exec/feed.h"

#include <string.h>

amct_status amct_plan_load(amct_plan *plan, const amct_feed *feed, uint32_t first, uint32_t *count,
                           amct_err *err)
{
    amct_buffer in = amct_plan_input(plan, 0);
    uint32_t batch = in.shape.rank ? (uint32_t)in.shape.dims[0] : 1;
    uint32_t n = feed->n - first < batch ? feed->n - first : batch;
    size_t bytes = in.bytes / batch;
    if (in.dtype != AMCT_FLOAT)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "the network's input is %s, samples are float32",
                         amct_dtype_name(in.dtype));
    AMCT_TRY(feed->fetch(feed->ctx, first, n, in.layout, in.data, err));
    memset((char *)in.data + n * bytes, 0, (batch - n) * bytes);
    *count = n;
    return AMCT_OK;
}

amct_status amct_plan_run_samples(amct_plan *plan, const amct_feed *feed, uint32_t first,
                                  uint32_t *count, amct_err *err)
{
    AMCT_TRY(amct_plan_load(plan, feed, first, count, err));
    return amct_plan_run(plan, err);
}
