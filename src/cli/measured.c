#include "cli/measured.h"

#include <math.h>
#include <stdio.h>

void amct_measured_print(const amct_correction_found *found)
{
    char text[AMCT_CORRECTION_TEXT];
    if (!found)
        return;
    if (*amct_correction_tell(found, text))
        printf("%s\n", text);
    if (*amct_correction_tell_scale(found, text))
        printf("%s\n", text);
}

void amct_measured_add(amct_json *json, cJSON *at, const amct_correction_found *found)
{
    if (!found) {
        amct_json_null(json, at, "correction");
        return;
    }
    bool profile = found->what[0] != 0;
    cJSON *to = amct_json_object(json, at, "correction");
    amct_json_text(json, to, "profile", profile ? found->what : NULL);
    amct_json_bool(json, to, "by_type", found->by_type);
    amct_json_integer(json, to, "operators", found->n_ops);
    amct_json_integer(json, to, "operators_matched", found->n_matched);
    amct_json_number(json, to, "time_matched_ratio", profile ? found->matched_ratio : NAN);
    amct_json_integer(json, to, "kernels", found->n_kernels);
    amct_json_integer(json, to, "kernels_matched", found->n_told);
    amct_json_number(json, to, "kernels_time_ratio", profile ? found->told_ratio : NAN);
    amct_json_number(json, to, "estimated_ms", found->estimated_ns / 1e6);
    amct_json_number(json, to, "measured_ms",
                     found->measured_ns > 0 ? found->measured_ns / 1e6 : NAN);
    amct_json_number(json, to, "scale", found->scale);
}
