#include "ascend_chip.h"

#include "ascend_data.h"
#include "base/yaml.h"

#include <stdio.h>
#include <string.h>

enum { MAX_CORES = 64 };
#define MIN_L2_BYTES ((uint64_t)1 << 16)
#define MAX_L2_BYTES ((uint64_t)1 << 40)

typedef struct number {
    const char *key;
    double *out;
    double scale;
    double min, max; /* before the scale: ten times beyond any chip there is, and more */
} number;

static amct_status want_key(const amct_yaml_node **out, const amct_yaml_node *map, const char *key,
                            amct_err *err)
{
    *out = amct_yaml_get(map, key);
    if (!*out || amct_yaml_is_null(*out))
        return amct_fail(err, AMCT_E_INVALID, "%s:%u: chip '%s' has no '%s'", map->file,
                         map->key_line, map->key, key);
    return AMCT_OK;
}

static amct_status read_numbers(const amct_yaml_node *map, const number *numbers, size_t n,
                                amct_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const amct_yaml_node *node;
        double value;
        AMCT_TRY(want_key(&node, map, numbers[i].key, err));
        AMCT_TRY(amct_yaml_number(&value, node, err));
        if (value < numbers[i].min || value > numbers[i].max)
            return amct_yaml_fail(node, err, "%g to %g is wanted", numbers[i].min, numbers[i].max);
        *numbers[i].out = value * numbers[i].scale;
    }
    return AMCT_OK;
}

static amct_status read_bools(const amct_yaml_node *map, ascend_chip *out, amct_err *err)
{
    const char *const keys[] = {"int4", "sparse", "first_pool", "fixpipe"};
    bool *const outs[] = {&out->int4, &out->sparse, &out->first_pool, &out->fixpipe};
    for (int i = 0; i < 4; i++) {
        const amct_yaml_node *node;
        AMCT_TRY(want_key(&node, map, keys[i], err));
        AMCT_TRY(amct_yaml_bool(outs[i], node, err));
    }
    return AMCT_OK;
}

static amct_status read_cores(uint32_t *out, const amct_yaml_node *map, const char *key,
                              amct_err *err)
{
    const amct_yaml_node *node;
    int64_t value;
    AMCT_TRY(want_key(&node, map, key, err));
    AMCT_TRY(amct_yaml_integer(&value, node, 1, MAX_CORES, err));
    *out = (uint32_t)value;
    return AMCT_OK;
}

static amct_status refuse_unknown_keys(const amct_yaml_node *map, amct_err *err)
{
    const amct_yaml_node *any;
    const amct_yaml_field fields[] = {
        AMCT_YAML_NODE("cores", &any),         AMCT_YAML_NODE("vector_cores", &any),
        AMCT_YAML_NODE("cube_mhz", &any),      AMCT_YAML_NODE("vector_lanes", &any),
        AMCT_YAML_NODE("l2_bytes", &any),      AMCT_YAML_NODE("l2_read_rate", &any),
        AMCT_YAML_NODE("l2_write_rate", &any), AMCT_YAML_NODE("memory_gb_per_s", &any),
        AMCT_YAML_NODE("int4", &any),          AMCT_YAML_NODE("sparse", &any),
        AMCT_YAML_NODE("first_pool", &any),    AMCT_YAML_NODE("fixpipe", &any),
        AMCT_YAML_NODE("fitted_as", &any),
    };
    return amct_yaml_read_map(map, fields, sizeof fields / sizeof *fields, err);
}

/* A name of a chip, cut nowhere. */
static amct_status copy_name(char out[ASCEND_NAME_BYTES], const char *name,
                             const amct_yaml_node *node, amct_err *err)
{
    if (!name[0] || strlen(name) >= ASCEND_NAME_BYTES)
        return amct_yaml_fail(node, err, "the name of a chip is 1 to %d bytes long",
                              ASCEND_NAME_BYTES - 1);
    snprintf(out, ASCEND_NAME_BYTES, "%s", name);
    return AMCT_OK;
}

static amct_status read_chip(ascend_chip *out, const amct_yaml_node *map, amct_err *err)
{
    ascend_chip chip = {0};
    const amct_yaml_node *node;
    const char *text;
    uint64_t bytes;
    const number numbers[] = {
        {"cube_mhz", &chip.cube_hz, 1e6, 1, 1e6},
        {"vector_lanes", &chip.vector_lanes, 1, 1, 1e5},
        {"l2_read_rate", &chip.l2_read_rate, 1, 1, 1e5},
        {"l2_write_rate", &chip.l2_write_rate, 1, 1, 1e5},
        {"memory_gb_per_s", &chip.ddr_bytes_per_s, 1e9, 0.1, 1e5},
    };
    AMCT_TRY(amct_yaml_want(map, AMCT_YAML_IS_MAP, err));
    AMCT_TRY(refuse_unknown_keys(map, err));
    AMCT_TRY(copy_name(chip.name, map->key, map, err));
    AMCT_TRY(read_cores(&chip.cores, map, "cores", err));
    AMCT_TRY(read_cores(&chip.vector_cores, map, "vector_cores", err));
    AMCT_TRY(read_numbers(map, numbers, sizeof numbers / sizeof *numbers, err));
    AMCT_TRY(want_key(&node, map, "l2_bytes", err));
    AMCT_TRY(amct_yaml_bytes(&bytes, node, 0, err));
    if (bytes < MIN_L2_BYTES || bytes > MAX_L2_BYTES)
        return amct_yaml_fail(node, err, "64KiB to 1TiB is wanted");
    chip.l2_bytes = (double)bytes;
    AMCT_TRY(read_bools(map, &chip, err));
    AMCT_TRY(want_key(&node, map, "fitted_as", err));
    AMCT_TRY(amct_yaml_text(&text, node, err));
    AMCT_TRY(copy_name(chip.fitted_as, text, node, err));
    snprintf(chip.fitted_at, sizeof chip.fitted_at, "%.280s:%u:%u", node->file, node->line,
             node->column);
    *out = chip;
    return AMCT_OK;
}

/* All of a file of the user's, so that what is wrong in it is said whichever chip is asked for. */
static amct_status check_file(const amct_yaml_node *root, const char *path, amct_err *err)
{
    ascend_chip chip;
    AMCT_TRY(amct_yaml_want(root, AMCT_YAML_IS_MAP, err));
    if (root->n == 0)
        return amct_fail(err, AMCT_E_INVALID, "%s:1: no chip is in it", path);
    for (const amct_yaml_node *map = root->first; map; map = map->next)
        AMCT_TRY(read_chip(&chip, map, err));
    return AMCT_OK;
}

/* *found: the file has the chip. */
static amct_status find(bool *found, ascend_chip *out, const amct_yaml_node *root, const char *name,
                        amct_err *err)
{
    AMCT_TRY(amct_yaml_want(root, AMCT_YAML_IS_MAP, err));
    const amct_yaml_node *map = amct_yaml_get(root, name);
    *found = map != NULL;
    return map ? read_chip(out, map, err) : AMCT_OK;
}

static amct_status search(bool *found, ascend_chip *out, amct_arena *arena, const char *name,
                          const char *path, amct_err *err)
{
    const amct_yaml_node *root;
    *found = false;
    if (path) {
        AMCT_TRY(amct_yaml_read(&root, arena, path, err));
        AMCT_TRY(check_file(root, path, err));
        AMCT_TRY(find(found, out, root, name, err));
    }
    for (const ascend_text *t = ascend_chip_texts; t->name && !*found; t++) {
        AMCT_TRY(amct_yaml_parse(&root, arena, t->name, t->text, t->size, err));
        AMCT_TRY(find(found, out, root, name, err));
    }
    return AMCT_OK;
}

static amct_status refuse(const char *name, const char *path, amct_err *err)
{
    char names[512] = "";
    size_t used = 0;
    for (uint32_t i = 0; ascend_chip_names[i] && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 ascend_chip_names[i]);
    return amct_fail(err, AMCT_E_INVALID, "option 'chip' is '%.80s'; allowed are %s%s%.200s", name,
                     names, path ? ", and those of " : "", path ? path : "");
}

amct_status ascend_chip_read(ascend_chip *out, const char *name, const char *path, amct_err *err)
{
    bool found = false;
    amct_arena *arena = amct_arena_new();
    if (!arena)
        return amct_fail_nomem(err);
    amct_status status = search(&found, out, arena, name, path, err);
    amct_arena_free(arena);
    return status == AMCT_OK && !found ? refuse(name, path, err) : status;
}
