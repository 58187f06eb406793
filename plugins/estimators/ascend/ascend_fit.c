#include "ascend_fit.h"

#include "ascend_data.h"
#include "base/yaml.h"

#include <string.h>

enum { MAX_KEYS = 128 }; /* of the tables below */
#define MIN_DIVISOR 1e-6

#define C(name)                                                                                    \
    {                                                                                              \
#name, offsetof(ascend_constants, name)                                                    \
    }
#define T(name)                                                                                    \
    {                                                                                              \
#name, offsetof(ascend_tuning, name)                                                       \
    }

const ascend_number ascend_constant_numbers[] = {
    C(cube),
    C(l2),
    C(ddr),
    C(overlap),
    C(l2_reach),
    C(l2_weights),
    C(fill),
    C(rows),
    C(window),
    C(image),
    C(depthwise),
    C(matmul),
    C(transposed),
    C(step_s),
    C(reread),
    C(epilogue),
    C(operand),
    C(simple),
    C(divide),
    C(exponential),
    C(gelu),
    C(alone),
    C(layer_norm),
    C(spatial_norm),
    C(softmax),
    C(row),
    C(reduce),
    C(pool),
    C(global_pool),
    C(move),
    C(join),
    C(run),
    C(transdata),
    C(transform),
    C(overhead_cube_s),
    C(overhead_move_s),
    C(overhead_other_s),
    {NULL, 0},
};

const ascend_number ascend_tuning_numbers[] = {
    T(base_s), T(overhead), T(cube), T(vector), T(l2), T(ddr), T(band), {NULL, 0},
};

const char *const ascend_part_names[ASCEND_PARTS] = {"fixed", "cube", "vector", "memory",
                                                     "overhead"};

static amct_status want_key(const amct_yaml_node **out, const amct_yaml_node *map, const char *what,
                            const char *key, amct_err *err)
{
    *out = amct_yaml_get(map, key);
    if (!*out || amct_yaml_is_null(*out))
        return amct_fail(err, AMCT_E_INVALID, "%s:%u: %s has no '%s'", map->file,
                         map->key ? map->key_line : map->line, what, key);
    return AMCT_OK;
}

/* Rates, reaches and bands: nothing is divided by 0, and no band is none. */
static bool is_divisor(const char *key)
{
    static const char *const keys[] = {"cube",     "vector", "l2",        "ddr",
                                       "l2_reach", "band",   "unmeasured"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static amct_status read_number(double *out, const amct_yaml_node *map, const char *what,
                               const char *key, amct_err *err)
{
    const amct_yaml_node *node;
    double value;
    AMCT_TRY(want_key(&node, map, what, key, err));
    AMCT_TRY(amct_yaml_number(&value, node, err));
    if (value < 0 || value > 1e9)
        return amct_yaml_fail(node, err, "0 to 1e9 is wanted");
    if (value < MIN_DIVISOR && is_divisor(key))
        return amct_yaml_fail(node, err, "%g to 1e9 is wanted", MIN_DIVISOR);
    *out = value;
    return AMCT_OK;
}

static amct_status read_struct(void *out, const ascend_number *numbers, const amct_yaml_node *map,
                               const char *what, amct_err *err)
{
    amct_yaml_field fields[MAX_KEYS];
    const amct_yaml_node *any;
    size_t n = 0;
    for (; numbers[n].name; n++)
        fields[n] = (amct_yaml_field)AMCT_YAML_NODE(numbers[n].name, &any);
    AMCT_TRY(amct_yaml_want(map, AMCT_YAML_IS_MAP, err));
    AMCT_TRY(amct_yaml_read_map(map, fields, n, err));
    for (size_t i = 0; i < n; i++)
        AMCT_TRY(read_number(ascend_number_at(out, &numbers[i]), map, what, numbers[i].name, err));
    return AMCT_OK;
}

/* The chip's numbers. The user's file is to blame if they are not there: that of the fit, else that
 * of the chip. */
static amct_status find_tuning(const amct_yaml_node **out, const amct_yaml_node *chips,
                               const ascend_chip *chip, bool own, amct_err *err)
{
    *out = amct_yaml_get(chips, chip->fitted_as);
    if (*out)
        return AMCT_OK;
    if (own)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: fitted_as: '%s' is no chip that the fit has measurements of",
                         chip->fitted_at, chip->fitted_as);
    return amct_fail(err, AMCT_E_INVALID, "%s:%u: 'chips' has no '%s', which %s wants", chips->file,
                     chips->key_line, chip->fitted_as, chip->fitted_at);
}

static amct_status read_chips(ascend_tuning *out, const amct_yaml_node *chips,
                              const ascend_chip *chip, bool own, amct_err *err)
{
    const amct_yaml_node *tuning;
    ascend_tuning another;
    AMCT_TRY(amct_yaml_want(chips, AMCT_YAML_IS_MAP, err));
    for (const amct_yaml_node *map = chips->first; map; map = map->next)
        AMCT_TRY(read_struct(&another, ascend_tuning_numbers, map, map->key, err));
    AMCT_TRY(find_tuning(&tuning, chips, chip, own, err));
    return read_struct(out, ascend_tuning_numbers, tuning, chip->fitted_as, err);
}

static amct_status read_spread(double out[ASCEND_PARTS], const amct_yaml_node *spread,
                               amct_err *err)
{
    ascend_number numbers[ASCEND_PARTS + 1] = {{NULL, 0}};
    for (size_t i = 0; i < ASCEND_PARTS; i++)
        numbers[i] = (ascend_number){ascend_part_names[i], i * sizeof *out};
    return read_struct(out, numbers, spread, "'spread'", err);
}

static amct_status read_root(ascend_fit *out, const amct_yaml_node *root, const ascend_chip *chip,
                             bool own, amct_err *err)
{
    const amct_yaml_node *constants, *chips, *spread, *any;
    const amct_yaml_field fields[] = {
        AMCT_YAML_NODE("constants", &any),
        AMCT_YAML_NODE("chips", &any),
        AMCT_YAML_NODE("spread", &any),
        AMCT_YAML_NODE("unmeasured", &any),
    };
    ascend_fit fit;
    double widen;
    AMCT_TRY(amct_yaml_want(root, AMCT_YAML_IS_MAP, err));
    AMCT_TRY(amct_yaml_read_map(root, fields, sizeof fields / sizeof *fields, err));
    AMCT_TRY(want_key(&constants, root, "the fit", "constants", err));
    AMCT_TRY(want_key(&chips, root, "the fit", "chips", err));
    AMCT_TRY(want_key(&spread, root, "the fit", "spread", err));
    AMCT_TRY(read_struct(&fit.constants, ascend_constant_numbers, constants, "'constants'", err));
    AMCT_TRY(read_chips(&fit.tuning, chips, chip, own, err));
    AMCT_TRY(read_number(&widen, root, "the fit", "unmeasured", err));
    if (strcmp(chip->name, chip->fitted_as) != 0)
        fit.tuning.band *= widen;
    AMCT_TRY(read_spread(fit.spread, spread, err));
    for (int i = 0; i < ASCEND_PARTS; i++)
        fit.spread[i] *= fit.tuning.band;
    *out = fit;
    return AMCT_OK;
}

amct_status ascend_fit_read(ascend_fit *out, const ascend_chip *chip, const char *path,
                            amct_err *err)
{
    const amct_yaml_node *root;
    amct_arena *arena = amct_arena_new();
    if (!arena)
        return amct_fail_nomem(err);
    amct_status status = path ? amct_yaml_read(&root, arena, path, err)
                              : amct_yaml_parse(&root, arena, ascend_fit_text.name,
                                                ascend_fit_text.text, ascend_fit_text.size, err);
    if (status == AMCT_OK)
        status = read_root(out, root, chip, !path, err);
    amct_arena_free(arena);
    return status;
}
