#include "cli/choices.h"

#include "base/number.h"
#include "base/utf8.h"
#include "tune/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *amct_choices_form(amct_split_form form)
{
    return form == AMCT_SPLIT_ROWS || form == AMCT_SPLIT_COLUMNS ? "spatial" : "channel";
}

const char *amct_choices_kind(amct_gene_kind kind)
{
    return kind == AMCT_GENE_BITS ? "bits" : kind == AMCT_GENE_CHANNELS ? "channels" : "rank";
}

/* Of the layer, or of the group. */
static const char *name_of(const amct_choices_of *of, amct_gene_kind kind, uint32_t index)
{
    return kind == AMCT_GENE_CHANNELS ? amct_structure_group(of->structure, index).group->name
                                      : of->layers[index].name;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

void amct_choices_add(amct_json *json, cJSON *at, const amct_choices_of *of, amct_gene_kind kind,
                      uint32_t index, uint32_t value)
{
    if (kind == AMCT_GENE_BITS) {
        amct_json_text(json, at, "bits", amct_level_name((amct_level_kind)value));
    } else if (kind == AMCT_GENE_CHANNELS) {
        amct_group_levels levels = amct_structure_group(of->structure, index);
        amct_json_integer(json, at, "channels_kept",
                          value ? levels.kept[value - 1] : levels.group->n_lanes);
    } else if (value) {
        amct_rank rank = amct_structure_layer(of->structure, index).ranks[value - 1];
        amct_json_integer(json, at, "rank", rank.rank);
        amct_json_text(json, at, "form", amct_choices_form(rank.form));
    } else {
        amct_json_null(json, at, "rank");
    }
}

void amct_choices_add_gains(amct_json *json, cJSON *list, const amct_choices_of *of,
                            const amct_gains *gains)
{
    for (uint32_t g = 0; g < of->genes->n; g++) {
        const amct_gene *gene = &of->genes->genes[g];
        cJSON *at = amct_json_object(json, list, NULL);
        amct_json_text(json, at, "kind", amct_choices_kind(gene->kind));
        amct_json_text(json, at, "name", name_of(of, gene->kind, gene->index));
        cJSON *levels = amct_json_array(json, at, "levels");
        for (uint32_t k = 0; k < gene->n_levels; k++) {
            cJSON *level = amct_json_object(json, levels, NULL);
            amct_choices_add(json, level, of, gene->kind, gene->index, gene->values[k]);
            amct_json_number(json, level, "network_latency_ms",
                             gains->alone_ns[g * AMCT_GENE_LEVELS + k] / 1e6);
        }
    }
}

/* ---- Words --------------------------------------------------------------------------------- */

const char *amct_choices_words(char text[AMCT_CHOICE_WORDS], const amct_choices_of *of,
                               amct_gene_kind kind, uint32_t index, uint32_t value)
{
    if (kind == AMCT_GENE_BITS) {
        snprintf(text, AMCT_CHOICE_WORDS, "%s", amct_level_name((amct_level_kind)value));
    } else if (kind == AMCT_GENE_CHANNELS) {
        amct_group_levels levels = amct_structure_group(of->structure, index);
        snprintf(text, AMCT_CHOICE_WORDS, "%u of %u",
                 value ? levels.kept[value - 1] : levels.group->n_lanes, levels.group->n_lanes);
    } else if (value) {
        amct_rank rank = amct_structure_layer(of->structure, index).ranks[value - 1];
        snprintf(text, AMCT_CHOICE_WORDS, "%lld %s", (long long)rank.rank,
                 amct_choices_form(rank.form));
    } else {
        snprintf(text, AMCT_CHOICE_WORDS, "whole");
    }
    return text;
}

void amct_choices_add_skipped(amct_json *json, cJSON *list, const amct_choices_of *of)
{
    for (uint32_t i = 0; i < of->genes->n_skipped; i++) {
        const amct_skipped *s = &of->genes->skipped[i];
        cJSON *at = amct_json_object(json, list, NULL);
        char words[AMCT_CHOICE_WORDS], level[80];
        if (s->kind == AMCT_GENE_BITS)
            snprintf(level, sizeof level, "%s", amct_level_name((amct_level_kind)s->value));
        else
            snprintf(level, sizeof level, "%s%s%s", amct_choices_kind(s->kind), s->value ? " " : "",
                     s->value ? amct_choices_words(words, of, s->kind, s->index, s->value) : "");
        bool all = s->kind == AMCT_GENE_BITS && s->value == AMCT_LEVEL_16;
        amct_json_text(json, at, "name", name_of(of, s->kind, s->index));
        amct_json_text(json, at, "level", all ? NULL : level);
        amct_json_text(json, at, "reason", s->reason);
    }
}

typedef struct by_gain {
    double least_ns; /* of its levels */
    uint32_t gene;
} by_gain;

static int compare(const void *a, const void *b)
{
    const by_gain *x = a, *y = b;
    if (x->least_ns != y->least_ns)
        return x->least_ns < y->least_ns ? -1 : 1;
    return x->gene < y->gene ? -1 : x->gene > y->gene;
}

static void print_gene(const amct_choices_of *of, const amct_gains *gains, uint32_t g)
{
    const amct_gene *gene = &of->genes->genes[g];
    char name[AMCT_SHOWN], words[AMCT_CHOICE_WORDS];
    printf("  %-9s", amct_choices_kind(gene->kind));
    for (uint32_t k = 1; k < gene->n_levels; k++) {
        double percent = 100 * (gains->alone_ns[g * AMCT_GENE_LEVELS + k] / gains->original_ns - 1);
        printf("%s%s ", k > 1 ? ", " : "",
               amct_choices_words(words, of, gene->kind, gene->index, gene->values[k]));
        if (fabs(percent) < 0.05) /* 0.0 */
            printf("not faster");
        else
            printf("%+.1f %%", percent);
    }
    printf("  %s\n", amct_utf8_show(name_of(of, gene->kind, gene->index), name, sizeof name));
}

/* Of bits each level counts by itself. */
static bool is_alike(const amct_skipped *a, const amct_skipped *b)
{
    return a->kind == b->kind && (a->kind != AMCT_GENE_BITS || a->value == b->value) &&
           strcmp(a->reason, b->reason) == 0;
}

static bool is_new(const amct_genes *genes, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (is_alike(&genes->skipped[k], &genes->skipped[i]))
            return false;
    return true;
}

/* What was left out for the same reason counts as one, with the first names. */
static void print_skipped(const amct_choices_of *of)
{
    enum { NAMED = 3 };
    const amct_genes *genes = of->genes;
    for (uint32_t i = 0; i < genes->n_skipped; i++) {
        const amct_skipped *s = &genes->skipped[i];
        char words[AMCT_SHOWN];
        uint32_t n = 0, names = 0, last = UINT32_MAX;
        if (!is_new(genes, i))
            continue;
        for (uint32_t k = i; k < genes->n_skipped; k++)
            n += is_alike(&genes->skipped[k], s);
        bool level = s->kind == AMCT_GENE_BITS && s->value != AMCT_LEVEL_16;
        printf("  left out, %s%s%s (%u): %s", amct_choices_kind(s->kind), level ? " " : "",
               level ? amct_level_name((amct_level_kind)s->value) : "", n,
               amct_utf8_show(s->reason, words, sizeof words));
        for (uint32_t k = i; k < genes->n_skipped; k++) {
            const amct_skipped *other = &genes->skipped[k];
            if (!is_alike(other, s) || other->index == last) /* levels of one are neighbours */
                continue;
            last = other->index;
            const char *name = name_of(of, s->kind, last); /* "": a group that no layer makes */
            if (*name && names++ < NAMED)
                printf("%s%s", names > 1 ? ", " : ": ", amct_utf8_show(name, words, sizeof words));
        }
        if (names > NAMED)
            printf(" and %u more", names - NAMED);
        printf("\n");
    }
}

/* ---- Levels of bits that a layer has not ---------------------------------------------------- */

void amct_choices_print_left_out(const amct_genes *genes, uint32_t layer)
{
    const char *reason = NULL; /* of the levels that were named last */
    char words[AMCT_SHOWN];
    for (uint32_t i = 0; i < genes->n_skipped; i++) {
        const amct_skipped *s = &genes->skipped[i];
        if (s->kind != AMCT_GENE_BITS || s->index != layer)
            continue;
        const char *level = amct_level_name((amct_level_kind)s->value);
        if (s->value == AMCT_LEVEL_16) { /* then there is no other */
            printf("  (%s)", amct_utf8_show(s->reason, words, sizeof words));
            return;
        }
        if (!reason)
            printf("  (no %s", level);
        else if (strcmp(reason, s->reason) == 0)
            printf(", %s", level);
        else
            printf(": %s; no %s", amct_utf8_show(reason, words, sizeof words), level);
        reason = s->reason;
    }
    if (reason)
        printf(": %s)", amct_utf8_show(reason, words, sizeof words));
}

void amct_choices_add_left_out(amct_json *json, cJSON *list, const amct_genes *genes,
                               uint32_t layer)
{
    for (uint32_t i = 0; i < genes->n_skipped; i++) {
        const amct_skipped *s = &genes->skipped[i];
        if (s->kind != AMCT_GENE_BITS || s->index != layer || s->value == AMCT_LEVEL_16)
            continue;
        cJSON *at = amct_json_object(json, list, NULL);
        amct_json_text(json, at, "level", amct_level_name((amct_level_kind)s->value));
        amct_json_text(json, at, "reason", s->reason);
    }
}

/* ---- All choices ---------------------------------------------------------------------------- */

amct_status amct_choices_print(const amct_choices_of *of, const amct_gains *gains, const char *chip,
                               uint32_t most, amct_err *err)
{
    const amct_genes *genes = of->genes;
    by_gain *order = calloc(genes->n + (size_t)1, sizeof *order);
    if (!order)
        return amct_fail_nomem(err);
    for (uint32_t g = 0; g < genes->n; g++) {
        order[g] = (by_gain){gains->original_ns, g};
        for (uint32_t k = 1; k < genes->genes[g].n_levels; k++)
            if (gains->alone_ns[g * AMCT_GENE_LEVELS + k] < order[g].least_ns)
                order[g].least_ns = gains->alone_ns[g * AMCT_GENE_LEVELS + k];
    }
    qsort(order, genes->n, sizeof *order, compare);
    if (genes->n)
        printf("what a choice alone does to the network's %.4g ms on %s:\n",
               gains->original_ns / 1e6, chip);
    for (uint32_t i = 0; i < genes->n && i < most; i++)
        print_gene(of, gains, order[i].gene);
    if (genes->n > most)
        printf("  and %u more, which gain less; --json lists all\n", genes->n - most);
    print_skipped(of);
    free(order);
    return AMCT_OK;
}

static bool any_structure(const amct_genes *genes)
{
    for (uint32_t g = 0; g < genes->n; g++)
        if (genes->genes[g].kind != AMCT_GENE_BITS)
            return true;
    return false;
}

void amct_choices_print_reach(const amct_choices_of *of, const amct_gains *gains,
                              const amct_fixed_share *share, const char *chip, int64_t batch)
{
    const amct_gains *g = gains;
    char text[AMCT_FIXED_TEXT];
    double reach = g->original_ns / g->fastest_ns;
    amct_rounded now = amct_number_round(g->original_ns / 1e6, 4);
    amct_rounded bits = amct_number_round(g->bits_ns / 1e6, 4);
    amct_rounded least = amct_number_round(g->fastest_ns / 1e6, 4);
    printf("latency %s ms on %s at batch %lld\n", now.text, chip, (long long)batch);
    if (g->fastest_ns > (1 - AMCT_FASTER_RATIO) * g->original_ns)
        printf("no choice makes it faster by 1 %%: a search would end with the original\n");
    else if (any_structure(of->genes))
        printf("%s ms with all bits at their lowest (%.2fx), %s ms with every choice at its "
               "fastest: no search can be expected to reach more than %.2fx\n",
               bits.text, g->original_ns / g->bits_ns, least.text, reach);
    else
        printf("%s ms with every choice at its fastest: no search can reach more than %.2fx\n",
               least.text, reach);
    printf("%s\n", amct_fixed_share_print(share, text));
}

void amct_choices_add_fixed(amct_json *json, cJSON *at, const amct_fixed_share *share)
{
    amct_json_number(json, at, "fixed_ratio", share->ratio);
    if (share->batch)
        amct_json_integer(json, at, "fixed_below_half_at_batch", share->batch);
    else
        amct_json_null(json, at, "fixed_below_half_at_batch");
}
