/* The search file that says what a configuration says. */
#include "base/number.h"
#include "base/utf8.h"
#include "data/split.h"
#include "tune/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A YAML scalar in double quotes. */
static void quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (size_t n; *text; text += n ? n : 1) {
        uint32_t code;
        n = amct_utf8_next(&code, text);
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if (n && !amct_utf8_is_shown(code))
            fprintf(out, "\\U%08x", code);
        else
            fwrite(text, 1, n ? n : 1, out);
    }
    fputc('"', out);
}

/* "  key: value   # comment" */
static void line(FILE *out, const char *key, const char *comment, const char *fmt, ...)
    AMCT_PRINTF(4, 5);
static void line(FILE *out, const char *key, const char *comment, const char *fmt, ...)
{
    enum { COLUMN = 36 };
    va_list args;
    int used = fprintf(out, "%s: ", key);
    va_start(args, fmt);
    used += vfprintf(out, fmt, args);
    va_end(args);
    fprintf(out, "%*s# %s\n", used < COLUMN ? COLUMN - used : 1, "", comment);
}

static void path_line(FILE *out, const char *key, const char *path, const char *fallback)
{
    fprintf(out, "%s: ", key);
    quoted(out, path ? path : fallback);
    fputc('\n', out);
}

static const char *count_text(uint32_t count, char *text, size_t size)
{
    if (count == AMCT_SPLIT_REST)
        return "rest";
    if (count == AMCT_SPLIT_DEFAULT)
        return "~";
    snprintf(text, size, "%u", count);
    return text;
}

static void print_preprocess(FILE *out, const amct_preprocess *p)
{
    static const char *const colors[] = {"~", "RGB", "BGR", "GRAY"};
    static const char *const layouts[] = {"~", "NCHW", "NHWC"};
    char text[AMCT_NUMBER_TEXT];
    fprintf(out, "  preprocess:                       # pixels become (v * scale - mean) / std\n");
    if (p->resize == AMCT_RESIZE_TO)
        line(out, "    resize", "height x width", "%ux%u", p->resize_height, p->resize_width);
    else if (p->resize == AMCT_RESIZE_SHORT)
        line(out, "    resize", "the short side", "%u", p->resize_height);
    else
        line(out, "    resize", "short side, or HxW; 0: none; ~: 256/224 of the input", "%s",
             p->resize == AMCT_RESIZE_NONE ? "0" : "~");
    if (p->crop_height)
        line(out, "    crop", "at the centre", "%ux%u", p->crop_height, p->crop_width);
    else
        line(out, "    crop", "at the centre: a number or HxW; ~: to the input's size", "~");
    line(out, "    color", "RGB, BGR or GRAY; ~: as the input has channels", "%s",
         colors[p->color]);
    line(out, "    layout", "of the network's input: NCHW or NHWC; ~: seen from its shape", "%s",
         layouts[p->layout]);
    if (p->scale != 0)
        line(out, "    scale", "of each value", "%s", amct_number_print(p->scale, text));
    else
        line(out, "    scale", "of each value: 1/255 ...; ~: 1/255 for pictures", "~");
    for (int which = 0; which < 2; which++) {
        const double *values = which ? p->std : p->mean;
        uint32_t n = which ? p->n_std : p->n_mean;
        fprintf(out, "    %s: %s", which ? "std" : "mean", n ? "[" : "~");
        for (uint32_t i = 0; i < n; i++)
            fprintf(out, "%s%s", i ? ", " : "", amct_number_print(values[i], text));
        fprintf(out, "%s# one number, or one per channel\n",
                n       ? "]   "
                : which ? "                          "
                        : "                         ");
    }
}

static void print_data(FILE *out, const amct_config *c)
{
    char text[16];
    fprintf(out, "data:\n");
    path_line(out, "  path", c->data, "path/to/samples");
    if (c->labels)
        path_line(out, "  labels", c->labels, "");
    else
        line(out, "  labels", "a file; ~: those that lie beside the samples", "~");
    print_preprocess(out, &c->preprocess);
    line(out, "  calibration", "samples for ranges and statistics; ~: a fifth, 256 at most", "%s",
         count_text(c->calibration, text, sizeof text));
    line(out, "  search", "samples the search may look at; ~: two fifths, 1024 at most", "%s",
         count_text(c->search, text, sizeof text));
    line(out, "  confirm", "samples kept for the verdict only; 0: no proof", "%s",
         c->confirm == AMCT_SPLIT_DEFAULT ? "rest" : count_text(c->confirm, text, sizeof text));
    line(out, "  label_offset", "added to every label (background class: 1)", "%lld",
         (long long)c->label_offset);
}

/* "1%": the shortest percents that are read as the ratio; else the ratio itself. */
static const char *ratio_text(double ratio, char text[AMCT_NUMBER_TEXT])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, AMCT_NUMBER_TEXT, "%.*g", digits, 100 * ratio);
        if (strtod(text, NULL) / 100 == ratio)
            return strcat(text, "%");
    }
    return amct_number_print(ratio, text);
}

/* What the section looks like where there is none; without '#' and the '~' it can be read. */
static const char *const detection_example[] = {
    "  form: yolov3                      # of boxes: yolov3 or yolov5",
    "  classes: 80                       # or their names, as the labels have them: [person, ...]",
    "  heads:",
    "    - {stride: 32, anchors: [[115, 73], [119, 199], [242, 238]]}",
    "    - {stride: 16, anchors: [[12, 18], [37, 49], [52, 132]]}",
    "  score: 0.005                      # the least that a detection has",
    "  nms: 0.45                         # overlap from which the weaker of a class is dropped",
    "  confidence: 0.25                  # of detections that are compared with the original's",
};

static void print_detection(FILE *out, const amct_detect_options *o)
{
    char text[2][AMCT_NUMBER_TEXT];
    if (!o) {
        line(out, "detection", "of a detector; ~: the network is none", "~");
        for (size_t i = 0; i < sizeof detection_example / sizeof *detection_example; i++)
            fprintf(out, "#%s\n", detection_example[i]);
        return;
    }
    fprintf(out, "detection:                          # how boxes are read from the outputs\n");
    line(out, "  form", "of boxes: yolov3 or yolov5", "%s",
         o->form == AMCT_DETECT_YOLOV5 ? "yolov5" : "yolov3");
    fprintf(out, "  classes: ");
    for (uint32_t i = 0; o->classes.names && i < o->classes.n; i++) {
        fputs(i ? ", " : "[", out);
        quoted(out, o->classes.names[i]);
    }
    if (o->classes.names)
        fprintf(out, "]\n");
    else
        fprintf(out, "%u\n", o->classes.n);
    fprintf(out, "  heads:\n");
    for (uint32_t i = 0; i < o->n_heads; i++) {
        const amct_detect_head *h = &o->heads[i];
        fprintf(out, "    - {stride: %u, anchors: [", h->stride);
        for (uint32_t a = 0; a < h->n_anchors; a++)
            fprintf(out, "%s[%s, %s]", a ? ", " : "", amct_number_print(h->anchors[a][0], text[0]),
                    amct_number_print(h->anchors[a][1], text[1]));
        fprintf(out, "]}\n");
    }
    line(out, "  score", "the least that a detection has", "%s",
         amct_number_print(o->score, text[0]));
    line(out, "  nms", "overlap from which the weaker of a class is dropped", "%s",
         amct_number_print(o->nms, text[0]));
    line(out, "  confidence", "of detections that are compared with the original's", "%s",
         amct_number_print(o->confidence, text[0]));
}

static void print_rest(FILE *out, const amct_config *c)
{
    char text[AMCT_NUMBER_TEXT];
    print_detection(out, c->detection);
    fprintf(out, "budget:\n");
    line(out, "  metric",
         "top1, top5, agreement (no labels needed), cosine, map or map50; ~: what it can", "%s",
         c->metric < 0 ? "~" : amct_metric_names[c->metric]);
    line(out, "  max_drop", "greatest drop of it", "%s", ratio_text(c->max_drop_ratio, text));
    line(out, "  relative", "the drop is a share of the original's value", "%s",
         c->relative ? "true" : "false");
    line(out, "  confidence", "of the verdict", "%s", ratio_text(c->confidence, text));
    fprintf(out, "target:\n");
    line(out, "  estimator", "see: amct-autotune plugins", "%s", c->estimator);
    if (c->batch)
        line(out, "  batch", "on the device", "%lld", (long long)c->batch);
    else
        line(out, "  batch", "on the device; ~: as the model says", "~");
    if (c->profile)
        path_line(out, "  profile", c->profile, "");
    else
        line(out, "  profile", "folder of what msprof measured of the model; ~: none", "~");
    if (c->measured_ns)
        line(out, "  measured", "its latency as it was measured", "%sms",
             amct_number_print((double)c->measured_ns / 1e6, text));
    else
        line(out, "  measured", "its latency as it was measured: 1.63ms; ~: not known", "~");
    if (!c->confirm_by) {
        line(out, "  confirm", "estimator that measures the finalists: device; ~: none", "~");
    } else {
        fprintf(out, "  confirm: {estimator: ");
        quoted(out, c->confirm_by);
        for (uint32_t i = 0; i < c->n_confirm_options; i++) {
            fprintf(out, ", %s: ", c->confirm_options[i].key);
            quoted(out, c->confirm_options[i].value);
        }
        fprintf(out, "}\n");
    }
    fprintf(out, "  # The other keys are the estimator's: amct-autotune plugins lists them.\n");
    for (uint32_t i = 0; i < c->n_target_options; i++) {
        fprintf(out, "  %s: ", c->target_options[i].key);
        quoted(out, c->target_options[i].value);
        fprintf(out, "\n");
    }
    fprintf(out, "space:\n");
    line(out, "  bits", "of weights and activations, levels a layer may have; 16 is always one",
         "[16%s%s%s%s]", c->levels[AMCT_LEVEL_W8A8] ? ", w8a8" : "",
         c->levels[AMCT_LEVEL_W4A8] ? ", w4a8" : "", c->levels[AMCT_LEVEL_W4A4] ? ", w4a4" : "",
         c->levels[AMCT_LEVEL_W8A8_SPARSE] ? ", w8a8-2of4" : "");
    fprintf(out,
            "  sparsity:                         # channels that a group of layers may lose\n");
    fprintf(out, "    ratios: [");
    for (uint32_t i = 0; i < c->n_ratios; i++)
        fprintf(out, "%s%.17g", i ? ", " : "", c->ratios[i]);
    fprintf(out, "]%22s# shares to choose from: [0.125, 0.25, 0.5]\n", "");
    line(out, "    multiple", "of the channels that are kept, and of ranks", "%u", c->multiple);
    fprintf(out, "  rank:                             # layers as two of a lower rank\n");
    line(out, "    levels", "ranks of a layer to choose from; 0: layers stay whole", "%u",
         c->rank_levels);
    fprintf(out, "  skip: [");
    for (uint32_t i = 0; i < c->n_skip; i++) {
        fputs(i ? ", " : "", out);
        quoted(out, c->skip[i]);
    }
    fprintf(out, "]%26s# layers to leave as they are, by name or glob\n", "");
    fprintf(out, "quantise:\n");
    line(out, "  weights",
         "of 8 bits: arq (AMCT's: the range), mse (clipped for least error), gptq (least error of "
         "results); 4 bits are always gptq",
         "%s", amct_weight_algo_names[c->weights]);
    line(out, "  activations", "ifmr or hfmg, as AMCT defines them", "%s",
         c->range.algo == AMCT_ACT_HFMG ? "hfmg" : "ifmr");
    line(out, "  asymmetric", "activations with an offset", "%s",
         c->range.asymmetric ? "true" : "false");
    line(out, "  equalise", "equal channel ranges across layers, where that is exact", "%s",
         c->equalise ? "true" : "false");
    fprintf(out, "search:\n");
    line(out, "  algorithm", "auto, or to compare with it any that search --help lists", "%s",
         c->algorithm);
    line(out, "  population", "candidates a generation", "%u", c->population);
    line(out, "  evaluations", "candidates at most", "%u", c->evaluations);
    if (c->time_limit_ns)
        line(out, "  time_limit", "then the best so far is kept", "%ss",
             amct_number_print((double)c->time_limit_ns / 1e9, text));
    else
        line(out, "  time_limit", "8h, 30m ...: then the best so far is kept; 0s, ~: none", "~");
    line(out, "  seed", "of all randomness", "%llu", (unsigned long long)c->seed);
    fprintf(out, "output:\n");
    path_line(out, "  directory", c->output, "");
    line(out, "  formats", "amct (for ATC) and onnx-qdq", "[%s%s%s]", c->format_amct ? "amct" : "",
         c->format_amct && c->format_qdq ? ", " : "", c->format_qdq ? "onnx-qdq" : "");
    line(out, "memory_limit", "for samples and caches", "%llu",
         (unsigned long long)c->memory_limit_bytes);
}

char *amct_config_print(const amct_config *config)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fprintf(out, "# Search file of amct-autotune: amct-autotune search -c FILE\n");
    path_line(out, "model", config->model, "model.onnx");
    if (config->model_source.weights)
        path_line(out, "weights", config->model_source.weights, "");
    else
        line(out, "weights", "their file; ~: the model's own, or those beside it", "~");
    if (config->model_source.n_options)
        fprintf(out, "model_options:\n");
    else
        line(out, "model_options", "for the importer: {signature: NAME} ...; ~: none", "~");
    for (uint32_t i = 0; i < config->model_source.n_options; i++) {
        fprintf(out, "  %s: ", config->model_source.options[i].key);
        quoted(out, config->model_source.options[i].value);
        fputc('\n', out);
    }
    print_data(out, config);
    print_rest(out, config);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
