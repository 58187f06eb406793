/* The dims of inputs, which code does not say and programs may leave open. */
#include "../common/input_option.h"
#include "torch_reader.h"

#include <stdio.h>
#include <string.h>

int32_t torch_input_dims(torch_reader *r, const char *name, int32_t *rank, int64_t *dims)
{
    int64_t given[AMCT_MAX_RANK];
    int32_t n_given;
    size_t n;
    const char *text = input_option_find(r->input, name, &n);
    if (!text)
        return AMCT_OK;
    if (!input_option_dims(text, n, &n_given, given))
        return torch_fail(r, AMCT_E_INVALID,
                          "option input: '%.*s' is no list of 1 to %d dims; 1x3x224x224 or "
                          "NAME:1x3x224x224;NAME:1x10 is wanted",
                          (int)(n < 80 ? n : 80), text, AMCT_MAX_RANK);
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
