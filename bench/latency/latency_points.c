#include "bench/latency/latency_points.h"

#include "base/number.h"
#include "bench/latency/latency_table.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const latency_chips[LATENCY_CHIPS] = {"Ascend310P3", "Ascend310", "Ascend310B1"};

/* Chips of the table by their labels; 310B is the 310B1 of another product. */
static const struct {
    const char *label;
    int chip;
} labels[] = {{"310P3", 0}, {"310", 1}, {"310B1", 2}, {"310B", 2}};

/* First match wins. */
static const struct {
    const char *pattern, *family;
} families[] = {
    {"*bert*", "language"},
    {"ernie*", "language"},
    {"swin*", "windowed vision"},
    {"vit*", "vision transformer"},
    {"deit*", "vision transformer"},
    {"beit*", "vision transformer"},
    {"mae*", "vision transformer"},
    {"wav2vec*", "sequence"},
    {"crnn*", "sequence"},
    {"yolo*", "yolo"},
    {"ssd*", "detection, pose"},
    {"efficientdet*", "detection, pose"},
    {"faceboxes*", "detection, pose"},
    {"craft*", "detection, pose"},
    {"ufld*", "detection, pose"},
    {"superpoint*", "detection, pose"},
    {"hrnet*", "detection, pose"},
    {"efficientnet*", "gated, SiLU"},
    {"mobilenet_v3*", "gated, SiLU"},
    {"se_res*", "gated, SiLU"},
    {"pplcnet*", "gated, SiLU"},
    {"tresnet*", "gated, SiLU"},
    {"van", "gated, SiLU"},
    {"convmixer*", "gated, SiLU"},
    {"scnet*", "gated, SiLU"},
    {"*mobilenet*", "small"},
    {"mnasnet*", "small"},
    {"shufflenet*", "small"},
    {"squeezenet*", "small"},
    {"srcnn*", "image to image"},
    {"edsr*", "image to image"},
    {"rcan*", "image to image"},
    {"rdn*", "image to image"},
    {"real_esrgan*", "image to image"},
    {"cyclegan*", "image to image"},
    {"pix2pix*", "image to image"},
    {"stargan*", "image to image"},
    {"u2net*", "image to image"},
    {"unetpp*", "image to image"},
    {"erfnet*", "image to image"},
    {"c3d*", "three dims"},
    {"vnet*", "three dims"},
    {"res2net*", "classic"},
    {"*reid*", "re-identification"},
    {"vgg*", "classic"},
    {"alexnet*", "classic"},
    {"googlenet*", "classic"},
    {"inception*", "classic"},
    {"densenet*", "classic"},
    {"nasnet*", "classic"},
    {"*", "residual"},
};

/* Graphs that are the same network at another size, or with another last layer. */
static const struct {
    const char *pattern, *architecture;
} architectures[] = {
    {"albert*", "albert"},         {"inception_v3*", "inception_v3"},
    {"swin_large*", "swin_large"}, {"efficientdet*", "efficientdet"},
    {"*reid*", "reid resnet50"},   {"resnet50", "resnet50"},
    {"resnet50_dino", "resnet50"}, {"resnet50_mocov2*", "resnet50"},
    {"deepmar*", "resnet50"},      {"fixres*", "resnet50"},
    {"tsn*", "resnet50"},          {"crnn*", "crnn"},
};

static const char *family_of(const char *model)
{
    size_t i = 0;
    while (fnmatch(families[i].pattern, model, 0) != 0)
        i++;
    return families[i].family;
}

static const char *architecture_of(const char *model)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        if (fnmatch(architectures[i].pattern, model, 0) == 0)
            return architectures[i].architecture;
    return model;
}

static int chip_of(const char *label)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcmp(labels[i].label, label) == 0)
            return labels[i].chip;
    return -1;
}

typedef struct columns {
    uint32_t model, shape, batch, chip, precision, metric, value, per, notes, framework;
} columns;

static amct_status find_columns(columns *out, const latency_table *t, amct_err *err)
{
    const struct {
        const char *name;
        uint32_t *out;
    } all[] = {{"model", &out->model},         {"input_shape", &out->shape},
               {"batch", &out->batch},         {"chip", &out->chip},
               {"precision", &out->precision}, {"metric", &out->metric},
               {"value", &out->value},         {"per_card_or_core", &out->per},
               {"notes", &out->notes},         {"framework", &out->framework}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        AMCT_TRY(latency_table_column(all[i].out, t, all[i].name, err));
    return AMCT_OK;
}

static const char *graph_of(const latency_table *index, const char *model, const char *shape)
{
    for (uint32_t i = 1; i < index->n_rows; i++)
        if (strcmp(index->rows[i][1], model) == 0 && strcmp(index->rows[i][2], shape) == 0)
            return index->rows[i][0];
    return NULL;
}

static amct_status seconds_of(double *out, char *const *row, const columns *c, int64_t batch,
                              amct_err *err)
{
    double value;
    AMCT_TRY(amct_parse_number(&value, row[c->value], err));
    if (value <= 0)
        return amct_fail(err, AMCT_E_INVALID, "a value of %g", value);
    if (strcmp(row[c->per], "card4") == 0)
        value /= 4;
    *out = strcmp(row[c->metric], "fps") == 0 ? (double)batch / value : value * 1e-3;
    return AMCT_OK;
}

/* "README date 2024-11-26" in the notes; "" if it is not told. */
static const char *date_of(const char *notes)
{
    const char *at = strstr(notes, "README date ");
    return at ? at + strlen("README date ") : "";
}

static void mark_newest(latency_points *p, const char *const *notes)
{
    for (uint32_t i = 0; i < p->n; i++) {
        p->points[i].newest = true;
        for (uint32_t j = 0; j < p->n; j++) {
            const latency_point *a = &p->points[i], *b = &p->points[j];
            if (i == j || a->chip != b->chip || a->batch != b->batch || a->host != b->host ||
                strcmp(a->file, b->file) != 0)
                continue;
            int later = strncmp(date_of(notes[j]), date_of(notes[i]), 10);
            if (later > 0 || (later == 0 && j > i))
                p->points[i].newest = false;
        }
    }
}

/* 69.5 against 11.1 TFLOPS; memory and L2 differ by less. With a quarter for the compiler. */
static void mark_doubted(latency_points *p)
{
    const double most = 1.25 * 69.5 / 11.1;
    for (uint32_t i = 0; i < p->n; i++)
        for (uint32_t j = 0; j < p->n; j++) {
            latency_point *a = &p->points[i];
            const latency_point *b = &p->points[j];
            if (a->chip == 1 && b->chip == 0 && b->newest && a->batch == b->batch &&
                strcmp(a->file, b->file) == 0 && a->seconds > most * b->seconds)
                a->doubted = true;
        }
}

static void mark_contradicted(latency_points *p)
{
    const double most = 1.5;
    for (uint32_t i = 0; i < p->n; i++)
        for (uint32_t j = 0; j < p->n; j++) {
            latency_point *a = &p->points[i];
            const latency_point *b = &p->points[j];
            bool far = a->seconds > most * b->seconds || b->seconds > most * a->seconds;
            if (far && a->chip == b->chip && a->batch == b->batch && a->host == b->host &&
                strcmp(a->architecture, b->architecture) == 0 && strcmp(a->shape, b->shape) == 0)
                a->contradicted = true;
        }
}

static amct_status read_row(latency_point *out, bool *used, char *const *row, const columns *c,
                            const latency_table *index, const char *precision, amct_err *err)
{
    latency_point p = {.model = row[c->model],
                       .file = graph_of(index, row[c->model], row[c->shape]),
                       .chip = chip_of(row[c->chip])};
    *used = p.file && p.chip >= 0 && strcmp(row[c->precision], precision) == 0;
    if (!*used)
        return AMCT_OK;
    AMCT_TRY(amct_parse_integer(&p.batch, row[c->batch], 1, 1 << 20, err));
    AMCT_TRY(seconds_of(&p.seconds, row, c, p.batch, err));
    p.family = family_of(p.model);
    p.architecture = architecture_of(p.model);
    p.shape = row[c->shape];
    p.aipp = strstr(row[c->notes], "AIPP") != NULL;
    p.host = strstr(row[c->framework], "Paddle") != NULL;
    p.remade = strstr(row[c->notes], "MLPerf") != NULL;
    p.left_out = strncmp(p.model, "repvgg", 6) == 0;
    *out = p;
    return AMCT_OK;
}

amct_status latency_points_read(latency_points *out, amct_arena *arena, const char *folder,
                                const char *csv, const char *precision, amct_err *err)
{
    latency_table index, table;
    columns c;
    char path[4096];
    latency_points p = {0};
    snprintf(path, sizeof path, "%s/index.tsv", folder);
    AMCT_TRY(latency_table_read(&index, arena, path, '\t', err));
    AMCT_TRY(latency_table_read(&table, arena, csv, ',', err));
    if (find_columns(&c, &table, err) != AMCT_OK)
        return amct_fail_in(err, "%s", csv);
    p.points = amct_arena_array(arena, table.n_rows + 1, sizeof *p.points);
    const char **notes = amct_arena_array(arena, table.n_rows + 1, sizeof *notes);
    if (!p.points || !notes)
        return amct_fail_nomem(err);
    for (uint32_t i = 1; i < table.n_rows; i++) {
        bool used;
        if (read_row(&p.points[p.n], &used, table.rows[i], &c, &index, precision, err) != AMCT_OK)
            return amct_fail_in(err, "%s:%u", csv, i + 1);
        notes[p.n] = table.rows[i][c.notes];
        p.n += used;
    }
    mark_newest(&p, notes);
    mark_doubted(&p);
    mark_contradicted(&p);
    *out = p;
    return AMCT_OK;
}
