/*
 * page.h - the parts of report.html, one file each. A part writes itself to page->out; failures to
 * write stay in its error flag.
 */
#ifndef AMCT_REPORT_PAGE_H
#define AMCT_REPORT_PAGE_H

#include "report/report.h"

#include <stdio.h>

typedef struct amct_page {
    FILE *out;
    bool *failed; /* to be set when memory runs out */
    const cJSON *result;
    const cJSON *baseline, *best; /* objects of it; NULL: missing */
    const amct_report_point *points;
    size_t n;
    double budget;                        /* the greatest allowed drop */
    double original_ms, best_ms, speedup; /* NAN: not known */
    double best_drop, best_drop_lo, best_drop_hi;
    /* How accuracies are shown: times factor, with their units behind. */
    const char *metric, *value_unit, *drop_unit;
    double factor;
    int decimals;
    int ms_decimals;
} amct_page;

/* Verdict, accuracy, latency, size, and what the search was. */
void amct_page_head(const amct_page *page);
/* Drop against latency of every candidate. */
void amct_page_scatter(const amct_page *page);
/* The best latency over the evaluations. */
void amct_page_convergence(const amct_page *page);
/* Bits, channels and ranks of each layer, as a picture. */
void amct_page_picture(const amct_page *page);
/* Latency per layer, before and after, as bars. */
void amct_page_bars(const amct_page *page);
/* The same and more as a table; layers without a choice; other points of the front. */
void amct_page_layers(const amct_page *page);
void amct_page_skipped(const amct_page *page);
void amct_page_front(const amct_page *page);
/* Files, versions, settings, commands, exit status. */
void amct_page_run(const amct_page *page);

/* ---- Shared by the parts -------------------------------------------------------------------- */

/* The original's value, or the best's: "85.2 %". */
void amct_page_value(const amct_page *page, double value);
/* "0.40 pp". */
void amct_page_drop(const amct_page *page, double drop);
/* "0.331 ms". */
void amct_page_ms(const amct_page *page, double ms);
/* "1.85\u00d7", as of the best. */
void amct_page_speedup(const amct_page *page);
/* "Ascend310P3, batch 16". */
void amct_page_target(const amct_page *page);

/* Digits that the longest "name" of the items is wide, as far as it is no outlier. */
int amct_page_name_width(const cJSON *items);

extern const char amct_page_style[], amct_page_script[];

#endif
