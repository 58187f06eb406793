#include "ascend_cost.h"

#include <amct/plugin.h>
#include <math.h>

/* 30 years: beyond any use, and far from infinity when many of them are added. */
#define MAX_NS 1e18

/* Cycles of the best split of the tiles over a x b cores. */
static double cube_cycles(const ascend_chip *chip, const ascend_work *w)
{
    double best = INFINITY;
    for (uint32_t a = 1; a <= chip->cores; a++) {
        double rows = ceil(w->m_tiles / a);
        double columns = ceil(w->n_tiles / (chip->cores / a));
        best = fmin(best, rows * columns);
    }
    return best * (w->sparse ? ceil(w->k_steps * ASCEND_SPARSE_STEPS) : w->k_steps);
}

static double cube_seconds(const ascend_chip *chip, const ascend_constants *c, const ascend_work *w)
{
    if (w->k_steps <= 0)
        return 0;
    return cube_cycles(chip, w) / chip->cube_hz / c->e_cube * (w->depthwise ? c->c_depthwise : 1);
}

static double vector_seconds(const ascend_chip *chip, const ascend_constants *c,
                             const ascend_work *w)
{
    double cycles = w->vector_elements * w->vector_passes * c->c_alone;
    if (w->epilogue) {
        double first = chip->fixpipe ? 0 : 1;
        double passes = first + c->c_eltwise * (w->vector_passes - 1);
        cycles = w->vector_elements * passes * c->c_vector;
    }
    cycles += w->pool_elements * c->c_pool;
    return cycles / chip->vector_lanes / chip->vector_cores / chip->cube_hz;
}

/* Activations: from L2 as far as the working set fits, else from DDR. */
static double activation_seconds(const ascend_chip *chip, const ascend_constants *c,
                                 const ascend_work *w)
{
    double both = w->read_bytes + w->write_bytes;
    if (both <= 0)
        return 0;
    double per_rate = chip->cores * chip->cube_hz;
    double hit = fmin(1, c->l2_reach * chip->l2_bytes / both);
    double l2 = w->read_bytes / (per_rate * chip->l2_read_rate) +
                w->write_bytes / (per_rate * chip->l2_write_rate);
    double ddr = both / chip->ddr_bytes_per_s;
    return hit * l2 / c->e_l2 + (1 - hit) * ddr / c->e_ddr;
}

static double weight_seconds(const ascend_chip *chip, const ascend_constants *c,
                             const ascend_work *w)
{
    double l2 = chip->cores * chip->cube_hz * chip->l2_read_rate * c->e_l2;
    double ddr = chip->ddr_bytes_per_s * c->e_ddr;
    double bytes = w->weight_bytes * (w->sparse ? ASCEND_SPARSE_BYTES : 1);
    return bytes * (w->weight_resident / l2 + (1 - w->weight_resident) / ddr);
}

ascend_time ascend_cost(const ascend_chip *chip, const ascend_constants *c, const ascend_work *w)
{
    double cube = cube_seconds(chip, c, w);
    double vector = vector_seconds(chip, c, w);
    double memory =
        activation_seconds(chip, c, w) * (w->moves ? c->c_move : 1) + weight_seconds(chip, c, w);
    double longest = fmax(cube, fmax(vector, memory));
    double busy = longest + c->leak * (cube + vector + memory - longest);
    ascend_time out = {.ns = fmin((c->overhead_s + busy) * 1e9, MAX_NS)};
    if (busy <= c->overhead_s)
        out.bound = AMCT_BOUND_OVERHEAD;
    else if (longest == cube)
        out.bound = AMCT_BOUND_CUBE;
    else
        out.bound = longest == vector ? AMCT_BOUND_VECTOR : AMCT_BOUND_MEMORY;
    return out;
}

double ascend_weight_resident(const ascend_chip *chip, const ascend_constants *c,
                              double total_bytes)
{
    double room = c->l2_weights * chip->l2_bytes;
    return total_bytes <= room ? 1 : room / total_bytes;
}

double ascend_fixed_ns(const ascend_chip *chip, const ascend_constants *c, double transform_bytes,
                       double copy_bytes)
{
    double bytes = c->c_transform * transform_bytes + copy_bytes;
    return fmin((c->base_s + bytes / chip->ddr_bytes_per_s) * 1e9, MAX_NS);
}
