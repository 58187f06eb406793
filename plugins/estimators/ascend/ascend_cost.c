#include "ascend_cost.h"

#include <amct/plugin.h>
#include <math.h>

/* 30 years: beyond any use, and far from infinity when many of them are added. */
#define MAX_NS 1e18
#define TILE   16.0
/* Rows of Softmax that are shorter share a vector instruction. */
#define FULL_ROW 128.0
/* Column tiles that are computed in one pass over the rows. */
#define PASS_COLUMNS 16.0

/* The rates of a chip's parts as the fit found them. */
typedef struct rates {
    double cube_hz; /* of one core */
    double vector;  /* instructions a second of all cores */
    double l2_read, l2_write, ddr;
} rates;

static rates rates_of(const ascend_chip *chip, const ascend_fit *fit)
{
    const ascend_constants *c = &fit->constants;
    const ascend_tuning *t = &fit->tuning;
    double l2 = chip->cores * chip->cube_hz * c->l2 * t->l2;
    return (rates){.cube_hz = chip->cube_hz * c->cube * t->cube,
                   .vector = chip->vector_cores * chip->cube_hz * t->vector,
                   .l2_read = l2 * chip->l2_read_rate,
                   .l2_write = l2 * chip->l2_write_rate,
                   .ddr = chip->ddr_bytes_per_s * c->ddr * t->ddr};
}

/* ---- Cube ---------------------------------------------------------------------------------- */

typedef struct split {
    double rows, columns; /* cores that share the row tiles, and the column tiles */
} split;

/* The split of the tiles over a x b cores that takes the fewest cycles and, of equals, reads the
 * least. */
static split best_split(const ascend_chip *chip, const ascend_work *w)
{
    split best = {1, 1};
    double least = INFINITY, least_load = INFINITY, in = 0;
    for (int i = 0; i < ASCEND_READS; i++)
        in += w->read[i].bytes;
    for (uint32_t a = 1; a <= chip->cores; a++) {
        uint32_t b = chip->cores / a;
        double cycles = ceil(w->m_tiles / a) * ceil(w->n_tiles / b);
        double load = in * b + w->weight_bytes * a;
        if (cycles < least || (cycles <= least && load < least_load)) {
            best = (split){a, b};
            least = cycles;
            least_load = load;
        }
    }
    return best;
}

/* 0 for 3 x 3 and below, 1 from 7 x 7 on. */
static double wide_window(double elements)
{
    return fmin(1, fmax(0, elements - 9) / 40);
}

static double cube_seconds(const ascend_chip *chip, const ascend_fit *fit, const rates *r,
                           const ascend_work *w, split s)
{
    const ascend_constants *c = &fit->constants;
    const double factors[] = {1, c->depthwise, c->matmul, c->transposed};
    if (w->k_steps <= 0)
        return 0;
    double steps = w->sparse ? ceil(w->k_steps * ASCEND_SPARSE_STEPS) : w->k_steps;
    double rows = ceil(w->m_tiles / s.rows), columns = ceil(w->n_tiles / s.columns);
    double images = ceil(w->images / fmin(fmax(1, w->images), chip->cores));
    double cycles = rows * columns * (steps + c->fill) * factors[w->cube & 3] +
                    rows * steps * (c->rows + c->window * wide_window(w->window)) +
                    images * ceil(w->n_tiles / PASS_COLUMNS) * c->image;
    return cycles * fmax(1, w->sequence) / r->cube_hz + w->sequence * c->step_s;
}

/* ---- Vector -------------------------------------------------------------------------------- */

/* Cycles of one vector unit that has 128 lanes. */
static double vector_cycles(const ascend_chip *chip, const ascend_constants *c,
                            const ascend_work *w)
{
    double joined = w->simple * c->simple + w->divide * c->divide +
                    w->exponential * c->exponential + w->gelu * c->gelu;
    double padded = ceil(w->row_elements / TILE) * TILE / fmax(1, w->row_elements);
    double rows = padded > 1 ? w->rows : w->rows / TILE; /* whole tiles are reduced at once */
    switch ((enum ascend_work_kind)w->kind) {
    case ASCEND_WORK_CUBE:
        return w->elements *
                   ((chip->fixpipe ? 0 : c->epilogue) + w->operands * c->operand + joined) +
               w->pool_elements * c->pool;
    case ASCEND_WORK_ELTWISE: return w->elements * (c->alone + joined);
    case ASCEND_WORK_LAYER_NORM: return w->elements * c->layer_norm;
    case ASCEND_WORK_SPATIAL_NORM: return w->elements * c->spatial_norm;
    case ASCEND_WORK_SOFTMAX:
        return w->elements * padded * c->softmax +
               rows * fmin(1, w->row_elements / FULL_ROW) * c->row * chip->vector_lanes;
    case ASCEND_WORK_REDUCE: return w->elements * c->reduce + w->pool_elements * c->global_pool;
    case ASCEND_WORK_POOL: return w->pool_elements * c->pool;
    case ASCEND_WORK_GLOBAL_POOL: return w->pool_elements * c->global_pool;
    case ASCEND_WORK_MOVE:
    case ASCEND_WORK_JOIN: break;
    }
    return 0;
}

/* ---- Memory -------------------------------------------------------------------------------- */

/* Share that L2 still holds of what was written before so many bytes went through it. */
static double hit(const ascend_chip *chip, const ascend_constants *c, double bytes)
{
    double ratio = bytes / (c->l2_reach * chip->l2_bytes);
    return 1 / (1 + ratio * ratio * ratio * ratio);
}

static double transfer(double bytes, double held, double l2, double ddr)
{
    return bytes * (held / l2 + (1 - held) / ddr);
}

double ascend_work_bytes(const ascend_work *work)
{
    double bytes = work->write_bytes;
    for (int i = 0; i < ASCEND_READS; i++)
        bytes += work->read[i].bytes;
    return bytes;
}

static double memory_seconds(const ascend_chip *chip, const ascend_fit *fit, const rates *r,
                             const ascend_work *w, split s, double resident)
{
    const ascend_constants *c = &fit->constants;
    double set = ascend_work_bytes(w), in = 0;
    double t = transfer(w->write_bytes, hit(chip, c, set), r->l2_write, r->ddr);
    for (int i = 0; i < ASCEND_READS; i++) {
        in += w->read[i].bytes;
        t +=
            transfer(w->read[i].bytes, hit(chip, c, w->read[i].distance + set), r->l2_read, r->ddr);
    }
    double weights = w->weight_bytes * (w->sparse ? ASCEND_SPARSE_BYTES : 1);
    if (w->kind == ASCEND_WORK_CUBE)
        t += c->reread * (in * (s.columns - 1) + weights * (s.rows - 1)) / r->l2_read;
    if (w->kind == ASCEND_WORK_MOVE || w->kind == ASCEND_WORK_JOIN)
        t = t * (w->kind == ASCEND_WORK_MOVE ? c->move : c->join) +
            w->runs * c->run / (chip->cores * chip->cube_hz);
    return t + transfer(weights, resident, r->l2_read, r->ddr);
}

/* ---- All of it ----------------------------------------------------------------------------- */

static double overhead_seconds(const ascend_fit *fit, const ascend_work *w)
{
    const ascend_constants *c = &fit->constants;
    double s = w->kind == ASCEND_WORK_CUBE                                  ? c->overhead_cube_s
               : w->kind == ASCEND_WORK_MOVE || w->kind == ASCEND_WORK_JOIN ? c->overhead_move_s
                                                                            : c->overhead_other_s;
    return s * fit->tuning.overhead;
}

/* Three parts that run beside each other: their p-norm, between the longest and the sum. */
static double overlapped(double p, double longest, double cube, double vector, double memory)
{
    if (longest <= 0)
        return 0;
    double sum = pow(cube / longest, p) + pow(vector / longest, p) + pow(memory / longest, p);
    return longest * pow(sum, 1 / p);
}

ascend_time ascend_cost(const ascend_chip *chip, const ascend_fit *fit, const ascend_work *w,
                        double resident)
{
    const ascend_constants *c = &fit->constants;
    rates r = rates_of(chip, fit);
    split s = w->kind == ASCEND_WORK_CUBE ? best_split(chip, w) : (split){1, 1};
    double cube = cube_seconds(chip, fit, &r, w, s);
    double vector = vector_cycles(chip, c, w) / chip->vector_lanes / r.vector;
    double memory = memory_seconds(chip, fit, &r, w, s, resident);
    double overhead = overhead_seconds(fit, w);
    double longest = fmax(cube, fmax(vector, memory));
    double busy = overlapped(fmax(1, c->overlap), longest, cube, vector, memory);
    double transdata = w->transdata_bytes * 2 * c->transdata / r.ddr +
                       w->n_transdata * c->overhead_move_s * fit->tuning.overhead;
    ascend_time out = {.ns = fmin((overhead + busy + transdata) * 1e9, MAX_NS)};
    if (transdata > busy && transdata > overhead)
        out.bound = AMCT_BOUND_MEMORY;
    else if (busy <= overhead)
        out.bound = AMCT_BOUND_OVERHEAD;
    else if (longest == cube)
        out.bound = AMCT_BOUND_CUBE;
    else
        out.bound = longest == vector ? AMCT_BOUND_VECTOR : AMCT_BOUND_MEMORY;
    return out;
}

void ascend_work_read(ascend_work *work, double bytes, double distance)
{
    int farthest = 0;
    for (int i = 0; i < ASCEND_READS; i++) {
        if (work->read[i].bytes <= 0) {
            work->read[i] = (ascend_read){bytes, distance};
            return;
        }
        if (work->read[i].distance > work->read[farthest].distance)
            farthest = i;
    }
    work->read[farthest].bytes += bytes;
    work->read[farthest].distance = fmax(work->read[farthest].distance, distance);
}

double ascend_weight_resident(const ascend_chip *chip, const ascend_fit *fit, double traffic_bytes)
{
    double room = fit->constants.l2_weights * chip->l2_bytes;
    return traffic_bytes <= room ? 1 : room / traffic_bytes;
}

double ascend_fixed_ns(const ascend_chip *chip, const ascend_fit *fit, double border_bytes)
{
    rates r = rates_of(chip, fit);
    return fmin((fit->tuning.base_s + fit->constants.transform * border_bytes / r.ddr) * 1e9,
                MAX_NS);
}
