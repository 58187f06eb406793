#include "bench/latency/latency_params.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct prior {
    const char *name;
    double center, deviation;
} prior;

/* Shares of a data sheet's rate are near 1; cycles of vector operators are counted from their
 * definitions (a load, an operation and a store overlap; exponentials and divisions are sequences);
 * kernels cost some microseconds to start. Deviations say how sure that is. */
static const prior constants[] = {
    {"cube", 0.95, 0.05},
    {"l2", 1, 0.2},
    {"ddr", 0.95, 0.05},
    {"overlap", 2, 0.15},
    {"l2_reach", 1.4, 0.15},
    {"l2_weights", 0.4, 0.25},
    {"fill", 0.7, 0.25},
    {"rows", 0.25, 0.25},
    {"window", 1, 0.5},
    {"image", 1000, 0.35},
    {"depthwise", 1, 0.25},
    {"matmul", 0.9, 0.1},
    {"transposed", 1.2, 0.15},
    {"step_s", 5e-6, 0.5},
    {"reread", 0.15, 0.25},
    {"epilogue", 0.3, 0.2},
    {"operand", 2, 0.25},
    {"simple", 1, 0.25},
    {"divide", 8, 0.25},
    {"exponential", 10, 0.25},
    {"gelu", 12, 0.25},
    {"alone", 3, 0.25},
    {"layer_norm", 8, 0.25},
    {"spatial_norm", 12, 0.25},
    {"softmax", 6, 0.35},
    {"row", 60, 0.5},
    {"reduce", 2, 0.25},
    {"pool", 2, 0.2},
    {"global_pool", 1, 0.25},
    {"move", 1.5, 0.2},
    {"join", 1, 0.2},
    {"run", 1.6, 0.35},
    {"transdata", 2, 0.25},
    {"transform", 2, 0.15},
    {"overhead_cube_s", 1.5e-6, 0.2},
    {"overhead_move_s", 3e-6, 0.2},
    {"overhead_other_s", 3e-6, 0.2},
};

static const prior tunings[] = {
    {"base_s", 150e-6, 0.5}, {"overhead", 1, 0.5}, {"cube", 1, 0.05},
    {"vector", 1, 0.1},      {"l2", 1, 0.1},       {"ddr", 1, 0.05},
};

static size_t offset_of(const ascend_number *numbers, const char *name)
{
    while (strcmp(numbers->name, name) != 0)
        numbers++;
    return numbers->offset;
}

uint32_t latency_params_list(latency_param params[LATENCY_PARAMS])
{
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        latency_param *p = &params[n++];
        const prior *from = &constants[i];
        snprintf(p->name, sizeof p->name, "%s", from->name);
        p->center = from->center;
        p->deviation = from->deviation;
        p->chip = -1;
        p->offset =
            offsetof(latency_params, constants) + offset_of(ascend_constant_numbers, from->name);
    }
    for (int chip = 0; chip < LATENCY_CHIPS; chip++)
        for (size_t i = 0; i < sizeof tunings / sizeof *tunings; i++) {
            latency_param *p = &params[n++];
            const prior *from = &tunings[i];
            snprintf(p->name, sizeof p->name, "%s.%s", latency_chips[chip], from->name);
            p->center = from->center;
            p->deviation = from->deviation;
            p->chip = chip;
            p->offset = offsetof(latency_params, tunings) + (size_t)chip * sizeof(ascend_tuning) +
                        offset_of(ascend_tuning_numbers, from->name);
        }
    params[n++] = (latency_param){.name = "host_s",
                                  .center = 5e-4,
                                  .deviation = 0.5,
                                  .chip = -1,
                                  .offset = offsetof(latency_params, host_s)};
    return n;
}

void latency_params_set(latency_params *out, const latency_param *list, uint32_t n,
                        const double *logs)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < LATENCY_CHIPS; i++)
        out->tunings[i].band = 1;
    for (uint32_t i = 0; i < n; i++)
        *(double *)(void *)((char *)out + list[i].offset) = exp(logs[i]);
}
