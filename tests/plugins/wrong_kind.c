/* A plugin of a kind that this program does not know. */
#include <amct/plugin.h>

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .kind = 7,
    .name = "wrong-kind",
    .version = "1",
    .summary = "",
};
