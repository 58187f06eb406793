#include "ascend_fit.h"

#include "ascend_data.h"
#include "base/yaml.h"

#include <string.h>

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

static amct_status read_number(double *out, const amct_yaml_node *map, const char *what,
                               const char *key, amct_err *err)
{
    const amct_yaml_node *node;
    double value;
    AMCT_TRY(want_key(&node, map, what, key, err));
    AMCT_TRY(amct_yaml_number(&value, node, err));
    if (value < 0 || value > 1e9)
        return amct_yaml_fail(node, err, "0 to 1e9 is wanted");
    *out = value;
    return AMCT_OK;
}

static amct_status read_struct(void *out, const ascend_number *numbers, const amct_yaml_node *map,
                               const char *what, amct_err *err)
{
    AMCT_TRY(amct_yaml_want(map, AMCT_YAML_IS_MAP, err));
    for (const ascend_number *n = numbers; n->name; n++)
        AMCT_TRY(read_number(ascend_number_at(out, n), map, what, n->name, err));
    return AMCT_OK;
}

static amct_status check(const ascend_fit *fit, const amct_yaml_node *root, amct_err *err)
{
    const ascend_constants *c = &fit->constants;
    const ascend_tuning *t = &fit->tuning;
    const double divisors[] = {c->cube,   c->l2, c->ddr, c->l2_reach, t->cube,
                               t->vector, t->l2, t->ddr, t->band};
    for (size_t i = 0; i < sizeof divisors / sizeof *divisors; i++)
        if (divisors[i] <= 0)
            return amct_fail(err, AMCT_E_INVALID, "%s: a rate, reach or band is 0", root->file);
    return AMCT_OK;
}

static amct_status read_root(ascend_fit *out, const amct_yaml_node *root, const ascend_chip *chip,
                             amct_err *err)
{
    const amct_yaml_node *constants, *chips, *tuning, *spread;
    ascend_fit fit;
    double widen = 1;
    AMCT_TRY(amct_yaml_want(root, AMCT_YAML_IS_MAP, err));
    AMCT_TRY(want_key(&constants, root, "the fit", "constants", err));
    AMCT_TRY(want_key(&chips, root, "the fit", "chips", err));
    AMCT_TRY(want_key(&spread, root, "the fit", "spread", err));
    AMCT_TRY(read_struct(&fit.constants, ascend_constant_numbers, constants, "'constants'", err));
    AMCT_TRY(amct_yaml_want(chips, AMCT_YAML_IS_MAP, err));
    AMCT_TRY(want_key(&tuning, chips, "'chips'", chip->fitted_as, err));
    AMCT_TRY(read_struct(&fit.tuning, ascend_tuning_numbers, tuning, chip->fitted_as, err));
    if (strcmp(chip->name, chip->fitted_as) != 0)
        AMCT_TRY(read_number(&widen, root, "the fit", "unmeasured", err));
    fit.tuning.band *= widen;
    AMCT_TRY(amct_yaml_want(spread, AMCT_YAML_IS_MAP, err));
    for (int i = 0; i < ASCEND_PARTS; i++) {
        AMCT_TRY(read_number(&fit.spread[i], spread, "'spread'", ascend_part_names[i], err));
        fit.spread[i] *= fit.tuning.band;
    }
    AMCT_TRY(check(&fit, root, err));
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
        status = read_root(out, root, chip, err);
    amct_arena_free(arena);
    return status;
}
