#include "measure/judge.h"

#include "measure/temper.h"

#include <math.h>
#include <string.h>

enum { MAX_ROW = 1 << 28 };

const char *const amct_metric_names[] = {"top1", "top5",  "agreement", "cosine",
                                         "map",  "map50", NULL};

amct_status amct_outputs_of(amct_outputs *out, const amct_graph *graph, amct_err *err)
{
    amct_outputs o = {.scale = 1};
    int64_t batch = amct_batch_of(graph), row = 0;
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        const amct_tensor *t = &graph->tensors[graph->outputs[i]];
        if (t->dtype != AMCT_FLOAT)
            continue;
        if (!amct_shape_known(&t->shape) || t->shape.rank < 1 || t->shape.dims[0] % batch != 0)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "output '%s' does not have the batch as its first dim", t->name);
        int64_t size = amct_shape_size(&t->shape) / batch;
        bool flat = t->shape.rank >= 2 && t->shape.dims[0] == batch && t->shape.dims[1] == size;
        if (row == 0 && flat && size >= 2)
            o.classes = (uint32_t)size;
        row += size;
    }
    if (row > MAX_ROW)
        return amct_fail(err, AMCT_E_LIMIT,
                         "outputs of %lld numbers a sample are too large to be measured",
                         (long long)row);
    if (row < 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "the network has no float32 output to measure");
    o.row = (uint32_t)row;
    for (uint32_t n = 0; n < graph->n_nodes && graph->n_outputs; n++)
        if (amct_node_is(&graph->nodes[n], "Softmax") &&
            graph->nodes[n].dst[0] == graph->outputs[0])
            o.probabilities = true;
    *out = o;
    return AMCT_OK;
}

void amct_outputs_copy(float *rows, const amct_outputs *outputs, const amct_plan *plan,
                       const amct_graph *graph, uint32_t count)
{
    size_t batch = (size_t)amct_batch_of(graph), at = 0;
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        amct_buffer b = amct_plan_output(plan, i);
        if (b.dtype != AMCT_FLOAT)
            continue;
        size_t size = b.bytes / sizeof(float) / batch;
        for (uint32_t k = 0; k < count; k++)
            memcpy(rows + k * (size_t)outputs->row + at, (float *)b.data + k * size,
                   size * sizeof(float));
        at += size;
    }
}

static uint32_t first_answer(const float *row, uint32_t classes)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < classes; i++)
        if (row[i] > row[best])
            best = i;
    return best;
}

/* Whether fewer than k answers are before the label's (equal ones stand in order of number). */
static bool among_first(const float *row, uint32_t classes, int64_t label, uint32_t k)
{
    if (label < 0 || label >= classes || !(row[label] == row[label]))
        return false;
    uint32_t before = 0;
    for (uint32_t i = 0; i < classes; i++)
        before += row[i] > row[label] || (row[i] == row[label] && i < label);
    return before < k;
}

/* log of what exp(scale row) adds up to. */
static double log_sum(const float *row, uint32_t n, double scale)
{
    double most = -INFINITY, sum = 0;
    for (uint32_t i = 0; i < n; i++)
        most = scale * row[i] > most ? scale * row[i] : most;
    for (uint32_t i = 0; i < n; i++)
        sum += exp(scale * row[i] - most);
    return most + log(sum);
}

/* KL divergence of q from p, both of logits or of probabilities. */
static double divergence(const float *p, const float *q, const amct_outputs *outputs)
{
    uint32_t n = outputs->classes;
    double sum = 0, scale = outputs->scale;
    if (outputs->probabilities) {
        for (uint32_t i = 0; i < n; i++)
            if (p[i] > 0)
                sum += p[i] * (log(p[i]) - log(q[i] > 1e-30f ? q[i] : 1e-30f));
    } else {
        double lp = log_sum(p, n, scale), lq = log_sum(q, n, scale);
        for (uint32_t i = 0; i < n; i++) {
            double a = scale * p[i] - lp;
            sum += exp(a) * (a - (scale * q[i] - lq));
        }
    }
    return sum > 0 ? sum : sum == sum ? 0 : INFINITY;
}

static bool all_finite(const float *row, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!isfinite(row[i]))
            return false;
    return true;
}

static void compare(const amct_judge *judge, const float *row, const float *original,
                    amct_tally *tally)
{
    double dot = 0, own = 0, other = 0, apart = 0;
    for (uint32_t i = 0; i < judge->outputs.row; i++) {
        double a = row[i], b = original[i];
        dot += a * b, own += a * a, other += b * b, apart += (a - b) * (a - b);
    }
    double far = own > 0 && other > 0 ? 1 - dot / sqrt(own * other) : own != other;
    far = far > 0 ? far : 0;
    tally->cosine += far;
    tally->cosine_sq += far * far;
    tally->l2_sq += other > 0 ? apart / other : apart > 0;
}

static bool hit(const amct_judge *judge, uint32_t i, const float *row)
{
    uint32_t classes = judge->outputs.classes;
    switch (judge->metric) {
    case AMCT_METRIC_TOP1: return among_first(row, classes, judge->labels[i], 1);
    case AMCT_METRIC_TOP5: return among_first(row, classes, judge->labels[i], 5);
    case AMCT_METRIC_AGREEMENT:
        return first_answer(row, classes) ==
               first_answer(judge->original + (size_t)i * judge->outputs.row, classes);
    default: return true;
    }
}

/* original: NULL if it is not known; row: NULL if it is not finite. */
static void judge_detections(const amct_judge *judge, uint32_t i, const float *row,
                             const float *original, amct_tally *tally)
{
    const amct_detector *d = judge->detector;
    amct_detections found = {0};
    if (row && (judge->matches || judge->original_found))
        amct_detect(&found, d, row);
    if (judge->matches && judge->objects)
        amct_match_objects(&judge->matches[i], &found, &judge->objects[i]);
    if (judge->original_found) {
        double unlike = row ? 1 - amct_detections_agree(&judge->original_found[i], &found,
                                                        d->options->confidence)
                            : 1;
        tally->unlike += unlike;
        tally->unlike_sq += unlike * unlike;
    }
    if (row && original) {
        double kl = amct_detect_divergence(d, original, row);
        tally->kl += kl;
        tally->kl_sq += kl * kl;
    }
}

/* The drop that is expected of an answer that has changed. */
static void expect(const amct_judge *judge, const float *original, uint32_t before, uint32_t now,
                   amct_tally *tally)
{
    double fall = amct_tempered(&judge->outputs, original, before, judge->temper) -
                  amct_tempered(&judge->outputs, original, now, judge->temper);
    tally->fall += fall;
    tally->fall_sq += fall * fall;
}

void amct_judge_add(const amct_judge *judge, uint32_t i, const float *row, amct_tally *tally)
{
    const amct_outputs *o = &judge->outputs;
    const float *original = judge->original ? judge->original + (size_t)i * o->row : NULL;
    bool finite = all_finite(row, o->row);
    tally->n++;
    if (judge->labels && o->classes && finite) {
        tally->right += among_first(row, o->classes, judge->labels[i], 1);
        tally->right_top5 += among_first(row, o->classes, judge->labels[i], 5);
    }
    if (judge->detector)
        judge_detections(judge, i, finite ? row : NULL, original, tally);
    if (!original)
        return;
    if (!finite) {
        tally->lost += !judge->detector && hit(judge, i, original);
        tally->kl = tally->kl_sq = tally->l2_sq = INFINITY;
        tally->cosine += 2, tally->cosine_sq += 4;
        return;
    }
    compare(judge, row, original, tally);
    if (!o->classes || judge->detector)
        return;
    bool before = hit(judge, i, original), now = hit(judge, i, row);
    tally->lost += before && !now;
    tally->gained += !before && now;
    uint32_t answer = first_answer(original, o->classes), other = first_answer(row, o->classes);
    tally->agree += answer == other;
    if (judge->temper > 0 && answer != other)
        expect(judge, original, answer, other, tally);
    double kl = divergence(original, row, o);
    tally->kl += kl;
    tally->kl_sq += kl * kl;
}

void amct_tally_add(amct_tally *to, const amct_tally *part)
{
    to->n += part->n;
    to->right += part->right, to->right_top5 += part->right_top5;
    to->agree += part->agree, to->lost += part->lost, to->gained += part->gained;
    to->kl += part->kl, to->kl_sq += part->kl_sq;
    to->cosine += part->cosine, to->cosine_sq += part->cosine_sq;
    to->l2_sq += part->l2_sq;
    to->fall += part->fall, to->fall_sq += part->fall_sq;
    to->unlike += part->unlike, to->unlike_sq += part->unlike_sq;
}

amct_status amct_judge_finish(const amct_judge *judge, amct_tally *tally, double confidence,
                              amct_err *err)
{
    if (!amct_metric_is_map(judge->metric) || !judge->matches)
        return AMCT_OK;
    return amct_average_precision(&tally->ap, judge->matches,
                                  judge->original_matches ? judge->original_matches
                                                          : judge->matches,
                                  judge->objects, tally->n, judge->detector->options->classes.n,
                                  judge->metric == AMCT_METRIC_MAP50, confidence, err);
}

double amct_metric_value(const amct_judge *judge, const amct_tally *tally)
{
    double n = tally->n ? tally->n : 1;
    switch (judge->metric) {
    case AMCT_METRIC_TOP1: return tally->right / n;
    case AMCT_METRIC_TOP5: return tally->right_top5 / n;
    case AMCT_METRIC_AGREEMENT: return judge->detector ? 1 - tally->unlike / n : tally->agree / n;
    case AMCT_METRIC_MAP:
    case AMCT_METRIC_MAP50: return tally->ap.value;
    default: return 1 - tally->cosine / n;
    }
}

double amct_metric_drop(const amct_judge *judge, const amct_tally *tally)
{
    double n = tally->n ? tally->n : 1;
    if (amct_metric_is_map(judge->metric))
        return tally->ap.drop;
    if (judge->metric == AMCT_METRIC_COSINE)
        return tally->cosine / n;
    return judge->detector ? tally->unlike / n : ((double)tally->lost - tally->gained) / n;
}

double amct_tally_loss(const amct_judge *judge, const amct_tally *tally)
{
    double n = tally->n ? tally->n : 1;
    return (judge->outputs.classes || judge->detector ? tally->kl : tally->cosine) / n;
}
