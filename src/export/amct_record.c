#define _GNU_SOURCE /* open_memstream */
#include "export/amct_text.h"

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

amct_status amct_record_text(char **out, const amct_origin *origin, amct_err *err)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < origin->n_layers; i++)
        if (origin->levels[i])
            print_layer(to, &origin->layers[i], origin->levels[i]);
    bool failed = ferror(to);
    if (fclose(to) != 0 || failed) {
        free(text);
        return amct_fail_nomem(err);
    }
    *out = text;
    return AMCT_OK;
}
