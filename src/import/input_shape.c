#include "import/input_shape.h"

#include <stdlib.h>
#include <string.h>

/* Reads "1,3,224,224" up to a ';' or the end. */
static amct_status read_dims(amct_shape *out, const char **text, amct_err *err)
{
    amct_shape shape = {.rank = 0};
    const char *at = *text;
    do {
        char *end;
        long long dim = strtoll(at, &end, 10);
        if (end == at || dim == 0 || dim < -1 || dim > INT32_MAX || shape.rank == AMCT_MAX_RANK)
            return amct_fail(err, AMCT_E_INVALID,
                             "input shape: '%.60s' is no list of 1 to %d dims; 1,3,224,224 or "
                             "NAME:1,3,224,224;NAME:1,10 is wanted",
                             *text, AMCT_MAX_RANK);
        shape.dims[shape.rank++] = dim;
        at = end;
    } while (*at++ == ',');
    at--;
    if (*at && *at != ';')
        return amct_fail(err, AMCT_E_INVALID, "input shape: '%.60s' behind the dims", at);
    *text = at;
    *out = shape;
    return AMCT_OK;
}

static amct_tensor *find_input(amct_graph *graph, const char *name, size_t length)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        amct_tensor *t = &graph->tensors[graph->inputs[i]];
        if (strlen(t->name) == length && memcmp(t->name, name, length) == 0)
            return t;
    }
    return NULL;
}

static amct_status set_dims(amct_tensor *input, const amct_shape *shape, amct_err *err)
{
    char has[160], given[160];
    amct_shape merged = input->shape.rank < 0 ? *shape : input->shape;
    bool fits = merged.rank == shape->rank;
    for (int32_t d = 0; fits && d < merged.rank; d++) {
        if (merged.dims[d] < 0)
            merged.dims[d] = shape->dims[d];
        fits = shape->dims[d] < 0 || merged.dims[d] == shape->dims[d];
    }
    if (!fits)
        return amct_fail(err, AMCT_E_INVALID, "input shape: %s is given for input '%s' of %s",
                         amct_shape_print(shape, given, sizeof given), input->name,
                         amct_shape_print(&input->shape, has, sizeof has));
    input->shape = merged;
    return AMCT_OK;
}

amct_status amct_input_shape_set(amct_graph *graph, const char *text, amct_err *err)
{
    for (const char *at = text;; at++) {
        const char *colon = strrchr(at, ':'), *semicolon = strchr(at, ';');
        amct_shape shape;
        amct_tensor *input;
        if (semicolon) /* a name may hold colons: the last one in front of the dims counts */
            for (colon = semicolon; colon > at && *colon != ':';)
                colon--;
        if (colon && *colon != ':')
            colon = NULL;
        if (colon) {
            input = find_input(graph, at, (size_t)(colon - at));
            if (!input)
                return amct_fail(err, AMCT_E_INVALID, "input shape: there is no input '%.*s'",
                                 (int)(colon - at), at);
            at = colon + 1;
        } else if (graph->n_inputs == 1) {
            input = &graph->tensors[graph->inputs[0]];
        } else {
            return amct_fail(err, AMCT_E_INVALID,
                             "input shape: the network has %u inputs; NAME:DIMS;NAME:DIMS is "
                             "wanted",
                             graph->n_inputs);
        }
        AMCT_TRY(read_dims(&shape, &at, err));
        AMCT_TRY(set_dims(input, &shape, err));
        if (!*at)
            return AMCT_OK;
    }
}
