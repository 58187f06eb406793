#include "measure/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a picture, before those that overlap are left out; what is beyond is left out, too. */
enum { MAX_FOUND = 30000 };

/* ---- Heads --------------------------------------------------------------------------------- */

/* Whether the output can be the head's; then where its numbers are. */
static bool fits(amct_detect_grid *out, const amct_detect_head *head, const amct_shape *shape,
                 uint32_t n_classes, double height, double width)
{
    int64_t channels = head->n_anchors * (5 + (int64_t)n_classes);
    int64_t h = (int64_t)(height / head->stride), w = (int64_t)(width / head->stride);
    if (shape->rank != 4)
        return false;
    const int64_t *d = shape->dims;
    bool first = d[1] == channels && d[2] == h && d[3] == w;
    bool last = d[1] == h && d[2] == w && d[3] == channels;
    if (!first && !last)
        return false;
    *out = (amct_detect_grid){.head = head, .height = (uint32_t)h, .width = (uint32_t)w};
    out->channel = first ? (size_t)(h * w) : 1;
    out->line = first ? (size_t)w : (size_t)(w * channels);
    out->column = first ? 1 : (size_t)channels;
    return true;
}

static amct_status find_head(amct_detector *d, uint32_t i, const amct_graph *graph, amct_err *err)
{
    const amct_detect_options *o = d->options;
    const amct_detect_head *head = &o->heads[i];
    char there[512] = "", shape[96];
    size_t at = 0;
    uint32_t n = 0;
    for (uint32_t k = 0; k < graph->n_outputs; k++) {
        const amct_tensor *t = &graph->tensors[graph->outputs[k]];
        amct_detect_grid grid;
        if (t->dtype != AMCT_FLOAT)
            continue;
        size_t used = strlen(there);
        snprintf(there + used, sizeof there - used, "%s'%.60s' %s", used ? ", " : "", t->name,
                 amct_shape_print(&t->shape, shape, sizeof shape));
        if (fits(&grid, head, &t->shape, o->classes.n, d->height, d->width) && n++ == 0) {
            grid.at = at;
            d->grids[i] = grid;
        }
        at += (size_t)(amct_shape_size(&t->shape) / graph->tensors[graph->inputs[0]].shape.dims[0]);
    }
    if (n == 1)
        return AMCT_OK;
    return amct_fail(err, AMCT_E_INVALID,
                     "%s for the head of stride %u, which has %u anchors x (5 + %u classes) = %u "
                     "channels of %.0f x %.0f cells; outputs are %s",
                     n ? "there are two outputs" : "there is no output", head->stride,
                     head->n_anchors, o->classes.n, head->n_anchors * (5 + o->classes.n),
                     floor(d->height / head->stride), floor(d->width / head->stride), there);
}

amct_status amct_detector_of(amct_detector *out, const amct_detect_options *options,
                             const amct_graph *graph, amct_err *err)
{
    amct_detector d = {.options = options};
    const amct_shape *in = &graph->tensors[graph->inputs[0]].shape;
    if (in->rank != 4 || !amct_shape_known(in))
        return amct_fail(err, AMCT_E_INVALID, "a detector takes pictures; the network does not");
    bool last = in->dims[3] <= 4 && in->dims[1] > 4;
    d.height = (double)in->dims[last ? 1 : 2];
    d.width = (double)in->dims[last ? 2 : 3];
    for (uint32_t i = 0; i < options->n_heads; i++)
        AMCT_TRY(find_head(&d, i, graph, err));
    d.scratch = malloc(MAX_FOUND * sizeof *d.scratch);
    if (!d.scratch)
        return amct_fail_nomem(err);
    *out = d;
    return AMCT_OK;
}

void amct_detector_free(amct_detector *detector)
{
    free(detector->scratch);
    *detector = (amct_detector){0};
}

/* ---- Decoding ------------------------------------------------------------------------------ */

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* The numbers of one anchor in one cell. */
typedef struct cell {
    const float *at;
    size_t step;
} cell;

static double get(const cell *c, uint32_t channel)
{
    return c->at[channel * c->step];
}

static amct_box box_of(const amct_detector *d, const amct_detect_grid *g, uint32_t anchor,
                       uint32_t y, uint32_t x, const cell *c)
{
    const double *size = g->head->anchors[anchor];
    double stride = g->head->stride, cx, cy, w, h;
    if (d->options->form == AMCT_DETECT_YOLOV5) {
        cx = (2 * logistic(get(c, 0)) - 0.5 + x) * stride;
        cy = (2 * logistic(get(c, 1)) - 0.5 + y) * stride;
        w = 4 * logistic(get(c, 2)) * logistic(get(c, 2)) * size[0];
        h = 4 * logistic(get(c, 3)) * logistic(get(c, 3)) * size[1];
    } else {
        cx = (logistic(get(c, 0)) + x) * stride;
        cy = (logistic(get(c, 1)) + y) * stride;
        w = exp(fmin(get(c, 2), 20)) * size[0];
        h = exp(fmin(get(c, 3), 20)) * size[1];
    }
    return (amct_box){.x0 = (float)((cx - w / 2) / d->width),
                      .y0 = (float)((cy - h / 2) / d->height),
                      .x1 = (float)((cx + w / 2) / d->width),
                      .y1 = (float)((cy + h / 2) / d->height)};
}

static cell cell_at(const amct_detector *d, const amct_detect_grid *g, const float *row,
                    uint32_t anchor, uint32_t y, uint32_t x)
{
    size_t channel = (size_t)anchor * (5 + d->options->classes.n);
    return (cell){row + g->at + channel * g->channel + y * g->line + x * g->column, g->channel};
}

float amct_box_overlap(const amct_box *a, const amct_box *b)
{
    float w = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    float h = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
    if (w <= 0 || h <= 0)
        return 0;
    float both = w * h;
    return both / ((a->x1 - a->x0) * (a->y1 - a->y0) + (b->x1 - b->x0) * (b->y1 - b->y0) - both);
}

/* Adds what a cell finds to the n that are found. */
static uint32_t add_cell(uint32_t n, const amct_detector *d, const amct_detect_grid *g,
                         const float *row, uint32_t anchor, uint32_t y, uint32_t x)
{
    cell c = cell_at(d, g, row, anchor, y, x);
    double object = logistic(get(&c, 4));
    if (object < d->options->score)
        return n;
    amct_box box = box_of(d, g, anchor, y, x, &c);
    for (uint32_t k = 0; k < d->options->classes.n && n < MAX_FOUND; k++) {
        double score = object * logistic(get(&c, 5 + k));
        if (score < d->options->score)
            continue;
        box.class = (int32_t)k;
        d->scratch[n++] = (amct_detection){box, (float)score};
    }
    return n;
}

/* The better first; of equals the one that was found first, so that the order is always the same.
 */
static int by_score(const void *a, const void *b)
{
    const amct_detection *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->box.class != y->box.class ? (x->box.class > y->box.class ? 1 : -1)
           : x->box.x0 != y->box.x0     ? (x->box.x0 > y->box.x0 ? 1 : -1)
           : x->box.y0 != y->box.y0     ? (x->box.y0 > y->box.y0 ? 1 : -1)
                                        : 0;
}

static void keep_best(amct_detections *out, const amct_detection *found, uint32_t n, double nms)
{
    out->n = 0;
    for (uint32_t i = 0; i < n && out->n < AMCT_DETECTIONS; i++) {
        bool covered = false;
        for (uint32_t k = 0; k < out->n && !covered; k++)
            covered = out->at[k].box.class == found[i].box.class &&
                      amct_box_overlap(&out->at[k].box, &found[i].box) > nms;
        if (!covered)
            out->at[out->n++] = found[i];
    }
}

void amct_detect(amct_detections *out, const amct_detector *d, const float *row)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->options->n_heads; i++) {
        const amct_detect_grid *g = &d->grids[i];
        for (uint32_t a = 0; a < g->head->n_anchors; a++)
            for (uint32_t y = 0; y < g->height; y++)
                for (uint32_t x = 0; x < g->width; x++)
                    n = add_cell(n, d, g, row, a, y, x);
    }
    qsort(d->scratch, n, sizeof *d->scratch, by_score);
    keep_best(out, d->scratch, n, d->options->nms);
}

/* ---- Against the original ------------------------------------------------------------------ */

static uint32_t sure_of(const amct_detections *d, double confidence)
{
    uint32_t n = 0;
    while (n < d->n && d->at[n].score >= confidence)
        n++;
    return n;
}

double amct_detections_agree(const amct_detections *a, const amct_detections *b, double confidence)
{
    uint32_t n_a = sure_of(a, confidence), n_b = sure_of(b, confidence), pairs = 0;
    bool taken[AMCT_DETECTIONS] = {false};
    for (uint32_t i = 0; i < n_a; i++) {
        float most = 0.5f;
        int best = -1;
        for (uint32_t k = 0; k < n_b; k++) {
            float overlap = amct_box_overlap(&a->at[i].box, &b->at[k].box);
            if (!taken[k] && a->at[i].box.class == b->at[k].box.class && overlap >= most) {
                most = overlap;
                best = (int)k;
            }
        }
        if (best >= 0) {
            taken[best] = true;
            pairs++;
        }
    }
    return n_a + n_b ? 2.0 * pairs / (n_a + n_b) : 1;
}

/* Of a coin that falls with the logistic of b from one with that of a. */
static double divergence(double a, double b)
{
    double p = logistic(a);
    /* log s(x) = -log1p(exp(-x)), and far out it is x or 0 */
    double la = a < 0 ? a - log1p(exp(a)) : -log1p(exp(-a));
    double lb = b < 0 ? b - log1p(exp(b)) : -log1p(exp(-b));
    return p * (la - lb) + (1 - p) * ((la - a) - (lb - b));
}

double amct_detect_divergence(const amct_detector *d, const float *original, const float *row)
{
    double sum = 0, objects = 0;
    for (uint32_t i = 0; i < d->options->n_heads; i++) {
        const amct_detect_grid *g = &d->grids[i];
        uint32_t n = g->head->n_anchors * g->height * g->width;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t a = k / (g->height * g->width), y = k / g->width % g->height, x = k % g->width;
            cell p = cell_at(d, g, original, a, y, x), q = cell_at(d, g, row, a, y, x);
            double object = logistic(get(&p, 4));
            objects += object;
            sum += divergence(get(&p, 4), get(&q, 4));
            if (object < 0.01) /* what is there is seen by nobody */
                continue;
            amct_box own = box_of(d, g, a, y, x, &p), other = box_of(d, g, a, y, x, &q);
            double classes = 0;
            for (uint32_t c = 0; c < d->options->classes.n; c++)
                classes += divergence(get(&p, 5 + c), get(&q, 5 + c));
            sum += object * (classes + 1 - amct_box_overlap(&own, &other));
        }
    }
    return fmax(sum, 0) / fmax(objects, 1);
}
