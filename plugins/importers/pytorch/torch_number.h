/*
 * torch_number.h - Python's operators on plain numbers, strings and lists, as code and .pt2 graphs
 * reckon sizes with them.
 */
#ifndef TORCH_NUMBER_H
#define TORCH_NUMBER_H

#include "torch_reader.h"

/* "add", "floordiv", "eq", "neg", "__not__" ... on n values, by the names of Python's operator
 * module and of TorchScript. Numbers that are only known when the network runs become nodes, named
 * after label. Overflow of integers is refused. AMCT_E_UNSUPPORTED if there is no such operator
 * for these values. */
int32_t torch_number_op(torch_reader *r, const char *op, const char *label, const torch_value *args,
                        uint32_t n, torch_value *out);
/* Whether there is an operator of that name. */
bool torch_number_known(const char *op);
/* Equality of numbers, strings, None, and lists of them. */
bool torch_equal(torch_value a, torch_value b);

#endif
