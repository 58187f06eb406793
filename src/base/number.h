/*
 * number.h - numbers as users write them, on the command line and in search files.
 *
 * Each function takes the whole of a text (blanks around it are skipped), whatever the locale, and
 * fails with AMCT_E_INVALID and words of the form `'1,0%' is not a ratio such as 1% or 0.01`, to
 * which the caller adds the place. Results are finite. [any thread]
 */
#ifndef AMCT_BASE_NUMBER_H
#define AMCT_BASE_NUMBER_H

#include "base/err.h"

/* "0.5", "-3", "1e-3" or a fraction of two such: "1/255". */
amct_status amct_parse_number(double *out, const char *text, amct_err *err);

/* A ratio in 0 .. 1: "1%", "1.0 %", "0.01", "1/100". Without a percent sign it must be below 1: who
 * writes 1 may mean 1 % or all; all is "100%". */
amct_status amct_parse_ratio(double *out, const char *text, amct_err *err);

/* A ratio that is neither 0 nor 1. */
amct_status amct_parse_share(double *out, const char *text, amct_err *err);

/* A whole number in min .. max, decimal. */
amct_status amct_parse_integer(int64_t *out, const char *text, int64_t min, int64_t max,
                               amct_err *err);

/* A size in bytes: "4GiB", "512M", "1.5 GB", "65536". K, M, G, T and KiB .. TiB are powers of 1024,
 * KB .. TB powers of 1000; upper or lower case. Rounded to whole bytes; min or more of
 * them, a multiple of 1 MiB. */
amct_status amct_parse_bytes(uint64_t *out_bytes, const char *text, uint64_t min, amct_err *err);

/* A time: "8h", "90s", "1h30m", "1.5h", "250ms"; units d, h, m, s, ms from large to small. A number
 * alone is seconds. At most 10 years. */
amct_status amct_parse_duration(uint64_t *out_ns, const char *text, amct_err *err);

/* ---- Printing ----------------------------------------------------------------------------- */

enum { AMCT_NUMBER_TEXT = 32 };

/* The shortest text that is the same double when read back. Returns text. */
const char *amct_number_print(double value, char text[AMCT_NUMBER_TEXT]);

/* So many significant digits, 1 to 9, without zeros at the end, and without an exponent from 0.001
 * to a million. */
typedef struct amct_rounded {
    char text[AMCT_NUMBER_TEXT];
} amct_rounded;
amct_rounded amct_number_round(double value, int digits);

#endif
