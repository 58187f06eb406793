#include "measure/average_precision.h"

#include "base/pcg.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RECALLS = 101, REPLICATES = 1000 };

/* To the last bit those of the reference code, as are the recalls: counts lie exactly on them. */
static double threshold(int t)
{
    return t * ((0.95 - 0.5) / 9) + 0.5;
}

/* ---- Matching ------------------------------------------------------------------------------ */

/* Intersection over union; of a crowd, the share of the detection that lies in it. */
static double overlap_with(const amct_box *object, const amct_box *found)
{
    double w = fmin(object->x1, found->x1) - fmax(object->x0, found->x0);
    double h = fmin(object->y1, found->y1) - fmax(object->y0, found->y0);
    double a = ((double)object->x1 - object->x0) * ((double)object->y1 - object->y0);
    double b = ((double)found->x1 - found->x0) * ((double)found->y1 - found->y0);
    if (w <= 0 || h <= 0)
        return 0;
    return w * h / (object->crowd ? b : a + b - w * h);
}

/* What the detections before took at each threshold: indices of objects, -1: none. */
typedef int32_t took[AMCT_AP_THRESHOLDS];

static bool is_taken(const took *before, uint32_t n, int t, int32_t object)
{
    for (uint32_t i = 0; i < n; i++)
        if (before[i][t] == object)
            return true;
    return false;
}

/* The object that takes the detection at threshold t, -1 if there is none: of those that are free
 * the one that overlaps most, else a crowd. */
static int32_t taker(const amct_detection *found, const amct_box_list *objects, const took *before,
                     uint32_t n_before, int t)
{
    int32_t best = -1;
    for (int crowds = 0; crowds < 2 && best < 0; crowds++) {
        double most = threshold(t);
        for (uint32_t k = 0; k < objects->n; k++) {
            const amct_box *o = &objects->at[k];
            if (o->class != found->box.class || o->crowd != crowds)
                continue;
            double overlap = overlap_with(o, &found->box);
            if (overlap >= most && (crowds || !is_taken(before, n_before, t, (int32_t)k))) {
                most = overlap;
                best = (int32_t)k;
            }
        }
    }
    return best;
}

void amct_match_objects(amct_matches *out, const amct_detections *found,
                        const amct_box_list *objects)
{
    took taken[AMCT_DETECTIONS];
    out->n = found->n;
    for (uint32_t i = 0; i < found->n; i++) {
        const amct_detection *d = &found->at[i];
        amct_match *m = &out->at[i];
        *m = (amct_match){.score = d->score, .class = (uint16_t)d->box.class};
        for (int t = 0; t < AMCT_AP_THRESHOLDS; t++) {
            int32_t k = taken[i][t] = taker(d, objects, taken, i, t);
            if (k >= 0 && objects->at[k].crowd)
                m->exempt |= (uint16_t)(1 << t);
            else if (k >= 0)
                m->hit |= (uint16_t)(1 << t);
        }
    }
}

/* ---- Average precision --------------------------------------------------------------------- */

typedef struct entry {
    amct_match match;
    uint32_t picture, at;
} entry;

/* All detections of one detector by class and score; what is common to both: objects by class. */
typedef struct ranking {
    entry *entries;
    uint32_t *begin; /* per class, and the end */
} ranking;

typedef struct count {
    uint32_t picture, n;
} count;

typedef struct truth {
    count *counts;   /* by class: pictures that have objects of it, and how many */
    uint32_t *begin; /* per class, and the end */
    uint32_t n_pictures, n_classes;
    double *precision; /* scratch, as many as the larger ranking */
    double *recall;
    bool fifty;
} truth;

static int by_rank(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->match.class != y->match.class)
        return x->match.class > y->match.class ? 1 : -1;
    if (x->match.score != y->match.score)
        return x->match.score < y->match.score ? 1 : -1;
    if (x->picture != y->picture)
        return x->picture > y->picture ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

static amct_status rank(ranking *out, const amct_matches *matches, const truth *t, amct_err *err)
{
    size_t n = 0;
    for (uint32_t p = 0; p < t->n_pictures; p++)
        n += matches[p].n;
    out->entries = malloc((n + 1) * sizeof *out->entries);
    out->begin = calloc(t->n_classes + (size_t)1, sizeof *out->begin);
    if (!out->entries || !out->begin)
        return amct_fail_nomem(err);
    n = 0;
    for (uint32_t p = 0; p < t->n_pictures; p++)
        for (uint32_t i = 0; i < matches[p].n; i++)
            out->entries[n++] = (entry){matches[p].at[i], p, i};
    qsort(out->entries, n, sizeof *out->entries, by_rank);
    size_t at = 0;
    for (uint32_t c = 0; c < t->n_classes; c++) {
        while (at < n && out->entries[at].match.class < c)
            at++;
        out->begin[c] = (uint32_t)at;
    }
    out->begin[t->n_classes] = (uint32_t)n;
    return AMCT_OK;
}

static amct_status count_objects(truth *t, const amct_box_list *objects, amct_err *err)
{
    size_t n = 0;
    for (uint32_t p = 0; p < t->n_pictures; p++)
        n += objects[p].n;
    t->counts = malloc((n + 1) * sizeof *t->counts);
    t->begin = calloc(t->n_classes + (size_t)1, sizeof *t->begin);
    if (!t->counts || !t->begin)
        return amct_fail_nomem(err);
    uint32_t at = 0;
    for (uint32_t c = 0; c < t->n_classes; c++) {
        t->begin[c] = at;
        for (uint32_t p = 0; p < t->n_pictures; p++) {
            uint32_t of = 0;
            for (uint32_t k = 0; k < objects[p].n; k++)
                of += objects[p].at[k].class == (int32_t)c && !objects[p].at[k].crowd;
            if (of)
                t->counts[at++] = (count){p, of};
        }
    }
    t->begin[t->n_classes] = at;
    return AMCT_OK;
}

/* From n points of recall and precision; precision is made monotone on the way. */
static double area(const truth *t, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = n; i-- > 1;)
        t->precision[i - 1] = fmax(t->precision[i - 1], t->precision[i]);
    if (t->fifty) {
        for (uint32_t i = 0; i < n; i++)
            sum += (t->recall[i] - (i ? t->recall[i - 1] : 0)) * t->precision[i];
        return sum;
    }
    for (uint32_t r = 0, i = 0; r < RECALLS; r++) {
        while (i < n && t->recall[i] < r * 0.01)
            i++;
        sum += i < n ? t->precision[i] : 0;
    }
    return sum / RECALLS;
}

/* Of one class at one threshold; each picture counts `weights` times (NULL: once). */
static double class_precision(const truth *t, const ranking *r, uint32_t c, int at,
                              const uint32_t *weights, double objects)
{
    double right = 0, wrong = 0;
    uint32_t n = 0;
    for (uint32_t i = r->begin[c]; i < r->begin[c + 1]; i++) {
        const entry *e = &r->entries[i];
        double w = weights ? weights[e->picture] : 1;
        if (w == 0 || (e->match.exempt >> at & 1))
            continue;
        if (e->match.hit >> at & 1)
            right += w;
        else
            wrong += w;
        t->recall[n] = right / objects;
        t->precision[n++] = right / (right + wrong + DBL_EPSILON);
    }
    return area(t, n);
}

static double mean_precision(const truth *t, const ranking *r, const uint32_t *weights)
{
    double sum = 0;
    uint32_t n = 0;
    int thresholds = t->fifty ? 1 : AMCT_AP_THRESHOLDS;
    for (uint32_t c = 0; c < t->n_classes; c++) {
        double objects = 0;
        for (uint32_t i = t->begin[c]; i < t->begin[c + 1]; i++)
            objects += (double)t->counts[i].n * (weights ? weights[t->counts[i].picture] : 1);
        if (objects == 0)
            continue;
        for (int at = 0; at < thresholds; at++)
            sum += class_precision(t, r, c, at, weights, objects);
        n += (uint32_t)thresholds;
    }
    return n ? sum / n : 0;
}

/* ---- Intervals ----------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Percentiles, from outside: no shorter than asked for. */
static amct_interval percentiles(double *values, double confidence)
{
    qsort(values, REPLICATES, sizeof *values, by_value);
    uint32_t cut = (uint32_t)floor((1 - confidence) / 2 * REPLICATES);
    return (amct_interval){values[cut], values[REPLICATES - 1 - cut]};
}

static amct_status bootstrap(amct_ap *out, const truth *t, const ranking *own,
                             const ranking *original, double confidence, amct_err *err)
{
    uint32_t *weights = malloc(t->n_pictures * sizeof *weights);
    double *values = malloc(2 * REPLICATES * sizeof *values), *drops = values + REPLICATES;
    amct_pcg rng = amct_pcg_new(1, 1);
    amct_status status = weights && values ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t b = 0; status == AMCT_OK && b < REPLICATES; b++) {
        memset(weights, 0, t->n_pictures * sizeof *weights);
        for (uint32_t i = 0; i < t->n_pictures; i++)
            weights[amct_pcg_below(&rng, t->n_pictures)]++;
        values[b] = mean_precision(t, own, weights);
        drops[b] = mean_precision(t, original, weights) - values[b];
    }
    if (status == AMCT_OK) {
        out->interval = percentiles(values, confidence);
        out->drop_interval = percentiles(drops, confidence);
    }
    free(weights);
    free(values);
    return status;
}

static uint32_t larger(const truth *t, const ranking *a, const ranking *b)
{
    uint32_t n = a->begin[t->n_classes], m = b->begin[t->n_classes];
    return n > m ? n : m;
}

static amct_status evaluate(amct_ap *out, truth *t, const ranking *own, const ranking *original,
                            double confidence, amct_err *err)
{
    size_t n = larger(t, own, original) + (size_t)1;
    t->recall = malloc(2 * n * sizeof *t->recall);
    if (!t->recall)
        return amct_fail_nomem(err);
    t->precision = t->recall + n;
    amct_ap ap = {.value = mean_precision(t, own, NULL)};
    ap.drop = mean_precision(t, original, NULL) - ap.value;
    ap.interval = (amct_interval){ap.value, ap.value};
    ap.drop_interval = (amct_interval){ap.drop, ap.drop};
    amct_status status = confidence > 0 && t->n_pictures
                             ? bootstrap(&ap, t, own, original, confidence, err)
                             : AMCT_OK;
    free(t->recall);
    if (status == AMCT_OK)
        *out = ap;
    return status;
}

amct_status amct_average_precision(amct_ap *out, const amct_matches *matches,
                                   const amct_matches *original, const amct_box_list *objects,
                                   uint32_t n, uint32_t n_classes, bool fifty, double confidence,
                                   amct_err *err)
{
    truth t = {.n_pictures = n, .n_classes = n_classes, .fifty = fifty};
    ranking own = {0}, other = {0};
    amct_status status = count_objects(&t, objects, err);
    if (status == AMCT_OK)
        status = rank(&own, matches, &t, err);
    if (status == AMCT_OK)
        status = rank(&other, original, &t, err);
    if (status == AMCT_OK)
        status = evaluate(out, &t, &own, &other, confidence, err);
    free(t.counts);
    free(t.begin);
    free(own.entries);
    free(own.begin);
    free(other.entries);
    free(other.begin);
    return status;
}
