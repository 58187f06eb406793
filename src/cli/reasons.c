#include "cli/reasons.h"

#include "cli/choices.h"

#include <stdio.h>

uint32_t amct_reasons_level(const amct_tuned *to, const amct_gene *gene)
{
    uint32_t level = 0;
    while (to->best && gene->values[level] != to->best->choices[gene->slot])
        level++;
    return level;
}

static void tell_known(char text[64], const amct_tuned *to, uint32_t at)
{
    static const char *const words[] = {[AMCT_KNOWN_NOT] = "which was not tried",
                                        [AMCT_KNOWN_FORESEEN] = "whose loss was only foreseen",
                                        [AMCT_KNOWN_TOGETHER] =
                                            "which was measured along with other choices only"};
    if (to->known[at] == AMCT_KNOWN_ALONE)
        snprintf(text, 64, "at a loss of %.3g by that alone", to->alone_loss[at]);
    else
        snprintf(text, 64, "%s", words[to->known[at]]);
}

const char *amct_reasons_tell(char text[AMCT_REASON], const amct_tuned *to, const amct_gene *gene)
{
    static const char *const none[] = {
        [AMCT_GENE_BITS] = "a lossier level would not be faster beside the other layers' levels",
        [AMCT_GENE_CHANNELS] = "fewer channels would not be faster beside the other choices",
        [AMCT_GENE_RANK] = "factors of a lower rank would not be faster beside the other choices"};
    const amct_setup *s = &to->setup;
    uint32_t first = (uint32_t)(gene - s->genes.genes) * AMCT_GENE_LEVELS;
    uint32_t level = amct_reasons_level(to, gene) + 1;
    double most_ns = (1 - AMCT_LEAST_GAIN_RATIO) * to->best_cost.latency_ns;
    if (level == gene->n_levels)
        return NULL;
    while (level < gene->n_levels && to->other_ns[first + level] > most_ns)
        level++;
    if (level == gene->n_levels) {
        snprintf(text, AMCT_REASON, "%s", none[gene->kind]);
        return text;
    }
    amct_choices_of of = {&s->genes, s->model.layers, s->structure};
    char words[AMCT_CHOICE_WORDS], known[64];
    tell_known(known, to, first + level);
    amct_choices_words(words, &of, gene->kind, gene->index, gene->values[level]);
    snprintf(text, AMCT_REASON, "faster with %s%s%s, %s",
             gene->kind == AMCT_GENE_RANK ? "rank " : "", words,
             gene->kind == AMCT_GENE_CHANNELS ? " channels" : "", known);
    return text;
}
