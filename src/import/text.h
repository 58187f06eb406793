/*
 * text.h - names from outside: present, UTF-8, of a sane length.
 */
#ifndef AMCT_IMPORT_TEXT_H
#define AMCT_IMPORT_TEXT_H

#include "base/err.h"

/* Refuses NULL (AMCT_E_PLUGIN), more than 64 KiB (AMCT_E_LIMIT) and what is not UTF-8
 * (AMCT_E_FORMAT). what is "a tensor's name". */
amct_status amct_text_check(const char *text, const char *what, amct_err *err);

#endif
