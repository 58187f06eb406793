/*
 * choices.h - how the answers of several commands tell a level of a gene, what it would gain, and
 * the levels that were left out.
 */
#ifndef AMCT_CLI_CHOICES_H
#define AMCT_CLI_CHOICES_H

#include "report/json.h"
#include "tune/fixed_share.h"
#include "tune/gains.h"

/* What the genes are over; structure may be NULL if none of them is of channels or ranks. */
typedef struct amct_choices_of {
    const amct_genes *genes;
    const amct_layer *layers;
    const amct_structure *structure;
} amct_choices_of;

/* "bits", "channels" or "rank". */
const char *amct_choices_kind(amct_gene_kind kind);
/* "channel" or "spatial". */
const char *amct_choices_form(amct_split_form form);

/* What such a gene says at a value, to be read behind its kind: "w4a8", "48 of 64", "16 channel",
 * "whole". Returns text. */
enum { AMCT_CHOICE_WORDS = 64 };
const char *amct_choices_words(char text[AMCT_CHOICE_WORDS], const amct_choices_of *of,
                               amct_gene_kind kind, uint32_t index, uint32_t value);
/* What value `value` of such a gene says, into an object: bits, channels_kept, or rank and form. */
void amct_choices_add(amct_json *json, cJSON *at, const amct_choices_of *of, amct_gene_kind kind,
                      uint32_t index, uint32_t value);
/* The list of genes, each with the network's latency at every level. */
void amct_choices_add_gains(amct_json *json, cJSON *list, const amct_choices_of *of,
                            const amct_gains *gains);
/* The list of what was left out. */
void amct_choices_add_skipped(amct_json *json, cJSON *list, const amct_choices_of *of);

/* The levels of bits that a layer has not, with the reasons: in parentheses behind a line on
 * stdout, nothing if there are none; and into a list, which leaves out a reason that stands for
 * all. */
void amct_choices_print_left_out(const amct_genes *genes, uint32_t layer);
void amct_choices_add_left_out(amct_json *json, cJSON *list, const amct_genes *genes,
                               uint32_t layer);

/* On stdout: the genes, a line for each; those that gain most first, `most` of them; then for what
 * reasons how many levels were left out, with the first names. chip is that of the latencies. */
amct_status amct_choices_print(const amct_choices_of *of, const amct_gains *gains, const char *chip,
                               uint32_t most, amct_err *err);
/* On stdout: the latency, the most that any search could reach, and the share of fixed cost. */
void amct_choices_print_reach(const amct_choices_of *of, const amct_gains *gains,
                              const amct_fixed_share *share, const char *chip, int64_t batch);
void amct_choices_add_fixed(amct_json *json, cJSON *at, const amct_fixed_share *share);

#endif
