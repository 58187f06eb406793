#define _GNU_SOURCE /* open_memstream */
#include "export/amct_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A string of protobuf's text format. */
static void print_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 32 || c > 126)
            fprintf(to, "\\%03o", c);
        else
            fputc(c, to);
    }
    fputc('"', to);
}

/* Nine digits give back the same float. Offsets of weights are 0: they are symmetric. */
static void print_layer(FILE *to, const amct_layer *layer, const amct_quantised *q)
{
    fputs("record {\n  key: ", to);
    print_string(to, layer->name);
    fprintf(to,
            "\n  value {\n    scale_d: %.9g\n    offset_d: %d\n    act_type: \"INT%u\"\n"
            "    op_data_type: \"FLOAT32\"\n",
            q->src.scale, q->src.offset, q->src_bits);
    for (int64_t c = 0; c < q->n_scales; c++)
        fprintf(to, "    scale_w: %.9g\n", q->scales[c]);
    for (int64_t c = 0; c < q->n_scales; c++)
        fputs("    offset_w: 0\n", to);
    fprintf(to, "    wts_type: \"INT%u\"\n  }\n}\n", q->weight_bits);
}

static void print_ints(FILE *to, const char *name, const int64_t *values, int64_t n)
{
    fprintf(to, "    attr {\n      name: \"%s\"\n      type: INTS\n", name);
    for (int64_t i = 0; i < n; i++)
        fprintf(to, "      ints: %" PRId64 "\n", values[i]);
    fputs("    }\n", to);
}

/* A bit for each weight in C order, 1 where it is kept; the first of a byte is its highest, and
 * eight bytes are a little-endian integer (add_mask_to_record in hicann/amct at 30e0b5c12). */
static bool print_sparse(FILE *to, const amct_layer *layer, const amct_quantised *q,
                         const amct_shape *shape)
{
    int64_t n = (q->n_weights + 63) / 64;
    int64_t *mask = calloc((size_t)n + 1, sizeof *mask);
    if (!mask)
        return false;
    for (int64_t i = 0; i < q->n_weights; i++)
        if (q->weights[i])
            ((uint8_t *)mask)[i / 8] |= (uint8_t)(0x80 >> i % 8);
    fputs("prune_record {\n  selective_prune {\n    name: ", to);
    print_string(to, layer->name);
    fputc('\n', to);
    print_ints(to, "mask_shape", shape->dims, shape->rank);
    print_ints(to, "selective_mask", mask, n);
    fputs("  }\n}\n", to);
    free(mask);
    return true;
}

amct_status amct_record_text(char **out, const amct_graph *candidate, const amct_origin *origin,
                             amct_err *err)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < origin->n_layers; i++)
        if (origin->levels[i])
            print_layer(to, &origin->layers[i], origin->levels[i]);
    bool failed = false;
    for (uint32_t i = 0; i < origin->n_layers; i++) {
        const amct_layer *layer = &origin->layers[i];
        if (origin->levels[i] && origin->levels[i]->sparse)
            failed |= !print_sparse(to, layer, origin->levels[i],
                                    &candidate->tensors[layer->weights].shape);
    }
    failed |= ferror(to) != 0;
    if (fclose(to) != 0 || failed) {
        free(text);
        return amct_fail_nomem(err);
    }
    *out = text;
    return AMCT_OK;
}
