/*
 * latency_screening.h - the search's table of latencies (src/tune/cost_table.h): its speed and its
 * error, and what it saves a search.
 */
#ifndef BENCH_LATENCY_SCREENING_H
#define BENCH_LATENCY_SCREENING_H

#include "tune/model.h"

/* Prints a line about the table, of bits alone or of bits, channels and ranks:
 * genomes a second, estimated and by the table once it knows them; how many of 1000 random genomes
 * had to be estimated; errors on 500 further ones, and on 500 that differ in up to six genes from
 * one that no change of a single gene makes faster. Their mean is also given after the mean error
 * itself was taken off: what is left when genomes are compared with each other. */
amct_status latency_screening_table(const amct_plugins *plugins, const amct_model *model,
                                    const char *label, const char *chip, bool structure,
                                    amct_err *err);
void latency_screening_heading(void);

/* Prints what searches take whose losses are made up, with the table and without. */
amct_status latency_screening_search(const amct_plugins *plugins, const amct_model *model,
                                     const char *label, const char *chip, bool structure,
                                     amct_err *err);

double latency_now(void); /* seconds */

#endif
