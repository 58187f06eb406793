#include "bench/latency/latency_report.h"

#include "base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which points a line of the report is about. */
typedef struct choice {
    const char *words;
    bool newest, doubted, host; /* only the newest; doubted ones too; host programs */
    bool agreed;                /* none that another figure contradicts */
    const char *family;         /* NULL: all */
} choice;

static bool chosen(const latency_fitter *f, const latency_held *held, const choice *c, int chip,
                   uint32_t i)
{
    const latency_point *p = &f->points->points[i];
    return p->chip == chip && !isnan(held->seconds[i]) && !p->left_out && p->host == c->host &&
           (!c->newest || p->newest) && (c->doubted || !p->doubted) &&
           (!c->agreed || !p->contradicted) && (!c->family || strcmp(c->family, p->family) == 0);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct quality {
    uint32_t n;
    double mape, median, bias, inside;
} quality;

static quality quality_of(const latency_fitter *f, const latency_held *held, const choice *c,
                          int chip, double *scratch)
{
    quality q = {0};
    for (uint32_t i = 0; i < f->points->n; i++)
        if (chosen(f, held, c, chip, i)) {
            double ratio = held->seconds[i] / f->points->points[i].seconds;
            scratch[q.n++] = fabs(ratio - 1);
            q.mape += fabs(ratio - 1);
            q.bias += log(ratio);
            q.inside += held->inside[i];
        }
    if (q.n) {
        qsort(scratch, q.n, sizeof *scratch, ascending);
        q.median = scratch[q.n / 2];
        q.mape /= q.n;
        q.bias /= q.n;
        q.inside /= q.n;
    }
    return q;
}

/* Kendall's tau-b of predictions and measurements at one batch; NAN below five points. */
static double tau_at(const latency_fitter *f, const latency_held *held, const choice *c, int chip,
                     int64_t batch)
{
    const latency_point *p = f->points->points;
    double agree = 0, left = 0, right = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->points->n; i++) {
        if (p[i].batch != batch || !chosen(f, held, c, chip, i))
            continue;
        n++;
        for (uint32_t j = 0; j < i; j++) {
            if (p[j].batch != batch || !chosen(f, held, c, chip, j))
                continue;
            double a = p[i].seconds - p[j].seconds, b = held->seconds[i] - held->seconds[j];
            agree += (a > 0) == (b > 0) ? a != 0 && b != 0 : -(a != 0 && b != 0);
            left += a != 0;
            right += b != 0;
        }
    }
    return n < 5 ? NAN : agree / sqrt(left * right);
}

static void print_chip(const latency_fitter *f, const latency_held *held, const choice *c, int chip,
                       double *scratch)
{
    static const int64_t batches[] = {1, 4, 8, 16, 32, 64};
    quality q = quality_of(f, held, c, chip, scratch);
    if (!q.n)
        return;
    printf("%-12s %-30s %4u  %5.1f %%  %5.1f %%  %+.2f  %3.0f %%  ", latency_chips[chip], c->words,
           q.n, 100 * q.mape, 100 * q.median, q.bias, 100 * q.inside);
    for (int i = 0; i < 6; i++) {
        double tau = tau_at(f, held, c, chip, batches[i]);
        if (isnan(tau))
            printf("   - ");
        else
            printf(" %4.2f", tau);
    }
    printf("\n");
}

static void print_families(const latency_fitter *f, const latency_held *held, double *scratch)
{
    const latency_point *p = f->points->points;
    printf("\n%-20s", "family");
    for (int chip = 0; chip < LATENCY_CHIPS; chip++)
        printf("  %-26s", latency_chips[chip]);
    printf("\n");
    for (uint32_t i = 0; i < f->points->n; i++) {
        uint32_t j = 0;
        while (strcmp(p[j].family, p[i].family) != 0)
            j++;
        if (j < i)
            continue;
        printf("%-20s", p[i].family);
        for (int chip = 0; chip < LATENCY_CHIPS; chip++) {
            choice c = {.doubted = true, .family = p[i].family};
            quality q = quality_of(f, held, &c, chip, scratch);
            if (q.n)
                printf("  %4u  %5.1f %%  bias %+.2f ", q.n, 100 * q.mape, q.bias);
            else
                printf("  %-26s", "-");
        }
        printf("\n");
    }
}

typedef struct network {
    const char *file;
    uint32_t n;
    double error, bias, parts[ASCEND_PARTS];
} network;

static int worst_first(const void *a, const void *b)
{
    double x = ((const network *)a)->error, y = ((const network *)b)->error;
    return (x < y) - (x > y);
}

/* By the mean size of the logarithm, which knows no difference between too fast and too slow. */
static void print_worst(const latency_fitter *f, const latency_held *held, network *networks)
{
    static const choice all = {.doubted = true};
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->points->n; i++) {
        const latency_point *p = &f->points->points[i];
        uint32_t at = 0;
        if (!chosen(f, held, &all, p->chip, i))
            continue;
        while (at < n && strcmp(networks[at].file, p->file) != 0)
            at++;
        if (at == n)
            networks[n++] = (network){.file = p->file};
        double e = log(held->seconds[i] / p->seconds);
        networks[at].n++;
        networks[at].error += fabs(e);
        networks[at].bias += e;
        for (int k = 0; k < ASCEND_PARTS; k++)
            networks[at].parts[k] += held->parts[i][k] / held->seconds[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        networks[i].error /= networks[i].n;
        networks[i].bias /= networks[i].n;
    }
    qsort(networks, n, sizeof *networks, worst_first);
    printf("\nworst networks (all chips)                      points  |ln|  bias  parts: ");
    for (int k = 0; k < ASCEND_PARTS; k++)
        printf(" %s", ascend_part_names[k]);
    printf("\n");
    for (uint32_t i = 0; i < n && i < 10; i++) {
        printf("%-47s %6u  %.2f  %+.2f        ", networks[i].file, networks[i].n, networks[i].error,
               networks[i].bias);
        for (int k = 0; k < ASCEND_PARTS; k++)
            printf(" %.2f", networks[i].parts[k] / networks[i].n);
        printf("\n");
    }
}

static void print_unknown(const latency_fitter *f)
{
    const latency_samples *s = f->samples;
    for (uint32_t i = 0; i < s->n_samples; i++)
        if (!s->samples[i].known && (i == 0 || strcmp(s->samples[i].file, s->samples[i - 1].file)))
            printf("not predicted: %s: %s\n", s->samples[i].file, s->samples[i].why);
}

/* Half width of the band of a difference, as amct_latency_paired_ns has it. */
static double paired_width(const double *a, const double *b, const latency_bands *bands, int chip)
{
    double sum = 0;
    for (int k = 0; k < ASCEND_PARTS; k++) {
        double w = bands->band[chip] * bands->spread[k] * (b[k] - a[k]);
        sum += w * w;
    }
    return sqrt(sum);
}

/* Bands of differences, on pairs of networks of one family that were measured at the same batch:
 * the nearest that published figures come to two candidates of one network, though compiled by
 * others. */
static void print_paired(const latency_fitter *f, const latency_held *held,
                         const latency_bands *bands)
{
    static const choice all = {.doubted = false};
    const latency_point *p = f->points->points;
    uint32_t n = 0, inside = 0, ordered = 0, told = 0;
    double narrow = 0;
    for (uint32_t i = 0; i < f->points->n; i++)
        for (uint32_t j = 0; j < i; j++) {
            double a = held->seconds[i], b = held->seconds[j];
            if (p[i].chip != p[j].chip || p[i].batch != p[j].batch ||
                strcmp(p[i].family, p[j].family) != 0 || strcmp(p[i].file, p[j].file) == 0 ||
                !chosen(f, held, &all, p[i].chip, i) || !chosen(f, held, &all, p[j].chip, j) ||
                a > 2 * b || b > 2 * a)
                continue;
            double w = paired_width(held->parts[i], held->parts[j], bands, p[i].chip);
            double off = fabs((a - b) - (p[i].seconds - p[j].seconds));
            n++;
            inside += off <= w;
            narrow += w / fmax(a, b);
            if (fabs(a - b) > w) {
                told++;
                ordered += (a > b) == (p[i].seconds > p[j].seconds);
            }
        }
    printf(
        "\ndifferences, %u pairs of one family within a factor of 2: %.0f %% within the band of "
        "the difference (mean half width %.0f %% of the slower); of %u told apart %.0f %% are in "
        "that order\n",
        n, n ? 100.0 * inside / n : 0, n ? 100 * narrow / n : 0, told,
        told ? 100.0 * ordered / told : 0);
}

void latency_report_print(const latency_fitter *f, const latency_held *held,
                          const latency_bands *bands)
{
    static const choice choices[] = {
        {.words = "all", .doubted = true},
        {.words = "not contradicted", .doubted = true, .agreed = true},
        {.words = "bases agree", .doubted = false},
        {.words = "newest, bases agree", .newest = true},
        {.words = "host programs", .doubted = true, .host = true},
    };
    double *scratch = calloc(f->points->n + (size_t)1, sizeof *scratch);
    network *networks = calloc(f->points->n + (size_t)1, sizeof *networks);
    if (scratch && networks) {
        printf("%u measurements, %u graphs at their batches, %u kernels\n", f->points->n,
               f->samples->n_samples, f->samples->n_kernels);
        print_unknown(f);
        printf("\n%-43s %4s  %7s  %7s  %5s  %5s   Kendall's tau at batch 1, 4, 8, 16, 32, 64\n",
               "networks outside of the fit", "n", "MAPE", "median", "bias", "band");
        for (int chip = 0; chip < LATENCY_CHIPS; chip++)
            for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
                print_chip(f, held, &choices[i], chip, scratch);
        print_families(f, held, scratch);
        print_worst(f, held, networks);
        printf("\n90 %% bands:");
        for (int k = 0; k < ASCEND_PARTS; k++)
            printf(" %s %.2f", ascend_part_names[k], bands->spread[k]);
        for (int chip = 0; chip < LATENCY_CHIPS; chip++)
            printf("; %s times %.2f", latency_chips[chip], bands->band[chip]);
        printf("; unmeasured chips %.2f\n", bands->unmeasured);
        print_paired(f, held, bands);
    }
    free(scratch);
    free(networks);
}

/* ---- The file ------------------------------------------------------------------------------ */

static void put_numbers(FILE *out, const ascend_number *numbers, const void *of, const char *indent)
{
    for (const ascend_number *n = numbers; n->name; n++)
        fprintf(out, "%s%s: %.4g\n", indent, n->name,
                *(const double *)(const void *)((const char *)of + n->offset));
}

amct_status latency_report_write(const char *path, const latency_fitter *f,
                                 const latency_params *params, const latency_bands *bands,
                                 amct_err *err)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return amct_fail_nomem(err);
    fprintf(
        out,
        "# Written by bench/latency/fit from %u published FP16 measurements; see docs/latency.md.\n"
        "# What the numbers mean is said in ascend_fit.h.\n",
        f->points->n);
    fprintf(out, "constants:\n");
    put_numbers(out, ascend_constant_numbers, &params->constants, "  ");
    fprintf(out, "chips:\n");
    for (int chip = 0; chip < LATENCY_CHIPS; chip++) {
        ascend_tuning tuning = params->tunings[chip];
        tuning.band = bands->band[chip];
        fprintf(out, "  %s:\n", latency_chips[chip]);
        put_numbers(out, ascend_tuning_numbers, &tuning, "    ");
    }
    fprintf(
        out,
        "# Of each part of a latency, relative to it; times the chip's band: 90 %%.\nspread:\n");
    for (int k = 0; k < ASCEND_PARTS; k++)
        fprintf(out, "  %s: %.4g\n", ascend_part_names[k], bands->spread[k]);
    fprintf(out, "# How much wider where no measurement is of the chip.\nunmeasured: %.4g\n",
            bands->unmeasured);
    amct_status status = AMCT_OK;
    if (fclose(out) != 0)
        status = amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_file_write(path, text, size, err);
    free(text);
    return status;
}
