#include "tune/genes.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

typedef struct maker {
    amct_genes *to;
    const amct_config *config;
    const amct_layer *layers;
    amct_costing *costing;
    uint8_t *kinds;           /* a candidate */
    amct_layer_cost *details; /* of it */
    const char **reasons;     /* per layer, why it has no choice; NULL: it has */
} maker;

amct_status amct_genes_check_skips(const amct_config *config, const amct_layer *layers,
                                   uint32_t n_layers, amct_err *err)
{
    for (uint32_t k = 0; k < config->n_skip; k++) {
        uint32_t i = 0;
        while (i < n_layers && fnmatch(config->skip[k], layers[i].name, 0) != 0)
            i++;
        if (i == n_layers)
            return amct_fail(err, AMCT_E_INVALID,
                             "skip: no layer is called '%s'; see amct-autotune inspect",
                             config->skip[k]);
    }
    return AMCT_OK;
}

static amct_status static_reasons(maker *m, amct_leveldb *levels, amct_err *err)
{
    amct_err why;
    for (uint32_t i = 0; i < m->to->n_layers; i++) {
        const amct_layer *l = &m->layers[i];
        const amct_quantised *ignored;
        m->reasons[i] = l->no_int8;
        for (uint32_t k = 0; k < m->config->n_skip; k++)
            if (fnmatch(m->config->skip[k], l->name, 0) == 0)
                m->reasons[i] = "skipped as asked";
        if (!m->reasons[i] && !m->config->levels[AMCT_LEVEL_W8A8])
            m->reasons[i] = "no other level is asked for";
        if (!m->reasons[i] && levels &&
            amct_leveldb_get(&ignored, levels, i, AMCT_LEVEL_W8A8, &why) != AMCT_OK) {
            if (why.code != AMCT_E_UNSUPPORTED) {
                *err = why;
                return amct_fail_in(err, "layer '%s'", l->name);
            }
            m->reasons[i] = amct_arena_string(m->to->arena, why.text);
            if (!m->reasons[i])
                return amct_fail_nomem(err);
        }
    }
    return AMCT_OK;
}

/* Drops what the device does not compute in 8 bits, and what gains nothing both where everything
 * else is in 8 bits and where nothing else is. */
static amct_status target_reasons(maker *m, amct_err *err)
{
    uint32_t n = m->to->n_layers;
    amct_graph_cost all, none, cost;
    for (uint32_t i = 0; i < n; i++)
        m->kinds[i] = m->reasons[i] ? AMCT_LEVEL_16 : AMCT_LEVEL_W8A8;
    AMCT_TRY(amct_costing_layers(m->costing, m->kinds, &all, m->details, err));
    for (uint32_t i = 0; i < n; i++)
        if (!m->reasons[i] && m->details[i].rolled_back) {
            m->reasons[i] = "the device's compiler turns it back to 16 bits";
            m->kinds[i] = AMCT_LEVEL_16;
        }
    AMCT_TRY(amct_costing_total(m->costing, m->kinds, &all, err));
    memset(m->details, 0, n * sizeof *m->details);
    uint8_t *alone = amct_arena_array(m->to->arena, n, 1);
    if (!alone)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_costing_total(m->costing, alone, &none, err));
    for (uint32_t i = 0; i < n; i++) {
        if (m->reasons[i])
            continue;
        m->kinds[i] = AMCT_LEVEL_16;
        AMCT_TRY(amct_costing_total(m->costing, m->kinds, &cost, err));
        m->kinds[i] = AMCT_LEVEL_W8A8;
        if (cost.latency_ns > all.latency_ns)
            continue;
        alone[i] = AMCT_LEVEL_W8A8;
        AMCT_TRY(amct_costing_total(m->costing, alone, &cost, err));
        alone[i] = AMCT_LEVEL_16;
        if (cost.latency_ns >= none.latency_ns)
            m->reasons[i] = "8 bits are not faster on the target";
    }
    return AMCT_OK;
}

static amct_status conclude(maker *m, amct_err *err)
{
    amct_genes *to = m->to;
    to->genes = amct_arena_array(to->arena, to->n_layers, sizeof *to->genes);
    to->n_levels = amct_arena_array(to->arena, to->n_layers, 1);
    to->skipped = amct_arena_array(to->arena, to->n_layers, sizeof *to->skipped);
    if (!to->genes || !to->n_levels || !to->skipped)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < to->n_layers; i++) {
        if (m->reasons[i]) {
            char *name = amct_arena_string(to->arena, m->layers[i].name);
            if (!name)
                return amct_fail_nomem(err);
            to->skipped[to->n_skipped++] = (amct_skipped){name, m->reasons[i]};
            continue;
        }
        to->genes[to->n] = (amct_gene){i, 2, {AMCT_LEVEL_16, AMCT_LEVEL_W8A8}};
        to->n_levels[to->n++] = 2;
    }
    return AMCT_OK;
}

amct_status amct_genes_make(amct_genes *out, const amct_config *config, const amct_layer *layers,
                            uint32_t n_layers, amct_costing *costing, amct_leveldb *levels,
                            amct_err *err)
{
    amct_genes genes = {.n_layers = n_layers, .arena = amct_arena_new()};
    maker m = {&genes,
               config,
               layers,
               costing,
               calloc(n_layers + 1, 1),
               calloc(n_layers + 1, sizeof(amct_layer_cost)),
               calloc(n_layers + 1, sizeof(char *))};
    amct_status status =
        genes.arena && m.kinds && m.details && m.reasons ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = static_reasons(&m, levels, err);
    if (status == AMCT_OK)
        status = target_reasons(&m, err);
    if (status == AMCT_OK)
        status = conclude(&m, err);
    free(m.kinds);
    free(m.details);
    free(m.reasons);
    if (status != AMCT_OK)
        amct_genes_free(&genes);
    else
        *out = genes;
    return status;
}

void amct_genes_free(amct_genes *genes)
{
    amct_arena_free(genes->arena);
    *genes = (amct_genes){0};
}

void amct_genes_express(const amct_genes *genes, const uint8_t *genome, uint8_t *kinds)
{
    memset(kinds, AMCT_LEVEL_16, genes->n_layers);
    for (uint32_t g = 0; g < genes->n; g++)
        kinds[genes->genes[g].layer] = genes->genes[g].kinds[genome[g]];
}
