#include "export/export.h"
amct_status amct_export(const char *folder, const char *prefix, const amct_graph *candidate,
                        const amct_origin *origin, const amct_export_options *options,
                        amct_err *err)
{
    (void)folder, (void)prefix, (void)candidate, (void)origin, (void)options;
    return amct_fail(err, AMCT_E_UNSUPPORTED, "models are not written yet");
}
