#include "base/pcg.h"
#include "measure/average_precision.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

enum { PICTURES = 24, CLASSES = 5, OBJECTS = 6 };

/* Pictures with objects and detections that find some of them, more or less well. */
typedef struct scene {
    amct_box boxes[PICTURES][OBJECTS];
    amct_box_list objects[PICTURES];
    amct_detections found[PICTURES];
    amct_matches matches[PICTURES];
} scene;

static float uniform(amct_pcg *rng, float lo, float hi)
{
    return lo + (hi - lo) * (float)amct_pcg_unit(rng);
}

static amct_box random_box(amct_pcg *rng)
{
    float x = uniform(rng, 0, 0.6f), y = uniform(rng, 0, 0.6f);
    return (amct_box){.x0 = x,
                      .y0 = y,
                      .x1 = x + uniform(rng, 0.1f, 0.4f),
                      .y1 = y + uniform(rng, 0.1f, 0.4f),
                      .class = (int32_t)amct_pcg_below(rng, CLASSES)};
}

static int by_score(const void *a, const void *b)
{
    float x = ((const amct_detection *)a)->score, y = ((const amct_detection *)b)->score;
    return (x < y) - (x > y);
}

static scene *make_scene(uint64_t seed, float shake, bool crowds)
{
    scene *s = calloc(1, sizeof *s);
    amct_pcg rng = amct_pcg_new(seed, 1);
    for (int p = 0; p < PICTURES; p++) {
        amct_detections *f = &s->found[p];
        s->objects[p] = (amct_box_list){s->boxes[p], amct_pcg_below(&rng, OBJECTS + 1)};
        for (uint32_t k = 0; k < s->objects[p].n; k++) {
            s->boxes[p][k] = random_box(&rng);
            s->boxes[p][k].crowd = crowds && amct_pcg_below(&rng, 5) == 0;
            for (uint32_t twice = amct_pcg_below(&rng, 3); twice > 0; twice--) {
                amct_box b = s->boxes[p][k];
                b.crowd = false;
                b.x0 += uniform(&rng, -shake, shake), b.x1 += uniform(&rng, -shake, shake);
                b.y0 += uniform(&rng, -shake, shake), b.y1 += uniform(&rng, -shake, shake);
                f->at[f->n++] = (amct_detection){b, uniform(&rng, 0.2f, 1)};
            }
        }
        for (uint32_t wrong = amct_pcg_below(&rng, 4); wrong > 0; wrong--)
            f->at[f->n++] = (amct_detection){random_box(&rng), uniform(&rng, 0, 0.8f)};
        qsort(f->at, f->n, sizeof *f->at, by_score);
        amct_match_objects(&s->matches[p], f, &s->objects[p]);
    }
    return s;
}

/* ---- The same by the words of the definition, as slowly as may be --------------------------- */

typedef struct ranked {
    float score;
    int picture;
    const amct_box *box;
    int right; /* 1; 0 is wrong; -1 does not count */
} ranked;

static double overlap(const amct_box *object, const amct_box *box)
{
    double w = fmin(object->x1, box->x1) - fmax(object->x0, box->x0);
    double h = fmin(object->y1, box->y1) - fmax(object->y0, box->y0);
    double a = ((double)object->x1 - object->x0) * ((double)object->y1 - object->y0);
    double b = ((double)box->x1 - box->x0) * ((double)box->y1 - box->y0);
    if (w <= 0 || h <= 0)
        return 0;
    return object->crowd ? w * h / b : w * h / (a + b - w * h);
}

static int list_class(ranked *list, const scene *s, int class, double least)
{
    int n = 0;
    for (int p = 0; p < PICTURES; p++) {
        bool taken[OBJECTS] = {false};
        for (uint32_t i = 0; i < s->found[p].n; i++) {
            const amct_detection *d = &s->found[p].at[i];
            if (d->box.class != class)
                continue;
            int best = -1;
            double most = -1;
            bool crowd = false;
            for (uint32_t k = 0; k < s->objects[p].n; k++) {
                const amct_box *o = &s->boxes[p][k];
                double v = overlap(o, &d->box);
                if (o->class != class || v < least)
                    continue;
                if (o->crowd)
                    crowd = true;
                else if (!taken[k] && v > most)
                    most = v, best = (int)k;
            }
            if (best >= 0)
                taken[best] = true;
            list[n++] = (ranked){d->score, p, &d->box, best >= 0 ? 1 : crowd ? -1 : 0};
        }
    }
    return n;
}

/* Precision if the k best are taken, the largest of all that recall at least r; 0 if none does. */
static double precision_at(const ranked *sorted, int n, double objects, double r)
{
    double best = 0;
    for (int k = 1; k <= n; k++) {
        double right = 0, all = 0;
        for (int i = 0; i < k; i++)
            if (sorted[i].right >= 0)
                right += sorted[i].right, all++;
        if (all && right / objects >= r)
            best = fmax(best, right / all);
    }
    return best;
}

static double slow_class(const scene *s, int class, double least, bool fifty, double objects)
{
    static ranked list[PICTURES * AMCT_DETECTIONS];
    int n = list_class(list, s, class, least);
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n; k++)
            if (list[k].score > list[i].score) {
                ranked t = list[i];
                list[i] = list[k], list[k] = t;
            }
    double sum = 0;
    if (!fifty) {
        for (int r = 0; r <= 100; r++)
            sum += precision_at(list, n, objects, r * 0.01);
        return sum / 101;
    }
    for (int hits = 1; hits <= objects; hits++) /* each object recalls 1 / objects more */
        sum += precision_at(list, n, objects, hits / objects - 1e-9) / objects;
    return sum;
}

static double slow_map(const scene *s, bool fifty)
{
    double sum = 0;
    int n = 0;
    for (int c = 0; c < CLASSES; c++) {
        double objects = 0;
        for (int p = 0; p < PICTURES; p++)
            for (uint32_t k = 0; k < s->objects[p].n; k++)
                objects += s->boxes[p][k].class == c && !s->boxes[p][k].crowd;
        for (int t = 0; objects > 0 && t < (fifty ? 1 : 10); t++, n++)
            sum += slow_class(s, c, 0.5 + 0.05 * t, fifty, objects);
    }
    return sum / n;
}

static amct_ap measure(const scene *s, const scene *original, bool fifty, double confidence)
{
    amct_ap ap;
    cr_assert_eq(amct_average_precision(&ap, s->matches, original->matches, s->objects, PICTURES,
                                        CLASSES, fifty, confidence, &err),
                 AMCT_OK);
    return ap;
}

Test(measure_average_precision, it_is_what_the_definition_says)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        scene *s = make_scene(seed, (float)(seed % 5) * 0.02f, seed % 2);
        for (int fifty = 0; fifty < 2; fifty++) {
            double fast = measure(s, s, fifty, 0).value, slow = slow_map(s, fifty);
            cr_assert_float_eq(fast, slow, 1e-9, "seed %d: %.12f, %.12f wanted", (int)seed, fast,
                               slow);
        }
        free(s);
    }
}

Test(measure_average_precision, finding_all_and_nothing_else_is_1_and_nothing_is_0)
{
    scene *s = make_scene(3, 0, false);
    for (int p = 0; p < PICTURES; p++) {
        s->found[p].n = 0;
        for (uint32_t k = 0; k < s->objects[p].n; k++)
            s->found[p].at[s->found[p].n++] = (amct_detection){s->boxes[p][k], 0.9f};
        amct_match_objects(&s->matches[p], &s->found[p], &s->objects[p]);
    }
    cr_assert_float_eq(measure(s, s, false, 0).value, 1, 1e-12);
    cr_assert_float_eq(measure(s, s, true, 0).value, 1, 1e-12);
    for (int p = 0; p < PICTURES; p++)
        s->matches[p].n = 0;
    cr_assert_eq(measure(s, s, false, 0).value, 0);
    free(s);
}

Test(measure_average_precision, what_is_found_in_a_crowd_is_neither_right_nor_wrong)
{
    amct_box objects[] = {{.x0 = 0, .y0 = 0, .x1 = 0.5f, .y1 = 1},
                          {.x0 = 0.5f, .y0 = 0, .x1 = 1, .y1 = 1, .crowd = true}};
    amct_detections found = {.n = 3};
    found.at[0] = (amct_detection){{.x0 = 0.6f, .y0 = 0.1f, .x1 = 0.8f, .y1 = 0.3f}, 0.9f};
    found.at[1] = (amct_detection){{.x0 = 0.7f, .y0 = 0.5f, .x1 = 0.9f, .y1 = 0.9f}, 0.8f};
    found.at[2] = (amct_detection){{.x0 = 0, .y0 = 0, .x1 = 0.5f, .y1 = 1}, 0.7f};
    amct_box_list list = {objects, 2};
    amct_matches m;
    amct_match_objects(&m, &found, &list);
    cr_assert_eq(m.at[0].exempt, 0x3ff);
    cr_assert_eq(m.at[1].exempt, 0x3ff);
    cr_assert_eq(m.at[2].hit, 0x3ff);
    amct_ap ap;
    cr_assert_eq(amct_average_precision(&ap, &m, &m, &list, 1, 1, false, 0, &err), AMCT_OK);
    cr_assert_float_eq(ap.value, 1, 1e-12);
}

Test(measure_average_precision, the_interval_of_a_drop_is_paired)
{
    scene *good = make_scene(7, 0.01f, false), *bad = make_scene(7, 0.01f, false);
    amct_ap same = measure(good, good, false, 0.95);
    cr_assert_eq(same.drop, 0);
    cr_assert_eq(same.drop_interval.lo, 0);
    cr_assert_eq(same.drop_interval.hi, 0);
    cr_assert_lt(same.interval.lo, same.value);
    cr_assert_gt(same.interval.hi, same.value);
    for (int p = 0; p < PICTURES; p += 2) { /* half of the pictures lose their best */
        amct_matches *m = &bad->matches[p];
        if (m->n)
            memmove(m->at, m->at + 1, --m->n * sizeof *m->at);
    }
    amct_ap ap = measure(bad, good, false, 0.95);
    cr_assert_gt(ap.drop, 0);
    cr_assert_float_eq(ap.drop, measure(good, good, false, 0).value - ap.value, 1e-12);
    cr_assert_leq(ap.drop_interval.lo, ap.drop);
    cr_assert_geq(ap.drop_interval.hi, ap.drop);
    double paired = ap.drop_interval.hi - ap.drop_interval.lo;
    cr_assert_lt(paired, ap.interval.hi - ap.interval.lo, "pairing takes out what pictures share");
    amct_ap again = measure(bad, good, false, 0.95);
    cr_assert_eq(memcmp(&ap, &again, sizeof ap), 0);
    amct_ap sure = measure(bad, good, false, 0.5);
    cr_assert_lt(sure.drop_interval.hi - sure.drop_interval.lo, paired);
    free(good);
    free(bad);
}
