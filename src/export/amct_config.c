#include "export/amct_text.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

/* cJSON's functions take NULL and then return NULL or false, so a failure is seen at the end. */
static bool add_pair(cJSON *to, const char *key, double first, double second)
{
    cJSON *pair = cJSON_AddArrayToObject(to, key);
    return cJSON_AddItemToArray(pair, cJSON_CreateNumber(first)) &&
           cJSON_AddItemToArray(pair, cJSON_CreateNumber(second));
}

static bool add_activation(cJSON *layer, const amct_range_options *range, uint32_t bits)
{
    cJSON *to = cJSON_AddObjectToObject(layer, "activation_quant_params");
    bool good = cJSON_AddNumberToObject(to, "num_bits", bits);
    if (range->algo == AMCT_ACT_HFMG)
        good &= cJSON_AddStringToObject(to, "act_algo", "hfmg") &&
                cJSON_AddNumberToObject(to, "num_of_bins", range->bins);
    else
        good &= cJSON_AddNumberToObject(to, "max_percentile", range->percentile) &&
                cJSON_AddNumberToObject(to, "min_percentile", range->percentile) &&
                add_pair(to, "search_range", range->search_start, range->search_end) &&
                cJSON_AddNumberToObject(to, "search_step", range->search_step) &&
                cJSON_AddStringToObject(to, "act_algo", "ifmr");
    return good && cJSON_AddBoolToObject(to, "asymmetric", range->asymmetric);
}

/* AMCT quantises weights by their range; it has no name for another clip. */
static bool add_weights(cJSON *layer, bool per_channel, uint32_t bits)
{
    cJSON *to = cJSON_AddObjectToObject(layer, "weight_quant_params");
    return cJSON_AddNumberToObject(to, "num_bits", bits) &&
           cJSON_AddStringToObject(to, "wts_algo", "arq_quantize") &&
           cJSON_AddBoolToObject(to, "channel_wise", per_channel);
}

static bool add_all(cJSON *root, const amct_origin *origin,
                    const amct_export_calibration *calibration)
{
    bool good = cJSON_AddNumberToObject(root, "version", 1) &&
                cJSON_AddNumberToObject(root, "batch_num", calibration->batch_num) &&
                cJSON_AddBoolToObject(root, "activation_offset", calibration->range.asymmetric) &&
                cJSON_AddFalseToObject(root, "joint_quant") &&
                cJSON_AddTrueToObject(root, "do_fusion") &&
                cJSON_AddArrayToObject(root, "skip_fusion_layers") &&
                cJSON_AddArrayToObject(root, "tensor_quantize");
    for (uint32_t i = 0; good && i < origin->n_layers; i++) {
        const amct_layer *layer = &origin->layers[i];
        if (layer->no_int8)
            continue;
        cJSON *to = cJSON_AddObjectToObject(root, layer->name);
        const amct_quantised *q = origin->levels[i];
        good = cJSON_AddBoolToObject(to, "quant_enable", q != NULL) &&
               add_activation(to, &calibration->range, q ? q->src_bits : 8) &&
               add_weights(to, layer->per_channel, q ? q->weight_bits : 8);
    }
    return good;
}

amct_status amct_config_text(char **out, const amct_origin *origin,
                             const amct_export_calibration *calibration, amct_err *err)
{
    cJSON *root = cJSON_CreateObject();
    char *text = NULL;
    if (add_all(root, origin, calibration))
        text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text)
        return amct_fail_nomem(err);
    *out = text;
    return AMCT_OK;
}
