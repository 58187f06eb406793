/* A plugin whose description is shorter than that of version 1.0. */
#include <amct/plugin.h>

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = 24,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "small-struct",
    .version = "1",
    .summary = "",
};
