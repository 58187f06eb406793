#include "tune/genes.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Levels of a layer as bits of a set. */
typedef uint32_t kind_set;

typedef struct maker {
    amct_genes *to;
    const amct_config *config;
    const amct_layer *layers;
    amct_costing *costing;
    uint8_t *kinds;           /* a candidate */
    amct_layer_cost *details; /* of it */
    kind_set *allowed;        /* per layer: what may be chosen besides AMCT_LEVEL_16 */
    const char **reasons;     /* per layer, why something may not; NULL: all may */
} maker;

static bool has(kind_set set, int kind)
{
    return set >> kind & 1;
}

/* The lossiest level that the layer may have. */
static uint8_t deepest(kind_set set)
{
    int kind = AMCT_N_LEVELS - 1;
    while (kind > AMCT_LEVEL_16 && !has(set, kind))
        kind--;
    return (uint8_t)kind;
}

static void forbid(maker *m, uint32_t layer, int kind, const char *why)
{
    m->allowed[layer] &= ~(1u << kind);
    m->reasons[layer] = why;
}

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

/* What a layer cannot have with its weights, whatever the target. */
static amct_status forbid_impossible(maker *m, uint32_t i, amct_leveldb *levels, amct_err *err)
{
    amct_err why;
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++) {
        const amct_quantised *ignored;
        if (!has(m->allowed[i], k) ||
            amct_leveldb_get(&ignored, levels, i, (amct_level_kind)k, &why) == AMCT_OK)
            continue;
        if (why.code != AMCT_E_UNSUPPORTED) {
            *err = why;
            return amct_fail_in(err, "layer '%s'", m->layers[i].name);
        }
        const char *text = amct_arena_string(m->to->arena, why.text);
        if (!text)
            return amct_fail_nomem(err);
        forbid(m, i, k, text);
    }
    return AMCT_OK;
}

static amct_status static_reasons(maker *m, amct_leveldb *levels, amct_err *err)
{
    kind_set asked = 0;
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        asked |= (kind_set)m->config->levels[k] << k;
    for (uint32_t i = 0; i < m->to->n_layers; i++) {
        const amct_layer *l = &m->layers[i];
        m->reasons[i] = l->no_int8;
        for (uint32_t k = 0; k < m->config->n_skip; k++)
            if (fnmatch(m->config->skip[k], l->name, 0) == 0)
                m->reasons[i] = "skipped as asked";
        if (!m->reasons[i] && !asked)
            m->reasons[i] = "no other level is asked for";
        m->allowed[i] = m->reasons[i] ? 0 : asked;
        if (levels && m->allowed[i])
            AMCT_TRY(forbid_impossible(m, i, levels, err));
    }
    return AMCT_OK;
}

/* What the device computes in floating point all the same. */
static amct_status forbid_rolled_back(maker *m, amct_err *err)
{
    amct_graph_cost total;
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++) {
        bool any = false;
        for (uint32_t i = 0; i < m->to->n_layers; i++) {
            m->kinds[i] = has(m->allowed[i], k) ? (uint8_t)k : deepest(m->allowed[i]);
            any |= m->kinds[i] == k;
        }
        if (!any)
            continue;
        AMCT_TRY(amct_costing_layers(m->costing, m->kinds, &total, m->details, err));
        for (uint32_t i = 0; i < m->to->n_layers; i++)
            if (m->kinds[i] == k && m->details[i].rolled_back)
                forbid(m, i, k, "the device's compiler turns it back to 16 bits");
    }
    return AMCT_OK;
}

/* *faster: whether layer i at kind k gains over kind `less` while the others are at company[]. */
static amct_status compare_kinds(bool *faster, maker *m, uint8_t *company, uint32_t i, int k,
                                 int less, amct_err *err)
{
    amct_graph_cost with, without;
    uint8_t own = company[i];
    company[i] = (uint8_t)less;
    amct_status status = amct_costing_total(m->costing, company, &without, err);
    company[i] = (uint8_t)k;
    if (status == AMCT_OK)
        status = amct_costing_total(m->costing, company, &with, err);
    company[i] = own;
    if (status == AMCT_OK)
        *faster |= with.latency_ns < without.latency_ns;
    return status;
}

/* Drops levels that gain nothing over the next less lossy one, neither where the other layers are at
 * their deepest levels, nor at 8 bits, nor at 16. */
static amct_status forbid_slow(maker *m, amct_err *err)
{
    uint32_t n = m->to->n_layers;
    uint8_t *company[3];
    for (int c = 0; c < 3; c++) {
        company[c] = amct_arena_array(m->to->arena, n, 1);
        if (!company[c])
            return amct_fail_nomem(err);
        for (uint32_t i = 0; c > 0 && i < n; i++)
            company[c][i] = c == 1 && has(m->allowed[i], AMCT_LEVEL_W8A8)
                                ? AMCT_LEVEL_W8A8
                                : deepest(m->allowed[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        int less = AMCT_LEVEL_16;
        for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++) {
            bool faster = false;
            if (!has(m->allowed[i], k))
                continue;
            for (int c = 2; c >= 0 && !faster; c--)
                AMCT_TRY(compare_kinds(&faster, m, company[c], i, k, less, err));
            if (faster)
                less = k;
            else
                forbid(m, i, k,
                       less == AMCT_LEVEL_16 ? "fewer bits are not faster on the target"
                                             : "4 bits are not faster on the target");
        }
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
        if (!m->allowed[i]) {
            char *name = amct_arena_string(to->arena, m->layers[i].name);
            if (!name)
                return amct_fail_nomem(err);
            to->skipped[to->n_skipped++] = (amct_skipped){name, m->reasons[i]};
            continue;
        }
        amct_gene *gene = &to->genes[to->n];
        *gene = (amct_gene){.layer = i, .n_levels = 1};
        for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
            if (has(m->allowed[i], k))
                gene->kinds[gene->n_levels++] = (uint8_t)k;
        to->n_levels[to->n++] = (uint8_t)gene->n_levels;
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
               calloc(n_layers + 1, sizeof(kind_set)),
               calloc(n_layers + 1, sizeof(char *))};
    amct_status status = genes.arena && m.kinds && m.details && m.allowed && m.reasons
                             ? AMCT_OK
                             : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = static_reasons(&m, levels, err);
    if (status == AMCT_OK)
        status = forbid_rolled_back(&m, err);
    if (status == AMCT_OK)
        status = forbid_slow(&m, err);
    if (status == AMCT_OK)
        status = conclude(&m, err);
    free(m.kinds);
    free(m.details);
    free(m.allowed);
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
