#include "ascend_chip.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define KIB 1024.0
#define MIB (1024 * KIB)
#define MHZ 1e6
#define GBS 1e9

const ascend_chip ascend_chips[] = {
    {
        .name = "Ascend310",
        .cores = 2,                    /* ini */
        .vector_cores = 2,             /* ini: no vector cores of their own */
        .cube_hz = 680 * MHZ,          /* ini */
        .vector_lanes = 128,           /* ini */
        .l2_bytes = 8 * MIB,           /* ini */
        .l2_read_rate = 128,           /* ini */
        .l2_write_rate = 64,           /* ini */
        .ddr_bytes_per_s = 51.2 * GBS, /* board: LPDDR4X (product 45.6, without the cores) */
        .int4 = false,                 /* ini: no s4 in the mmad list */
        .sparse = false,               /* ini: no sparsity */
        .fixpipe = false,              /* ini: no fb, bt sizes */
        .mape_ratio = 0.120,           /* fit, 110 points */
    },
    {
        .name = "Ascend310P1",
        .cores = 10,                    /* ini */
        .vector_cores = 10,             /* ini has 8 more vector cores; not used by the model */
        .cube_hz = 1060 * MHZ,          /* ini */
        .vector_lanes = 128,            /* ini */
        .l2_bytes = 16 * MIB,           /* ini */
        .l2_read_rate = 114,            /* ini */
        .l2_write_rate = 114,           /* ini */
        .ddr_bytes_per_s = 204.8 * GBS, /* board, as Ascend310P3 (product 180) */
        .int4 = true,                   /* ini: s32s4s4 */
        .sparse = false,                /* ini: no sparsity */
        .fixpipe = false,               /* ini */
        .mape_ratio = 0.200,            /* fit with Ascend310P3 left out; no data of its own */
    },
    {
        .name = "Ascend310P3",
        .cores = 8,                     /* ini */
        .vector_cores = 8,              /* ini has 7 more vector cores; not used by the model */
        .cube_hz = 1060 * MHZ,          /* ini */
        .vector_lanes = 128,            /* ini */
        .l2_bytes = 16 * MIB,           /* ini */
        .l2_read_rate = 114,            /* ini */
        .l2_write_rate = 114,           /* ini */
        .ddr_bytes_per_s = 204.8 * GBS, /* board: Atlas 300I Pro (product 144) */
        .int4 = true,                   /* ini: s32s4s4 */
        .sparse = false,                /* ini: no sparsity */
        .fixpipe = false,               /* ini */
        .mape_ratio = 0.175,            /* fit, 150 points */
    },
    {
        .name = "Ascend310B1",
        .cores = 1,                    /* ini */
        .vector_cores = 1,             /* ini */
        .cube_hz = 1224 * MHZ,         /* ini */
        .vector_lanes = 128,           /* ini */
        .l2_bytes = 4 * MIB,           /* ini */
        .l2_read_rate = 256,           /* ini */
        .l2_write_rate = 128,          /* ini */
        .ddr_bytes_per_s = 51.2 * GBS, /* board (product 20.8, too little by 2.5) */
        .int4 = false,                 /* s32s4s4 in ini, but AMCT promises no gain */
        .sparse = true,                /* ini: sparsity=1, mmad_sp s8; AMCT: gains */
        .fixpipe = true,               /* ini: fb0..3, bt_size */
        .mape_ratio = 0.200,           /* fit, 24 points */
    },
    {
        .name = "Ascend310B4",
        .cores = 1,                    /* ini */
        .vector_cores = 1,             /* ini */
        .cube_hz = 500 * MHZ,          /* ini */
        .vector_lanes = 128,           /* ini */
        .l2_bytes = 4 * MIB,           /* ini */
        .l2_read_rate = 256,           /* ini */
        .l2_write_rate = 128,          /* ini */
        .ddr_bytes_per_s = 51.2 * GBS, /* assumed as Ascend310B1: the product, 4.0, cannot be */
        .int4 = false,                 /* as Ascend310B1 */
        .sparse = true,                /* as Ascend310B1 */
        .fixpipe = true,               /* ini */
        .mape_ratio = 0.300,           /* no data; 0.225 with Ascend310B1 left out, DDR unsure */
    },
    {
        .name = "Ascend910A",
        .cores = 32,                     /* ini */
        .vector_cores = 32,              /* ini: no vector cores of their own */
        .cube_hz = 1000 * MHZ,           /* ini */
        .vector_lanes = 128,             /* ini */
        .l2_bytes = 32 * MIB,            /* ini */
        .l2_read_rate = 110,             /* ini */
        .l2_write_rate = 86,             /* ini */
        .ddr_bytes_per_s = 1200.0 * GBS, /* board, a figure that was not verified (product 1024) */
        .int4 = false,                   /* ini */
        .sparse = false,                 /* ini: no sparsity */
        .fixpipe = false,                /* ini */
        .mape_ratio = 0.350,             /* no data in the fit, and a far larger chip */
    },
    {
        .name = "Ascend910B1",
        .cores = 24,                   /* ini */
        .vector_cores = 48,            /* ini */
        .cube_hz = 1850 * MHZ,         /* ini */
        .vector_lanes = 128,           /* ini */
        .l2_bytes = 192 * MIB,         /* ini */
        .l2_read_rate = 110,           /* ini */
        .l2_write_rate = 86,           /* ini */
        .ddr_bytes_per_s = 1421 * GBS, /* product */
        .int4 = false,                 /* ini */
        .sparse = true,                /* ini: sparsity=1, no mmad_sp listed; AMCT: gains */
        .fixpipe = true,               /* ini */
        .mape_ratio = 0.350,           /* no data in the fit, another kind of core */
    },
    {
        .name = "Ascend910B2",
        .cores = 24,                   /* ini */
        .vector_cores = 48,            /* ini */
        .cube_hz = 1800 * MHZ,         /* ini */
        .vector_lanes = 128,           /* ini */
        .l2_bytes = 192 * MIB,         /* ini */
        .l2_read_rate = 110,           /* ini */
        .l2_write_rate = 86,           /* ini */
        .ddr_bytes_per_s = 1382 * GBS, /* product */
        .int4 = false,                 /* ini */
        .sparse = true,                /* as Ascend910B1 */
        .fixpipe = true,               /* ini */
        .mape_ratio = 0.350,           /* as Ascend910B1 */
    },
    {
        .name = "Ascend910B3",
        .cores = 20,                   /* ini */
        .vector_cores = 40,            /* ini */
        .cube_hz = 1800 * MHZ,         /* ini */
        .vector_lanes = 128,           /* ini */
        .l2_bytes = 192 * MIB,         /* ini */
        .l2_read_rate = 110,           /* ini */
        .l2_write_rate = 86,           /* ini */
        .ddr_bytes_per_s = 1152 * GBS, /* product */
        .int4 = false,                 /* ini */
        .sparse = true,                /* as Ascend910B1 */
        .fixpipe = true,               /* ini */
        .mape_ratio = 0.350,           /* as Ascend910B1 */
    },
    {
        .name = "Ascend910B4",
        .cores = 20,                  /* ini */
        .vector_cores = 40,           /* ini */
        .cube_hz = 1500 * MHZ,        /* ini */
        .vector_lanes = 128,          /* ini */
        .l2_bytes = 96 * MIB,         /* ini */
        .l2_read_rate = 110,          /* ini */
        .l2_write_rate = 86,          /* ini */
        .ddr_bytes_per_s = 960 * GBS, /* product */
        .int4 = false,                /* ini */
        .sparse = true,               /* as Ascend910B1 */
        .fixpipe = true,              /* ini */
        .mape_ratio = 0.350,          /* as Ascend910B1 */
    },
};

const uint32_t ascend_n_chips = sizeof ascend_chips / sizeof ascend_chips[0];

const char *const ascend_chip_names[] = {
    "Ascend310",   "Ascend310P1", "Ascend310P3", "Ascend310B1", "Ascend310B4", "Ascend910A",
    "Ascend910B1", "Ascend910B2", "Ascend910B3", "Ascend910B4", NULL,
};

const ascend_chip *ascend_chip_find(const char *name)
{
    for (uint32_t i = 0; i < ascend_n_chips; i++)
        if (strcmp(ascend_chips[i].name, name) == 0)
            return &ascend_chips[i];
    return NULL;
}

double ascend_chip_band(const ascend_chip *chip)
{
    return log(10) * chip->mape_ratio;
}
