#include "report/study_report.h"

#include "base/file.h"
#include "base/grow.h"
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct points {
    amct_report_point *at;
    size_t n, capacity;
    double samples; /* of a full measurement */
    bool cosine;
} points;

static amct_status add_point(void *ctx, const amct_study_candidate *c, amct_err *err)
{
    points *p = ctx;
    AMCT_TRY(amct_grow(&p->at, p->n, &p->capacity, sizeof *p->at, err));
    const amct_study_score *s = c->failed || !c->n_scores ? NULL : &c->scores[c->n_scores - 1];
    double drop = NAN;
    if (s && s->n)
        drop = (p->cosine ? s->loss_sum : (double)s->lost - s->gained) / s->n;
    p->at[p->n++] = (amct_report_point){.number = c->number,
                                        .latency_ms = c->cost_ns / 1e6,
                                        .drop = drop,
                                        .samples = s ? s->n : 0,
                                        .complete = s && s->n == p->samples,
                                        .probe = c->probe,
                                        .refined = c->refined};
    return AMCT_OK;
}

amct_status amct_report_write(const char *folder, const cJSON *result, amct_study *study,
                              amct_err *err)
{
    const char *metric = amct_json_get_text(result, "metric");
    const cJSON *samples = amct_json_get_object(result, "samples");
    points p = {.samples = amct_json_get_number(samples, "search"),
                .cosine = metric && strcmp(metric, "cosine") == 0};
    char *html = NULL, *path = amct_path_join(folder, "report.html");
    amct_status status = path ? amct_study_each(study, add_point, &p, err) : amct_fail_nomem(err);
    if (status == AMCT_OK && amct_report_html(&html, result, p.at, p.n, err) != AMCT_OK)
        status = amct_fail_in(err, "%s/result.json", folder);
    if (status == AMCT_OK)
        status = amct_file_write(path, html, strlen(html), err);
    free(html);
    free(path);
    free(p.at);
    return status;
}
