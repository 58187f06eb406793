#include "base/log.h"
#include "base/utf8.h"
#include "measure/correction.h"

#include <stdio.h>

#define MUCH_TOLD_RATIO 0.9
#define FAR_RATIO       20

char *amct_correction_tell(const amct_correction_found *f, char text[AMCT_CORRECTION_TEXT])
{
    char what[sizeof f->what], runs[48] = "";
    text[0] = 0;
    if (!f->what[0])
        return text;
    if (f->by_type)
        snprintf(runs, sizeof runs, ", %.0f run%s of the network", f->runs,
                 f->runs == 1 ? "" : "s");
    snprintf(text, AMCT_CORRECTION_TEXT,
             "set right by %u of %u %soperators of the profile, with %.0f %% of its time, which "
             "are %u of the network's %u kernels, with %.0f %% of theirs (%s%s)",
             f->n_matched, f->n_ops, f->by_type ? "types of " : "", 100 * f->matched_ratio,
             f->n_told, f->n_kernels, 100 * f->told_ratio,
             amct_utf8_show(f->what, what, sizeof what), runs);
    return text;
}

char *amct_correction_tell_scale(const amct_correction_found *f, char text[AMCT_CORRECTION_TEXT])
{
    text[0] = 0;
    if (f->measured_ns > 0)
        snprintf(text, AMCT_CORRECTION_TEXT, "scaled by %.3g to the latency that was measured",
                 f->scale);
    return text;
}

static void warn_far(const char *whose, double ns, double estimated_ns)
{
    double ratio = estimated_ns > 0 ? ns / estimated_ns : 1;
    if (ratio > FAR_RATIO || ratio < 1.0 / FAR_RATIO)
        amct_log(AMCT_LOG_WARN,
                 "%s is %.4g ms, the estimate %.4g ms, %.3g times as much: is it of this network, "
                 "at this batch size, in the right unit?",
                 whose, ns / 1e6, estimated_ns / 1e6, 1 / ratio);
}

void amct_correction_warn(const amct_correction_found *f)
{
    if (f->what[0] && f->told_ratio < MUCH_TOLD_RATIO)
        amct_log(AMCT_LOG_WARN,
                 "the profile has %u of the network's %u kernels, with %.0f %% of their time: what "
                 "it leaves out stays as unsure as estimates are",
                 f->n_told, f->n_kernels, 100 * f->told_ratio);
    if (f->what[0])
        warn_far("the latency by the profile", f->profiled_ns, f->estimated_ns);
    if (f->measured_ns > 0)
        warn_far("the measured latency", f->measured_ns, f->profiled_ns);
}
