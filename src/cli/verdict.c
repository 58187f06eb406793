#include "cli/verdict.h"

#include "passes/prepare.h"
#include "tune/outcome.h"
#include "tune/publish.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *verdict_words(const amct_tuned *to)
{
    switch (to->verdict) {
    case AMCT_MET: return to->faster ? "MET" : "MET, but not 1 % faster";
    case AMCT_NOT_PROVEN: return "NOT PROVEN";
    case AMCT_MISSED: return "MISSED";
    }
    return "";
}

void amct_verdict_print(const amct_tuned *to)
{
    const amct_setup *s = &to->setup;
    amct_outcome o = amct_outcome_of(to);
    printf("%s %.2f %% -> %.2f %% on %u %s samples: drop %.2f pp (%.4g %% interval %.2f .. %.2f), "
           "budget %.4g pp: %s\n",
           amct_metric_names[s->search_judge.metric], 100 * o.before.value, 100 * o.after.value,
           o.samples, o.confirmed ? "unseen" : "search", 100 * o.drop, 100 * o.confidence,
           100 * o.drop_interval.lo, 100 * o.drop_interval.hi, 100 * s->budget_ratio,
           verdict_words(to));
    printf("latency %.4g ms -> %.4g ms on %s at batch %lld (%.2fx, estimated, error band +-%.0f "
           "%%)\n",
           o.before.latency_ns / 1e6, o.after.latency_ns / 1e6, s->config->chip,
           (long long)amct_batch_of(s->cost_graph), o.before.latency_ns / o.after.latency_ns,
           100 * to->best_cost.error_band_ratio);
    if (to->best)
        printf("form: %s\n", amct_refinement_names[to->best->refined.form]);
    printf("constants %.4g MB -> %.4g MB\n", (double)o.before.bytes / 1e6,
           (double)o.after.bytes / 1e6);
    if (!isnan(o.needed))
        printf("%.0f confirm samples would prove a drop like this one\n", o.needed);
    printf("%s\n", amct_outcome_reason(to));
}

char *amct_verdict_compile(const amct_tuned *to, const char *folder)
{
    const amct_setup *s = &to->setup;
    char *text = NULL, prefix[256];
    size_t size;
    FILE *out = s->config->format_amct ? open_memstream(&text, &size) : NULL;
    if (!out)
        return NULL;
    amct_publish_prefix(prefix, sizeof prefix, s->config);
    fprintf(out,
            "atc --framework=5 --model=%s/%s_deploy_model.onnx --output=%s --soc_version=%s "
            "--input_shape=\"",
            folder, prefix, prefix, s->config->chip);
    for (uint32_t i = 0; i < s->cost_graph->n_inputs; i++) {
        const amct_tensor *t = &s->cost_graph->tensors[s->cost_graph->inputs[i]];
        fprintf(out, "%s%s:", i ? ";" : "", t->name);
        for (int32_t d = 0; d < t->shape.rank; d++)
            fprintf(out, "%s%lld", d ? "," : "", (long long)t->shape.dims[d]);
    }
    fputc('"', out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
