/* Not a plugin: exports another symbol. */
#include <amct/plugin.h>

extern AMCT_PLUGIN_EXPORT const int something_else;
const int something_else = 1;
