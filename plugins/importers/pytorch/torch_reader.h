/*
 * torch_reader.h - what the files of the importer share: one instance, and how it fails.
 *
 * Functions return an amct_status as int32_t; whoever notices a failure describes it with
 * torch_fail, which puts the place being read in front. Everything lives in `memory` until close.
 */
#ifndef TORCH_READER_H
#define TORCH_READER_H

#include "torch_value.h"

#define TORCH_TRY(expr)                                                                            \
    do {                                                                                           \
        int32_t try_status_ = (expr);                                                              \
        if (try_status_ != AMCT_OK)                                                                \
            return try_status_;                                                                    \
    } while (0)

enum { TORCH_MAX_JSON = 8 };

struct torch_reader {
    const amct_host *host;
    const amct_sink *sink;
    amct_view model;
    torch_memory memory;
    char place[320]; /* what is being read, for messages */
    bool checksum_warned;
    size_t n_copied;                    /* bytes of constants that did not lie in C order */
    uint32_t n_made;                    /* names that we made up */
    struct cJSON *json[TORCH_MAX_JSON]; /* documents that are parsed, see torch_json.h */
    uint32_t n_json;
};

/* ---- torch_report.c ------------------------------------------------------------------------ */

/* Describes a failure, with the place in front; returns code. */
int32_t torch_fail(torch_reader *r, int32_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int32_t torch_nomem(torch_reader *r);
void torch_warn(torch_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the place; "" for none. */
void torch_at(torch_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- torch_export.c ------------------------------------------------------------------------- */

/* Whether the archive holds a program of torch.export, in today's form or that of 2024. */
bool torch_is_export(const torch_zip *zip);
int32_t torch_read_export(torch_reader *r, const torch_zip *zip);

/* ---- torch_probe.c ------------------------------------------------------------------------- */

int32_t torch_probe(const void *head, size_t n, const char *path);

#endif
