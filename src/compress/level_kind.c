/* What the levels are called, and what they take. */
#include "compress/level.h"

static const struct kind {
    const char *name;
    uint32_t weight_bits, src_bits;
    bool sparse;
} kinds_table[AMCT_N_LEVELS] = {{"16", 16, 16, false},
                                {"w8a8", 8, 8, false},
                                {"w4a8", 4, 8, false},
                                {"w4a4", 4, 4, false},
                                {"w8a8-2of4", 8, 8, true}};

const char *amct_level_name(amct_level_kind kind)
{
    return kind < AMCT_N_LEVELS ? kinds_table[kind].name : "?";
}

uint32_t amct_level_weight_bits(amct_level_kind kind)
{
    return kinds_table[kind].weight_bits;
}

uint32_t amct_level_src_bits(amct_level_kind kind)
{
    return kinds_table[kind].src_bits;
}

bool amct_level_sparse(amct_level_kind kind)
{
    return kinds_table[kind].sparse;
}

const char *amct_level_refusal(const amct_layer *layer, amct_level_kind kind)
{
    return layer->no_int8 ? layer->no_int8 : kinds_table[kind].sparse ? layer->no_sparse : NULL;
}

int64_t amct_level_bytes(const amct_layer *layer, amct_level_kind kind)
{
    int64_t bias = layer->bias != AMCT_NO_TENSOR ? layer->channels : 0;
    int64_t weights = layer->parameters - bias;
    if (kind == AMCT_LEVEL_16)
        return 2 * layer->parameters;
    int64_t bits = weights * amct_level_weight_bits(kind);
    if (amct_level_sparse(kind))
        bits = (3 * bits + 3) / 4;
    return (bits + 7) / 8 + 4 * layer->channels + 8 * (layer->per_channel ? layer->channels : 1);
}
