/* A plugin for a later version of the interface: nothing of it may be looked at. */
#include <amct/plugin.h>

extern AMCT_PLUGIN_EXPORT const amct_plugin *const amct_plugin_v2;
const amct_plugin *const amct_plugin_v2 = NULL;
