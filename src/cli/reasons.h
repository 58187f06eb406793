/*
 * reasons.h - why a gene is at no level that loses more, as far as it is known.
 */
#ifndef AMCT_CLI_REASONS_H
#define AMCT_CLI_REASONS_H

#include "tune/tune.h"

enum { AMCT_REASON = 160 };

/* Of the network's latency; a gain that would be printed as 0.0 % is none. */
#define AMCT_LEAST_GAIN_RATIO 0.0005

/* Which level of the gene was chosen. */
uint32_t amct_reasons_level(const amct_tuned *to, const amct_gene *gene);

/* Names the next level that is faster beside the other choices, and what is known of its loss; or
 * says that none is. NULL if the gene is at its last level, else text. */
const char *amct_reasons_tell(char text[AMCT_REASON], const amct_tuned *to, const amct_gene *gene);

#endif
