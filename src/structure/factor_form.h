/*
 * factor_form.h - how the window of a layer splits into those of the two layers of a form. What a
 * form may be had of, and what it takes, is told by factorise.h.
 */
#ifndef AMCT_STRUCTURE_FACTOR_FORM_H
#define AMCT_STRUCTURE_FACTOR_FORM_H

#include "structure/factorise.h"

/* The places of a tap in both windows. Returns how many taps the first window has. */
int64_t amct_factor_tap(int64_t *first, int64_t *second, const amct_columns *columns,
                        amct_split_form form, int64_t tap);
int64_t amct_factor_taps(const amct_columns *columns, amct_split_form form);

#endif
