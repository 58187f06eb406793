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
    uint32_t *allowed;        /* per layer: the set of what may be chosen besides AMCT_LEVEL_16 */
    const char **reasons;     /* per layer and kind, why it may not; NULL: it was not asked for */
} maker;

static bool has(uint32_t set, int kind)
{
    return set >> kind & 1;
}

/* The lossiest level that the layer may have. */
static uint8_t deepest(uint32_t set)
{
    int kind = AMCT_N_LEVELS - 1;
    while (kind > AMCT_LEVEL_16 && !has(set, kind))
        kind--;
    return (uint8_t)kind;
}

static void forbid(maker *m, uint32_t layer, int kind, const char *why)
{
    m->allowed[layer] &= ~(1u << kind);
    m->reasons[layer * AMCT_N_LEVELS + (uint32_t)kind] = why;
}

amct_status amct_genes_check_skips(const amct_config *config, const amct_layer *layers,
                                   uint32_t n_layers, amct_err *err)
{
    const amct_yaml_node *at = config->skip_section ? config->skip_section->first : NULL;
    for (uint32_t k = 0; k < config->n_skip; k++, at = at ? at->next : NULL) {
        uint32_t i = 0;
        while (i < n_layers && fnmatch(config->skip[k], layers[i].name, 0) != 0)
            i++;
        if (i < n_layers)
            continue;
        amct_fail(err, AMCT_E_INVALID, "skip: no layer is called '%s'; see amct-autotune inspect",
                  config->skip[k]);
        return at ? amct_yaml_fail_in(at, err) : err->code;
    }
    return AMCT_OK;
}

static void forbid_statically(maker *m)
{
    uint32_t asked = 0;
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        asked |= (uint32_t)m->config->levels[k] << k;
    for (uint32_t i = 0; i < m->to->n_layers; i++) {
        const amct_layer *l = &m->layers[i];
        const char *why = l->no_int8 ? l->no_int8 : asked ? NULL : "no other level is asked for";
        for (uint32_t k = 0; k < m->config->n_skip; k++)
            if (fnmatch(m->config->skip[k], l->name, 0) == 0)
                why = "skipped as asked";
        m->allowed[i] = why ? 0 : asked;
        m->reasons[i * AMCT_N_LEVELS] = why;
        for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
            if (has(m->allowed[i], k) && amct_level_refusal(l, (amct_level_kind)k))
                forbid(m, i, k, amct_level_refusal(l, (amct_level_kind)k));
        m->to->any |= m->allowed[i] != 0;
    }
}

/* A device that skips no zeros: every layer as sparse as it can be is not faster than dense. */
static amct_status forget_sparse(maker *m, amct_err *err)
{
    const int k = AMCT_LEVEL_W8A8_SPARSE;
    amct_graph_cost dense, sparse;
    uint32_t n = m->to->n_layers;
    for (uint32_t i = 0; i < n; i++)
        m->kinds[i] = has(m->allowed[i], k) ? AMCT_LEVEL_W8A8 : AMCT_LEVEL_16;
    AMCT_TRY(amct_costing_total(m->costing, m->kinds, &dense, err));
    for (uint32_t i = 0; i < n; i++)
        m->kinds[i] = has(m->allowed[i], k) ? (uint8_t)k : AMCT_LEVEL_16;
    AMCT_TRY(amct_costing_total(m->costing, m->kinds, &sparse, err));
    for (uint32_t i = 0; sparse.latency_ns >= dense.latency_ns && i < n; i++) {
        const char **reason = &m->reasons[i * AMCT_N_LEVELS];
        forbid(m, i, k, NULL);
        if (!m->allowed[i] && !*reason)
            *reason = "the target gains nothing from 4:2 sparsity";
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
        AMCT_TRY(amct_costing_layers(m->costing, m->kinds, &total, m->details, NULL, err));
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

/* Drops levels that gain nothing over the next less lossy one, neither where the other layers are
 * at their deepest levels, nor at 8 bits, nor at 16. */
static amct_status forbid_slow(maker *m, amct_err *err)
{
    uint32_t n = m->to->n_layers;
    uint8_t *company[3];
    for (int c = 0; c < 3; c++) {
        company[c] = amct_arena_array(m->to->arena, m->to->n_choices, 1);
        if (!company[c])
            return amct_fail_nomem(err);
        for (uint32_t i = 0; c > 0 && i < n; i++)
            company[c][i] = c == 1 && has(m->allowed[i], AMCT_LEVEL_W8A8) ? AMCT_LEVEL_W8A8
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
                       less == AMCT_LEVEL_16
                           ? "it is not faster on the target than 16 bits"
                           : "it is not faster on the target than a level that loses less");
        }
    }
    return AMCT_OK;
}

/* The reason that says most about a layer without any choice: that of 8 bits. */
static const char *main_reason(const char *const reasons[AMCT_N_LEVELS])
{
    for (int k = AMCT_LEVEL_16; k < AMCT_N_LEVELS; k++)
        if (reasons[k])
            return reasons[k];
    return NULL;
}

static void skip(amct_genes *to, uint32_t layer, uint32_t level, const char *reason)
{
    to->skipped[to->n_skipped++] = (amct_skipped){AMCT_GENE_BITS, layer, level, reason};
}

static amct_status conclude(maker *m, amct_err *err)
{
    amct_genes *to = m->to;
    to->genes = amct_arena_array(to->arena, to->n_layers, sizeof *to->genes);
    to->n_levels = amct_arena_array(to->arena, to->n_layers, 1);
    to->skipped =
        amct_arena_array(to->arena, (size_t)to->n_layers * AMCT_N_LEVELS, sizeof *to->skipped);
    if (!to->genes || !to->n_levels || !to->skipped)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < to->n_layers; i++) {
        const char **reasons = m->reasons + (size_t)i * AMCT_N_LEVELS;
        if (!m->allowed[i]) {
            skip(to, i, AMCT_LEVEL_16, main_reason(reasons));
            continue;
        }
        amct_gene *gene = &to->genes[to->n];
        *gene = (amct_gene){.kind = AMCT_GENE_BITS, .index = i, .slot = i, .n_levels = 1};
        for (uint32_t k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++) {
            if (has(m->allowed[i], (int)k))
                gene->values[gene->n_levels++] = (uint8_t)k;
            else if (reasons[k])
                skip(to, i, k, reasons[k]);
        }
        to->n_levels[to->n++] = (uint8_t)gene->n_levels;
    }
    return AMCT_OK;
}

amct_status amct_genes_make(amct_genes *out, const amct_config *config, const amct_layer *layers,
                            uint32_t n_layers, amct_costing *costing, amct_err *err)
{
    amct_genes genes = {.n_layers = n_layers, .n_choices = 2 * n_layers, .arena = amct_arena_new()};
    maker m = {&genes,
               config,
               layers,
               costing,
               calloc(2 * (size_t)n_layers + 1, 1),
               calloc(n_layers + 1, sizeof(amct_layer_cost)),
               calloc(n_layers + 1, sizeof(uint32_t)),
               calloc((size_t)n_layers + 1, AMCT_N_LEVELS * sizeof(char *))};
    amct_status status = genes.arena && m.kinds && m.details && m.allowed && m.reasons
                             ? AMCT_OK
                             : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        forbid_statically(&m);
        status = forget_sparse(&m, err);
    }
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

void amct_genes_wanted(const amct_genes *genes, uint32_t *wanted)
{
    memset(wanted, 0, genes->n_layers * sizeof *wanted);
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        for (uint32_t k = 1; gene->kind == AMCT_GENE_BITS && k < gene->n_levels; k++)
            wanted[gene->index] |= 1u << gene->values[k];
    }
}

/* Of one gene; it may be left with a single level. */
static amct_status drop_kinds(amct_genes *genes, amct_gene *gene, const amct_leveldb *levels,
                              amct_err *err)
{
    uint32_t kept = 1;
    for (uint32_t k = 1; k < gene->n_levels; k++) {
        const amct_quantised *ignored;
        amct_err why;
        uint8_t kind = gene->values[k];
        if (amct_leveldb_get(&ignored, levels, gene->index, kind, &why) == AMCT_OK) {
            gene->values[kept++] = kind;
            continue;
        }
        const char *text = amct_arena_string(genes->arena, why.text);
        if (why.code != AMCT_E_UNSUPPORTED || !text)
            return amct_fail(err, why.code, "%s", why.text);
        skip(genes, gene->index, kind, text);
    }
    if (kept == 1)
        genes->skipped[genes->n_skipped - 1].value = AMCT_LEVEL_16;
    gene->n_levels = kept;
    return AMCT_OK;
}

amct_status amct_genes_drop_impossible(amct_genes *genes, const amct_leveldb *levels, amct_err *err)
{
    uint32_t kept = 0;
    for (uint32_t g = 0; g < genes->n; g++) {
        if (genes->genes[g].kind == AMCT_GENE_BITS)
            AMCT_TRY(drop_kinds(genes, &genes->genes[g], levels, err));
        if (genes->genes[g].n_levels == 1)
            continue;
        genes->n_levels[kept] = (uint8_t)genes->genes[g].n_levels;
        genes->genes[kept++] = genes->genes[g];
    }
    genes->n = kept;
    return AMCT_OK;
}

const char *amct_genes_reason(const amct_genes *genes, amct_gene_kind kind, uint32_t index,
                              uint32_t value)
{
    for (uint32_t i = 0; i < genes->n_skipped; i++) {
        const amct_skipped *s = &genes->skipped[i];
        if (s->kind == kind && s->index == index && (!s->value || s->value == value))
            return s->reason;
    }
    return NULL;
}

const amct_gene *amct_genes_of(const amct_genes *genes, amct_gene_kind kind, uint32_t index)
{
    for (uint32_t g = 0; g < genes->n; g++)
        if (genes->genes[g].kind == kind && genes->genes[g].index == index)
            return &genes->genes[g];
    return NULL;
}

uint8_t amct_gene_dense(const amct_gene *gene)
{
    uint32_t k = gene->n_levels - 1;
    while (k > 0 && amct_level_sparse((amct_level_kind)gene->values[k]))
        k--;
    return gene->values[k];
}

void amct_genes_exclude(const amct_genes *genes, uint8_t *choices)
{
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        uint8_t *own = &choices[gene->slot];
        if (gene->kind != AMCT_GENE_BITS || !amct_level_sparse((amct_level_kind)*own))
            continue;
        for (uint32_t k = 0; k < genes->n; k++) {
            const amct_gene *other = &genes->genes[k];
            bool touched = other->kind == AMCT_GENE_CHANNELS
                               ? other->touched[gene->index]
                               : other->kind == AMCT_GENE_RANK && other->index == gene->index;
            if (touched && choices[other->slot])
                *own = amct_gene_dense(gene);
        }
    }
}

void amct_genes_express(const amct_genes *genes, const uint8_t *genome, uint8_t *choices)
{
    memset(choices, 0, genes->n_choices);
    for (uint32_t g = 0; g < genes->n; g++)
        choices[genes->genes[g].slot] = genes->genes[g].values[genome[g]];
    amct_genes_exclude(genes, choices);
}
