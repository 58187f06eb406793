#include "report/html.h"
amct_status amct_report_html(char **out_html, const cJSON *result, const amct_report_point *points,
                             size_t n, amct_err *err)
{
    (void)out_html, (void)result, (void)points, (void)n;
    return amct_fail(err, AMCT_E_UNSUPPORTED, "reports are not written yet");
}
