/*
 * air.h - whether a file is an .air model, for the message that refuses it.
 */
#ifndef AMCT_IMPORT_AIR_H
#define AMCT_IMPORT_AIR_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the first n bytes begin a ModelDef of the graph engine (GE) of Huawei's CANN: a name, a
 * version, and a graph whose first operator has a name and a type, all in the order of their
 * numbers. No other format is laid out so. */
bool amct_air_is(const void *head, size_t n);

#endif
