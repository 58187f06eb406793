#include "measure/profile.h"

#include "base/csv.h"
#include "base/grow.h"
#include "base/utf8.h"
#include "measure/profile_files.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_GROUPS = 256 };
#define LONGEST_US 3600e6 /* of a kernel, an hour: more is no time but a mistake */
#define MOST_RUNS  1e9

/* ---- Rows -------------------------------------------------------------------------------------
 */

/* One run of an operator. */
typedef struct row {
    const char *name, *type, *shapes, *formats;
    const char *run; /* see amct_profile_file; the same pointer for the files of one folder */
    uint32_t group;
    double start, us, wait; /* NAN: not told */
} row;

/* The rows of one model on one device. */
typedef struct group {
    const char *device, *model;
    const char *run;        /* of its first row */
    uint32_t rows, fitting; /* fitting: of operators of the network */
} group;

typedef struct rows {
    amct_arena *arena;
    row *at;
    size_t n, cap;
    group groups[MAX_GROUPS];
    uint32_t n_groups;
} rows;

static const char *field(const amct_csv *csv, uint32_t r, int32_t column)
{
    return column < 0 ? "" : csv->fields[(size_t)r * csv->n_columns + (uint32_t)column];
}

/* A decimal number up to `most`, which is `what`; NAN for N/A and nothing; some versions put a tab
 * behind it. */
static amct_status read_number(double *out, const amct_csv *csv, uint32_t r, int32_t column,
                               double most, const char *what, amct_err *err)
{
    const char *text = field(csv, r, column);
    char shown[AMCT_CLIPPED], *end;
    *out = NAN;
    if (!text[0] || strcasecmp(text, "N/A") == 0)
        return AMCT_OK;
    double number = strtod(text, &end);
    bool decimal = text[strspn(text, "0123456789.eE+-")] == 0; /* not 0x10, nan, inf */
    if (end == text || *end || !decimal || !(number >= 0 && number <= most))
        return amct_fail(err, AMCT_E_FORMAT, "%s: line %u: '%s' is '%s', %s was wanted", csv->path,
                         csv->lines[r], csv->names[column],
                         amct_utf8_show(text, shown, sizeof shown), what);
    *out = number;
    return AMCT_OK;
}

static amct_status find_group(uint32_t *out, rows *all, const char *device, const char *model,
                              const char *path, amct_err *err)
{
    for (uint32_t g = 0; g < all->n_groups; g++)
        if (strcmp(all->groups[g].device, device) == 0 &&
            strcmp(all->groups[g].model, model) == 0) {
            *out = g;
            return AMCT_OK;
        }
    if (all->n_groups == MAX_GROUPS)
        return amct_fail(err, AMCT_E_LIMIT, "%s: more than %d devices and models", path,
                         MAX_GROUPS);
    all->groups[all->n_groups] = (group){.device = device, .model = model};
    *out = all->n_groups++;
    return AMCT_OK;
}

static amct_status add_row(rows *all, const row *one, amct_err *err)
{
    AMCT_TRY(amct_grow(&all->at, all->n, &all->cap, sizeof *all->at, err));
    all->at[all->n++] = *one;
    return AMCT_OK;
}

/* A column that is looked for. */
typedef struct wanted {
    const char *name;
    int32_t *at; /* -1: there is none */
    bool needed;
} wanted;

static amct_status find_columns(const amct_csv *csv, const wanted *columns, size_t n, amct_err *err)
{
    for (size_t i = 0; i < n; i++) {
        AMCT_TRY(amct_csv_column(columns[i].at, csv, columns[i].name, err));
        if (*columns[i].at < 0 && columns[i].needed)
            return amct_fail(err, AMCT_E_FORMAT, "%s: line 1 has no column '%s'", csv->path,
                             columns[i].name);
    }
    return csv->n_rows ? AMCT_OK
                       : amct_fail(err, AMCT_E_INVALID,
                                   "%s: has nothing below its line of names: was the model run?",
                                   csv->path);
}

static bool is_told(const char *text)
{
    return text[0] && strcasecmp(text, "N/A") != 0;
}

static amct_status read_summary(rows *all, const amct_profile_file *file, amct_err *err)
{
    amct_csv csv;
    int32_t name, us, type, device, start, wait, model, id, shapes, formats;
    const wanted columns[] = {
        {"Op Name", &name, true},           {"Task Duration(us)", &us, true},
        {"OP Type", &type, false},          {"Device id", &device, false},
        {"Task Start Time", &start, false}, {"Task Wait Time", &wait, false},
        {"Model Name", &model, false},      {"Model ID", &id, false},
        {"Input Shapes", &shapes, false},   {"Input Formats", &formats, false},
    };
    AMCT_TRY(amct_csv_read(&csv, all->arena, file->path, err));
    AMCT_TRY(find_columns(&csv, columns, sizeof columns / sizeof *columns, err));
    for (uint32_t r = 0; r < csv.n_rows; r++) {
        row one = {.name = field(&csv, r, name),
                   .type = field(&csv, r, type),
                   .shapes = field(&csv, r, shapes),
                   .formats = field(&csv, r, formats),
                   .run = file->run};
        const char *which = field(&csv, r, model), *where = field(&csv, r, device);
        AMCT_TRY(read_number(&one.us, &csv, r, us, LONGEST_US, "a time below an hour", err));
        AMCT_TRY(read_number(&one.start, &csv, r, start, DBL_MAX, "a time", err));
        AMCT_TRY(read_number(&one.wait, &csv, r, wait, LONGEST_US, "a time below an hour", err));
        if (!is_told(one.name))
            continue; /* a task that is no operator */
        AMCT_TRY(find_group(&one.group, all, is_told(where) ? where : file->device,
                            is_told(which) ? which : field(&csv, r, id), file->path, err));
        AMCT_TRY(add_row(all, &one, err));
    }
    return AMCT_OK;
}

/* ---- Operators --------------------------------------------------------------------------------
 */

static int by_name_and_start(const void *a, const void *b)
{
    const row *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order)
        return order;
    double s = isnan(x->start) ? 0 : x->start, t = isnan(y->start) ? 0 : y->start;
    return (s > t) - (s < t);
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *numbers, uint32_t n)
{
    if (!n)
        return 0;
    qsort(numbers, n, sizeof *numbers, by_number);
    return n % 2 ? numbers[n / 2] : (numbers[n / 2 - 1] + numbers[n / 2]) / 2;
}

/* The rows of one name, an iteration each. The first operator of an iteration waits for the host to
 * begin it, which is no time of the network. */
static amct_profile_op summarise(const row *begin, size_t n, const char *first, double *numbers)
{
    amct_profile_op op = {.name = begin->name,
                          .type = begin->type,
                          .shapes = begin->shapes,
                          .formats = begin->formats};
    uint32_t waits = 0;
    for (size_t i = 0; i < n; i++)
        if (begin[i].us > 0)
            numbers[op.runs++] = begin[i].us * 1e3;
    op.ns = median(numbers, op.runs);
    for (size_t i = 0; i < n && strcmp(begin->name, first) != 0; i++)
        if (!isnan(begin[i].wait))
            numbers[waits++] = begin[i].wait * 1e3;
    op.wait_ns = median(numbers, waits);
    return op;
}

static uint32_t choose_group(const rows *all)
{
    uint32_t best = 0;
    for (uint32_t g = 1; g < all->n_groups; g++)
        if (all->groups[g].fitting > all->groups[best].fitting)
            best = g;
    return best;
}

static amct_status refuse_runs(const char *a, const char *b, amct_err *err)
{
    return amct_fail(err, AMCT_E_INVALID,
                     "%s and %s are of two runs of this network: give the folder of one of them", a,
                     b);
}

/* Whether the rows, which are those of the chosen group by name, hold a name of two runs, or
 * another run has a group of the network. */
static amct_status check_runs(const rows *all, uint32_t chosen, const row *sorted, size_t n,
                              amct_err *err)
{
    for (size_t i = 1; i < n; i++)
        if (sorted[i].run != sorted[i - 1].run && strcmp(sorted[i].name, sorted[i - 1].name) == 0)
            return refuse_runs(sorted[i - 1].run, sorted[i].run, err);
    for (uint32_t g = 0; g < all->n_groups; g++) {
        const group *other = &all->groups[g];
        bool fine = g == chosen || 2 * (uint64_t)other->fitting < other->rows;
        for (size_t i = 0; i < n && !fine; i++)
            fine = sorted[i].run == other->run;
        if (!fine)
            return refuse_runs(all->groups[chosen].run, other->run, err);
    }
    return AMCT_OK;
}

static const char *describe(amct_arena *arena, const rows *all, uint32_t g)
{
    const group *at = &all->groups[g];
    char device[AMCT_CLIPPED], model[AMCT_CLIPPED], among[64] = "";
    amct_utf8_show(at->device, device, sizeof device);
    amct_utf8_show(at->model, model, sizeof model);
    if (all->n_groups > 1)
        snprintf(among, sizeof among, ", of %u in the files", all->n_groups);
    if (device[0] && model[0])
        return amct_arena_printf(arena, "device %s, model %s%s", device, model, among);
    return device[0]  ? amct_arena_printf(arena, "device %s%s", device, among)
           : model[0] ? amct_arena_printf(arena, "model %s%s", model, among)
                      : amct_arena_printf(arena, "one model%s", among);
}

static amct_status make_ops(amct_profile *p, rows *all, amct_err *err)
{
    uint32_t chosen = choose_group(all);
    const char *first = "";
    double start = INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (all->at[i].group != chosen)
            continue;
        all->at[n++] = all->at[i];
        if (all->at[n - 1].start < start) {
            start = all->at[n - 1].start;
            first = all->at[n - 1].name;
        }
    }
    if (n)
        qsort(all->at, n, sizeof *all->at, by_name_and_start);
    AMCT_TRY(check_runs(all, chosen, all->at, n, err));
    double *numbers = malloc((n + 1) * sizeof *numbers);
    p->ops = amct_arena_array(p->arena, n + 1, sizeof *p->ops);
    p->what = n ? describe(p->arena, all, chosen) : "";
    if (!numbers || !p->ops || !p->what) {
        free(numbers);
        return amct_fail_nomem(err);
    }
    for (size_t i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && strcmp(all->at[i].name, all->at[i + same].name) == 0;)
            same++;
        amct_profile_op op = summarise(&all->at[i], same, first, numbers);
        if (op.runs)
            p->ops[p->n_ops++] = op;
        else
            p->untimed++;
    }
    free(numbers);
    return AMCT_OK;
}

/* ---- Fusions and types ------------------------------------------------------------------------
 */

static int op_by_name(const void *key, const void *op)
{
    return strcmp(key, ((const amct_profile_op *)op)->name);
}

/* "a;b" or "a,b": the names of what was fused. */
static amct_status split_names(amct_profile *p, amct_profile_op *op, const char *list,
                               amct_err *err)
{
    char *text = amct_arena_string(p->arena, list), *rest = NULL;
    const char **names = amct_arena_array(p->arena, strlen(list) / 2 + 1, sizeof *names);
    if (!text || !names)
        return amct_fail_nomem(err);
    for (char *one = strtok_r(text, ";, \t", &rest); one; one = strtok_r(NULL, ";, \t", &rest))
        names[op->n_originals++] = one;
    op->originals = names;
    return AMCT_OK;
}

static amct_status read_fusions(amct_profile *p, const char *path, amct_err *err)
{
    amct_csv csv;
    int32_t name, from;
    const wanted columns[] = {{"Fusion Op", &name, true}, {"Original Ops", &from, true}};
    AMCT_TRY(amct_csv_read(&csv, p->arena, path, err));
    AMCT_TRY(find_columns(&csv, columns, sizeof columns / sizeof *columns, err));
    for (uint32_t r = 0; r < csv.n_rows; r++) {
        amct_profile_op *op =
            bsearch(field(&csv, r, name), p->ops, p->n_ops, sizeof *p->ops, op_by_name);
        const char *list = field(&csv, r, from);
        if (op && !op->originals && is_told(list))
            AMCT_TRY(split_names(p, op, list, err));
    }
    return AMCT_OK;
}

/* Total times of types of operators; Count tells how often in all. */
static amct_status read_statistic(amct_profile *p, const char *path, amct_err *err)
{
    amct_csv csv;
    double total, count;
    int32_t type, us, runs;
    const wanted columns[] = {
        {"OP Type", &type, true}, {"Total Time(us)", &us, true}, {"Count", &runs, true}};
    AMCT_TRY(amct_csv_read(&csv, p->arena, path, err));
    AMCT_TRY(find_columns(&csv, columns, sizeof columns / sizeof *columns, err));
    amct_profile_op *ops = amct_arena_array(p->arena, p->n_ops + (size_t)csv.n_rows, sizeof *ops);
    if (!ops)
        return amct_fail_nomem(err);
    if (p->n_ops)
        memcpy(ops, p->ops, p->n_ops * sizeof *ops);
    p->ops = ops;
    p->by_type = true;
    p->what = "types of operators";
    for (uint32_t r = 0; r < csv.n_rows; r++) {
        AMCT_TRY(read_number(&count, &csv, r, runs, MOST_RUNS, "a number of runs", err));
        AMCT_TRY(read_number(&total, &csv, r, us, LONGEST_US * fmax(1, count),
                             "a time below an hour a run", err));
        const char *name = field(&csv, r, type);
        if (is_told(name) && total > 0 && count >= 1)
            ops[p->n_ops++] = (amct_profile_op){.name = name,
                                                .type = name,
                                                .shapes = "",
                                                .formats = "",
                                                .ns = total * 1e3,
                                                .runs = (uint32_t)count};
        else
            p->untimed++;
    }
    return AMCT_OK;
}

static amct_status read_files(amct_profile *p, const amct_profile_files *f, rows *all,
                              bool (*fits)(const void *ctx, const char *name), const void *ctx,
                              amct_err *err)
{
    for (uint32_t i = 0; !f->summaries.n && i < f->statistics.n; i++) {
        if (f->statistics.at[i].run != f->statistics.at[0].run)
            return refuse_runs(f->statistics.at[0].run, f->statistics.at[i].run, err);
        AMCT_TRY(read_statistic(p, f->statistics.at[i].path, err));
    }
    if (p->by_type)
        return AMCT_OK;
    for (uint32_t i = 0; i < f->summaries.n; i++)
        AMCT_TRY(read_summary(all, &f->summaries.at[i], err));
    for (size_t i = 0; i < all->n; i++) {
        group *g = &all->groups[all->at[i].group];
        g->run = g->rows++ ? g->run : all->at[i].run;
        g->fitting += fits(ctx, all->at[i].name);
    }
    AMCT_TRY(make_ops(p, all, err));
    for (uint32_t i = 0; i < f->fusions.n; i++)
        AMCT_TRY(read_fusions(p, f->fusions.at[i].path, err));
    return AMCT_OK;
}

amct_status amct_profile_read(amct_profile *out, const char *folder,
                              bool (*fits)(const void *ctx, const char *name), const void *ctx,
                              amct_err *err)
{
    amct_profile p = {.arena = amct_arena_new()};
    amct_profile_files *f = calloc(1, sizeof *f);
    rows *all = calloc(1, sizeof *all);
    amct_status status = p.arena && f && all ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        all->arena = p.arena;
        p.folder = amct_arena_string(p.arena, folder);
        status = p.folder ? amct_profile_find(f, p.arena, folder, err) : amct_fail_nomem(err);
    }
    if (status == AMCT_OK)
        status = read_files(&p, f, all, fits, ctx, err);
    if (status == AMCT_OK && !p.n_ops)
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s: no operator of the profile has a time (%u operators without)",
                           folder, p.untimed);
    if (all)
        free(all->at);
    free(all);
    free(f);
    if (status != AMCT_OK)
        amct_profile_free(&p);
    else
        *out = p;
    return status;
}

void amct_profile_free(amct_profile *profile)
{
    amct_arena_free(profile->arena);
    *profile = (amct_profile){0};
}
