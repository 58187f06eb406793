#include "cli/verdict.h"

#include "base/number.h"
#include "base/utf8.h"
#include "cli/measured.h"
#include "cli/reasons.h"
#include "tune/measuring.h"
#include "tune/outcome.h"
#include "tune/publish.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool may_be_faster(const amct_tuned *to)
{
    return to->best && to->best_cost.latency_ns < to->setup.original_cost.latency_ns;
}

static const char *verdict_words(const amct_tuned *to)
{
    switch (to->verdict) {
    case AMCT_MET:
        return to->faster          ? "MET"
               : to->slower        ? "MET by the original, as the best was measured slower"
               : may_be_faster(to) ? "MET, but not surely faster"
                                   : "MET, but not faster";
    case AMCT_NOT_PROVEN: return "NOT PROVEN";
    case AMCT_MISSED: return "MISSED";
    }
    return "";
}

#define MS(ns, digits) (amct_number_round((ns) / 1e6, digits).text)

/* Each latency with its 90 % band, and what is gained with the band of that, which is narrower, as
 * errors of what both networks have in common cancel; but never wider than the latencies' own. */
static void print_latency(const amct_tuned *to, const amct_outcome *o)
{
    const amct_setup *s = &to->setup;
    double before = o->before.latency_ns, after = o->after.latency_ns;
    double wide = 1 + s->original_cost.error_band_ratio, reach = 1 + to->best_cost.error_band_ratio;
    printf("latency %s ms (%s to %s) -> %s ms (%s to %s) on %s at batch %lld: ", MS(before, 4),
           MS(before / wide, 3), MS(before * wide, 3), MS(after, 4), MS(after / reach, 3),
           MS(after * reach, 3), s->config->chip, (long long)amct_batch_of(s->cost_graph));
    double speedup = before / after, paired = to->paired_ns;
    double least = fmax(before / (after + paired), speedup / (wide * reach)),
           most = speedup * wide * reach;
    if (after > paired)
        most = fmin(most, before / (after - paired));
    printf("%.2fx (%.2f to %.2f), estimated\n", speedup, least, most);
}

static void print_measured(const amct_tuned *to)
{
    const amct_setup *s = &to->setup;
    const amct_graph_cost *measured = to->slower ? to->slower : amct_tuned_measured(to);
    if (measured)
        printf("measured by %s: %s ms -> %s ms (%.2fx)%s\n", s->config->confirm_by,
               MS(s->measured.latency_ns, 4), MS(measured->latency_ns, 4),
               s->measured.latency_ns / measured->latency_ns,
               to->slower ? ", slower: the original is kept" : "");
    else if (s->confirming)
        printf("the result could not be measured by %s\n", s->config->confirm_by);
}

/* What the choices for a layer save, with what is fused into it. */
typedef struct saving {
    uint32_t layer;
    double ns;
} saving;

static int compare_savings(const void *a, const void *b)
{
    const saving *x = a, *y = b;
    return x->ns != y->ns ? (x->ns < y->ns ? 1 : -1)
                          : (x->layer > y->layer) - (x->layer < y->layer);
}

/* Which layers pay: those that save most, and the rest as one; not what is next to nothing. */
static void print_savings(const amct_tuned *to)
{
    enum { SHOWN = 4 };
    uint32_t n = 0, all = to->setup.model.n_layers;
    saving *list = to->best ? calloc(all + (size_t)1, sizeof *list) : NULL;
    double rest = 0, least = AMCT_LEAST_GAIN_RATIO * to->setup.original_cost.latency_ns;
    char name[AMCT_SHOWN];
    for (uint32_t i = 0; list && i < all; i++) {
        double ns = to->original_layers[i].latency_ns - to->best_layers[i].latency_ns;
        if (ns > least)
            list[n++] = (saving){i, ns};
    }
    if (n)
        qsort(list, n, sizeof *list, compare_savings);
    for (uint32_t i = 0; i < n && i < SHOWN; i++)
        printf("%s%s %s ms", i ? ", " : "what pays most: ",
               amct_utf8_show(to->setup.model.layers[list[i].layer].name, name, sizeof name),
               MS(list[i].ns, 3));
    for (uint32_t i = SHOWN; i < n; i++)
        rest += list[i].ns;
    if (n > SHOWN)
        printf(", %u more layers %s ms", n - SHOWN, MS(rest, 3));
    if (n)
        printf("\n");
    free(list);
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
    print_latency(to, &o);
    amct_measured_print(amct_costing_found(s->costing));
    print_measured(to);
    print_savings(to);
    if (to->best)
        printf("form: %s%s\n", to->best->refined.restored ? "restored, " : "",
               amct_refinement_names[to->best->refined.form]);
    printf("constants %.4g MB -> %.4g MB\n", (double)o.before.bytes / 1e6,
           (double)o.after.bytes / 1e6);
    if (!isnan(o.needed))
        printf("%.0f confirm samples would prove a drop like this one\n", o.needed);
    if (o.overfitted)
        printf("its weights fit the calibration samples too well: loss %.3g on those they were "
               "fitted to, %.3g on others; more of them (--calibration) would help\n",
               o.fitted_loss, o.loss);
    printf("%s\n", amct_outcome_reason(to));
}

/* A word for the shell: as it is, in quotes, or with what is not to be shown in hex (bash). */
static void put_word(FILE *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-=:,+@%";
    bool shown = true;
    uint32_t code;
    for (size_t i = 0, n; shown && word[i]; i += n) {
        n = amct_utf8_next(&code, word + i);
        shown = n && amct_utf8_is_shown(code);
    }
    if (shown && word[strspn(word, plain)] == 0) {
        fputs(word, out);
        return;
    }
    fputs(shown ? "'" : "$'", out);
    for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
        if (!shown && (*c == '\'' || *c == '\\'))
            fprintf(out, "\\%c", *c);
        else if (!shown && (*c < 0x20 || *c >= 0x7f))
            fprintf(out, "\\%03o", *c);
        else if (*c == '\'')
            fputs("'\\''", out);
        else
            fputc(*c, out);
    }
    fputc('\'', out);
}

static bool any_sparse(const amct_tuned *to)
{
    for (uint32_t i = 0; to->best && i < to->setup.model.n_layers; i++)
        if (amct_level_sparse((amct_level_kind)to->best->choices[i]))
            return true;
    return false;
}

char *amct_verdict_compile(const amct_tuned *to, const char *folder)
{
    const amct_setup *s = &to->setup;
    char *text = NULL, *shape = NULL, model[PATH_MAX], prefix[256];
    size_t size;
    FILE *out = s->config->format_amct ? open_memstream(&text, &size) : NULL;
    if (!out)
        return NULL;
    amct_publish_prefix(prefix, sizeof prefix, s->config);
    snprintf(model, sizeof model, "%s/%s_deploy_model.onnx", folder, prefix);
    shape = amct_measuring_shapes(s->cost_graph);
    fputs("atc --framework=5 --model=", out);
    put_word(out, model);
    fputs(" --output=", out);
    put_word(out, prefix);
    fputs(" --soc_version=", out);
    put_word(out, s->config->chip);
    fputs(" --input_shape=", out);
    put_word(out, shape ? shape : "");
    if (any_sparse(to))
        fputs(" --sparsity=1", out);
    if (fclose(out) != 0 || !shape) {
        free(text);
        text = NULL;
    }
    free(shape);
    return text;
}
