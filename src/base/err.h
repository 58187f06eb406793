/*
 * err.h - how failures travel.
 *
 * A fallible function returns an amct_status (0 is success), takes `amct_err *err` last, writes its
 * out-parameters only on success, and describes a failure exactly once, where it is noticed.
 * Callers that know where they are put that in front: `model.onnx: node 12 'Conv_4': kernel
 * height is 0`. err is never NULL.
 */
#ifndef AMCT_BASE_ERR_H
#define AMCT_BASE_ERR_H

#include <amct/plugin.h>

#define AMCT_ERR_TEXT          1024
#define AMCT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

typedef enum amct_status amct_status;

typedef struct amct_err {
    amct_status code;
    char text[AMCT_ERR_TEXT]; /* one line, no newline; cut with "..." if too long */
} amct_err;

/* Sets err to code and the text, cleaned as utf8.h says; returns code. */
amct_status amct_fail(amct_err *err, amct_status code, const char *fmt, ...) AMCT_PRINTF(3, 4);

/* Puts "<where>: " in front of the text; returns err->code. */
amct_status amct_fail_in(amct_err *err, const char *fmt, ...) AMCT_PRINTF(2, 3);

/* The same with the words of errno behind it. */
amct_status amct_fail_errno(amct_err *err, int error, const char *fmt, ...) AMCT_PRINTF(3, 4);

/* Out of memory; returns AMCT_E_NOMEM. */
amct_status amct_fail_nomem(amct_err *err);

/* A short name of the code: "format". */
const char *amct_status_name(amct_status code);

/* Forwards a failure unchanged. */
#define AMCT_TRY(expr)                                                                             \
    do {                                                                                           \
        amct_status try_status_ = (expr);                                                          \
        if (try_status_ != AMCT_OK)                                                                \
            return try_status_;                                                                    \
    } while (0)

#endif
