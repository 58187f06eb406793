#include "compress/rebuild_rows.h"

#include "base/fork.h"
#include "compress/columns_product.h"
#include "exec/kernels.h"
#include "exec/unit.h"

#include <math.h>
#include <stdlib.h>

amct_aim amct_aim_none(void)
{
    return (amct_aim){AMCT_NO_TENSOR, -INFINITY, INFINITY};
}

amct_aim amct_aim_find(const amct_graph *graph, const amct_links *links, const amct_layer *layer)
{
    amct_aim aim = amct_aim_none();
    uint32_t t = layer->result, user = amct_links_only_user(links, t);
    if (user != AMCT_NO_TENSOR && amct_node_is(&graph->nodes[user], "Add")) {
        const amct_node *add = &graph->nodes[user];
        uint32_t other = add->src[add->src[0] == t];
        if (!graph->tensors[other].data && other != t &&
            amct_shape_equal(&graph->tensors[other].shape, &graph->tensors[t].shape)) {
            aim.other = other;
            user = amct_links_only_user(links, add->dst[0]);
        }
    }
    amct_post posts[2];
    if (user == AMCT_NO_TENSOR || amct_activation_posts(posts, graph, &graph->nodes[user]) != 1)
        return aim;
    if (posts[0].kind == AMCT_POST_RELU && posts[0].a == 0)
        aim.low = 0;
    if (posts[0].kind == AMCT_POST_CLIP)
        aim.low = posts[0].a, aim.high = posts[0].b;
    return aim;
}

/* ---- Rows --------------------------------------------------------------------------------- */

static size_t width_of(const amct_columns *c)
{
    return (size_t)(c->groups * c->columns);
}

/* x, z, t, products, and some channels' in another order */
static size_t row_bytes(const amct_columns *columns)
{
    size_t channels = (size_t)(columns->groups * columns->outputs);
    return (width_of(columns) + 3 * channels + 3 * AMCT_REBUILD_SIDE) * sizeof(float);
}

size_t amct_rebuild_rows_bytes(const amct_columns *columns, uint32_t n_samples)
{
    return (size_t)amct_columns_enough_rows(columns, n_samples) * n_samples * row_bytes(columns);
}

int64_t amct_rebuild_rows_within(const amct_columns *columns, uint32_t n_samples,
                                 size_t limit_bytes)
{
    int64_t most = (int64_t)(limit_bytes / row_bytes(columns) / n_samples);
    int64_t rows = amct_columns_enough_rows(columns, n_samples);
    return rows < most ? rows : most > 0 ? most : 1;
}

amct_status amct_rebuild_rows_new(amct_rebuild_rows *r, size_t limit_bytes, amct_err *err)
{
    size_t channels = (size_t)r->layer->channels, width = width_of(&r->columns);
    r->rows = amct_rebuild_rows_within(&r->columns, r->n_samples, limit_bytes);
    r->n = (size_t)r->rows * r->n_samples;
    bool other = r->aim.other != AMCT_NO_TENSOR;
    r->x = amct_shared_alloc(r->n * width * sizeof(float));
    r->z = amct_shared_alloc(r->n * channels * sizeof(float));
    r->t = other ? amct_shared_alloc(r->n * channels * sizeof(float)) : NULL;
    if (r->x && r->z && (r->t || !other))
        return AMCT_OK;
    amct_rebuild_rows_free(r);
    return amct_fail_nomem(err);
}

void amct_rebuild_rows_free(amct_rebuild_rows *r)
{
    size_t channels = r->layer ? (size_t)r->layer->channels : 0;
    amct_shared_free(r->x, r->n * width_of(&r->columns) * sizeof(float));
    amct_shared_free(r->z, r->n * channels * sizeof(float));
    amct_shared_free(r->t, r->n * channels * sizeof(float));
    r->x = r->z = r->t = NULL;
}

/* The layer's source as integers, in steps from zero: data is malloc'd. */
static amct_status quantise_source(amct_buffer *src, const amct_layer *layer,
                                   const amct_quantised *q, const amct_walk_stop *stop,
                                   amct_err *err)
{
    int half = 1 << (q->src_bits - 1);
    *src = amct_plan_watched(stop->plan, layer->src);
    size_t n = src->bytes / sizeof(float);
    float *steps = malloc(src->bytes + 1);
    if (!steps)
        return amct_fail_nomem(err);
    amct_quantize_f32(steps, src->data, n, 1.0f / q->src.scale, (float)(-half - q->src.offset),
                      (float)(half - 1 - q->src.offset));
    src->data = steps;
    return AMCT_OK;
}

/* The first row of a sample: even samples come first, as the halves of least_squares.h. */
static size_t row_of(const amct_rebuild_rows *r, uint32_t sample)
{
    uint32_t odd = sample % 2 ? (r->n_samples + 1) / 2 : 0;
    return ((size_t)odd + sample / 2) * (size_t)r->rows;
}

/* Result, plus the other operand, of the original. */
static void take_wanted(amct_rebuild_rows *r, const amct_walk_stop *stop, uint32_t sample,
                        const uint32_t *at, float *room)
{
    size_t n = (size_t)r->rows, channels = (size_t)r->layer->channels;
    amct_buffer result = amct_plan_watched(stop->plan, r->layer->result);
    float *z = r->z + row_of(r, stop->first + sample) * channels;
    amct_columns_results(z, &r->columns, &result, sample, at, n);
    if (!r->t)
        return;
    amct_buffer other = amct_plan_watched(stop->plan, r->aim.other);
    amct_columns_results(room, &r->columns, &other, sample, at, n);
    for (size_t i = 0; i < n * channels; i++)
        z[i] += room[i];
}

/* Patches, and the other operand, which is then no longer wanted, of the compressed network. */
static void take_given(amct_rebuild_rows *r, const amct_walk_stop *stop, const amct_buffer *src,
                       uint32_t sample, const uint32_t *at)
{
    size_t n = (size_t)r->rows, channels = (size_t)r->layer->channels;
    size_t first = row_of(r, stop->first + sample);
    amct_columns_patches(r->x + first * width_of(&r->columns), &r->columns, src, 0, sample, at, n);
    if (!r->t)
        return;
    amct_buffer other = amct_plan_watched(stop->plan, r->aim.other);
    float *t = r->t + first * channels, *z = r->z + first * channels;
    amct_columns_results(t, &r->columns, &other, sample, at, n);
    for (size_t i = 0; i < n * channels; i++)
        z[i] -= t[i];
}

amct_status amct_rebuild_rows_take(amct_rebuild_rows *r, const amct_walk_stop *stop, amct_err *err)
{
    amct_buffer src = {0};
    uint32_t *at = malloc((size_t)r->rows * sizeof *at);
    float *room = malloc((size_t)(r->rows * r->layer->channels) * sizeof *room);
    amct_status status = at && room ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK && stop->stream)
        status = quantise_source(&src, r->layer, r->level, stop, err);
    for (uint32_t s = 0; status == AMCT_OK && s < stop->count; s++) {
        amct_columns_draw(at, r->rows, &r->columns, stop->first + s, r->index);
        if (stop->stream)
            take_given(r, stop, &src, s, at);
        else
            take_wanted(r, stop, s, at, room);
    }
    free(src.data);
    free(at);
    free(room);
    return status;
}

/* ---- Results ------------------------------------------------------------------------------ */

typedef struct product {
    size_t chunk;   /* rows at a time */
    float *x, *y;   /* of a chunk */
    float *weights; /* laid out */
    uint32_t *at;
} product;

static amct_status start_product(product *p, const amct_quantised *q, const amct_columns *c,
                                 amct_err *err)
{
    enum { CHUNK = 1 << 18 };
    size_t width = width_of(c);
    *p = (product){.chunk = CHUNK / width + 1};
    p->chunk = p->chunk < (size_t)c->rows ? p->chunk : (size_t)c->rows;
    p->x = malloc(p->chunk * width * sizeof *p->x);
    p->y = malloc(p->chunk * (size_t)q->channels * sizeof *p->y);
    p->weights = malloc((size_t)q->n_weights * sizeof *p->weights);
    p->at = malloc(p->chunk * sizeof *p->at);
    float *plain = malloc((size_t)q->n_weights * sizeof *plain);
    if (!p->x || !p->y || !p->weights || !p->at || !plain) {
        free(plain);
        return amct_fail_nomem(err);
    }
    for (int64_t i = 0; i < q->n_weights; i++)
        plain[i] = q->weights[i];
    amct_columns_lay_out(p->weights, c, plain);
    free(plain);
    return AMCT_OK;
}

amct_status amct_rebuild_rows_compute(const amct_quantised *q, const amct_layer *layer,
                                      const amct_columns *c, const amct_walk_stop *stop,
                                      amct_err *err)
{
    amct_buffer src = {0}, dst = amct_plan_watched(stop->plan, layer->result);
    size_t channels = (size_t)q->channels;
    product p;
    amct_status status = start_product(&p, q, c, err);
    if (status == AMCT_OK)
        status = quantise_source(&src, layer, q, stop, err);
    for (uint32_t s = 0; status == AMCT_OK && s < stop->count; s++)
        for (size_t at = 0; at < (size_t)c->rows; at += p.chunk) {
            size_t left = (size_t)c->rows - at, n = left < p.chunk ? left : p.chunk;
            for (size_t i = 0; i < n; i++)
                p.at[i] = (uint32_t)(at + i);
            amct_columns_multiply(p.y, p.x, p.weights, c, &src, s, p.at, n);
            for (size_t i = 0; i < n; i++)
                for (size_t m = 0; m < channels; m++) {
                    float *y = &p.y[i * channels + m];
                    *y = (*y + (float)q->bias[m]) * amct_quantised_unit(q, (int64_t)m);
                }
            amct_columns_put_results(&dst, p.y, c, s, p.at, n);
        }
    free(src.data);
    free(p.x);
    free(p.y);
    free(p.weights);
    free(p.at);
    return status;
}
