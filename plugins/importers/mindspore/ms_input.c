/* The network's inputs. */
#include "../common/input_option.h"
#include "ms_reader.h"

#include <string.h>

/* The dims that the option `input` has for the tensor, where the file leaves them open. */
static int32_t use_option(ms_reader *r, ms_tensor *t)
{
    int64_t given[MS_MAX_RANK];
    int32_t n_given;
    size_t n;
    char text[200];
    const char *option = input_option_find(r->input, t->name, &n);
    if (!option)
        return AMCT_OK;
    if (!input_option_dims(option, n, &n_given, given))
        return ms_fail(r, AMCT_E_INVALID,
                       "option input: '%.*s' is no list of 1 to %d dims; 1x3x224x224 or "
                       "NAME:1x3x224x224;NAME:1x10 is wanted",
                       (int)(n < 80 ? n : 80), option, MS_MAX_RANK);
    bool fits = t->rank < 0 || t->rank == n_given;
    for (int32_t d = 0; fits && d < t->rank; d++)
        fits = t->dims[d] < 0 || t->dims[d] == given[d];
    if (!fits)
        return ms_fail(r, AMCT_E_INVALID,
                       "option input: the dims of '%.100s' are others in the file (%s)", t->name,
                       ms_dims_text(t->rank, t->dims, text, sizeof text));
    t->rank = n_given;
    memcpy(t->dims, given, (size_t)n_given * sizeof *given);
    return AMCT_OK;
}

static int32_t check(ms_reader *r, const ms_tensor *t)
{
    bool open = t->rank < 0;
    char text[200];
    for (int32_t d = 1; d < t->rank; d++)
        open |= t->dims[d] < 0;
    if (open)
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "the file does not say the dims of input '%.100s' (%s); say --model-option "
                       "input=1x3x224x224 or the like",
                       t->name, ms_dims_text(t->rank, t->dims, text, sizeof text));
    if (!ms_dtype_bytes(t->dtype))
        return ms_fail(r, AMCT_E_UNSUPPORTED, "input '%.100s' has no supported element type",
                       t->name);
    return AMCT_OK;
}

/* "123_construct_4:x" is x. */
static int32_t plain_name(ms_reader *r, wire_span name, const char **out)
{
    const uint8_t *colon = memchr(name.data, ':', name.size);
    if (colon && colon + 1 < name.data + name.size)
        name = (wire_span){colon + 1, (size_t)(name.data + name.size - colon - 1)};
    *out = import_copy(&r->memory, name.data, name.size);
    return *out ? AMCT_OK : ms_nomem(r);
}

int32_t ms_read_inputs(ms_reader *r, ms_graph *graph, ms_value *out)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        wire_span info = graph->inputs[i], tensor = wire_bytes(info, 2);
        ms_tensor *t;
        const char *name;
        MS_TRY(plain_name(r, wire_bytes(info, 1), &name));
        MS_TRY(ms_tensor_new(r, name, AMCT_UNDEFINED, -1, NULL, &t));
        if (!tensor.data)
            return ms_fail(r, AMCT_E_UNSUPPORTED, "input '%.100s' is no tensor", name);
        MS_TRY(ms_read_shape(r, tensor, t));
        MS_TRY(use_option(r, t));
        MS_TRY(check(r, t));
        t->kind = AMCT_TENSOR_INPUT;
        MS_TRY(ms_tensor_emit(r, t));
        out[i] = ms_of(t);
    }
    return AMCT_OK;
}
