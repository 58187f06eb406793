/* The dims of inputs, which code does not say and programs may leave open. */
#include "torch_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads "1x3x32x32", up to n bytes. */
static int32_t read_dims(torch_reader *r, const char *text, size_t n, int32_t *rank, int64_t *dims)
{
    const char *at = text;
    for (*rank = 0; *rank < AMCT_MAX_RANK;) {
        char *end;
        long long dim = strtoll(at, &end, 10);
        if (end == at || dim < 1 || dim > INT32_MAX)
            break;
        dims[(*rank)++] = dim;
        if (end == text + n)
            return AMCT_OK;
        if (*end != 'x')
            break;
        at = end + 1;
    }
    return torch_fail(r, AMCT_E_INVALID,
                      "option input: '%.*s' is no list of 1 to %d dims; 1x3x224x224 or "
                      "NAME:1x3x224x224;NAME:1x10 is wanted",
                      (int)(n < 80 ? n : 80), text, AMCT_MAX_RANK);
}

int32_t torch_input_dims(torch_reader *r, const char *name, int32_t *rank, int64_t *dims)
{
    size_t length = strlen(name);
    int64_t given[AMCT_MAX_RANK];
    int32_t n_given = -1;
    for (const char *at = r->input; at && *at && n_given < 0;) {
        size_t n = strcspn(at, ";");
        bool named = memchr(at, ':', n) != NULL;
        if (!named)
            TORCH_TRY(read_dims(r, at, n, &n_given, given));
        else if (n > length && strncmp(at, name, length) == 0 && at[length] == ':')
            TORCH_TRY(read_dims(r, at + length + 1, n - length - 1, &n_given, given));
        at += n + (at[n] == ';');
    }
    if (n_given < 0)
        return AMCT_OK;
    bool fits = *rank < 0 || *rank == n_given;
    for (int32_t d = 0; fits && d < *rank; d++)
        fits = dims[d] < 0 || dims[d] == given[d];
    if (!fits)
        return torch_fail(r, AMCT_E_INVALID,
                          "option input: the dims of '%.100s' are others in the file", name);
    *rank = n_given;
    memcpy(dims, given, (size_t)n_given * sizeof *given);
    return AMCT_OK;
}

int32_t torch_input_check(torch_reader *r, const torch_tensor *input)
{
    char text[200] = "";
    bool open = input->rank < 0;
    for (int32_t d = 0; d < input->rank; d++) {
        size_t used = strlen(text);
        if (input->dims[d] < 0)
            snprintf(text + used, sizeof text - used, "%s?", d ? "x" : "");
        else
            snprintf(text + used, sizeof text - used, "%s%lld", d ? "x" : "",
                     (long long)input->dims[d]);
        open |= d > 0 && input->dims[d] < 0;
    }
    if (!open || input->id == AMCT_NO_TENSOR)
        return AMCT_OK;
    return torch_fail(r, AMCT_E_UNSUPPORTED,
                      "the file does not say the dims of input '%.100s' (%s); say --model-option "
                      "input=1x3x224x224 or the like",
                      input->name, input->rank < 0 ? "any" : text);
}
