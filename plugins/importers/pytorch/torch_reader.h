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
    const char *input; /* the option: dims of inputs; NULL if it is not given */
    import_memory memory;
    char place[320];  /* what is being read, for messages, */
    const char *file; /* or the code that is running: NULL if none is */
    uint32_t line;
    bool checksum_warned;
    size_t n_copied; /* bytes of constants that did not lie in C order */
    uint32_t n_nodes;
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
/* The same for a line of code; the file's name is kept. */
static inline void torch_at_line(torch_reader *r, const char *file, uint32_t line)
{
    r->file = file;
    r->line = line;
}

/* ---- torch_export.c ------------------------------------------------------------------------- */

/* Whether the archive holds a program of torch.export, in today's form or that of 2024. */
bool torch_is_export(const torch_zip *zip);
int32_t torch_read_export(torch_reader *r, const torch_zip *zip);

/* ---- torch_weights.c ------------------------------------------------------------------------ */

/* A state dict, or a checkpoint that holds one: constants alone. The archive, or the stream of
 * pickles that PyTorch wrote before 1.6. */
int32_t torch_read_weights(torch_reader *r, const torch_zip *zip);
int32_t torch_read_old_weights(torch_reader *r, torch_span file);
/* The tensors of a state dict that was saved to an archive of its own, by their names. */
int32_t torch_load_dict(torch_reader *r, torch_span archive, const char *what, torch_dict **out);
bool torch_is_old_weights(torch_span file);

/* ---- torch_script.c ------------------------------------------------------------------------- */

/* Whether the archive holds TorchScript. */
bool torch_is_script(const torch_zip *zip);
int32_t torch_read_script(torch_reader *r, const torch_zip *zip);

/* ---- torch_input.c -------------------------------------------------------------------------- */

/* Gives an input the dims that the option `input` has for its name, "1x3x32x32" or
 * "x:1x3x32x32;y:1x10", where the file leaves them open; rank may be -1. */
int32_t torch_input_dims(torch_reader *r, const char *name, int32_t *rank, int64_t *dims);
/* Refuses an input of which more than the first dim is open. */
int32_t torch_input_check(torch_reader *r, const torch_tensor *input);

/* ---- torch_probe.c ------------------------------------------------------------------------- */

int32_t torch_probe(const void *head, size_t n, const char *path);

#endif
