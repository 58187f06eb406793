/*
 * host.h - the host table that one instance of a plugin gets (amct_host in amct/plugin.h).
 *
 * It remembers the blocks that the plugin has, so that a constant can be checked to be one of them
 * before it passes to a graph, and so that nothing a plugin forgets outlives the instance.
 */
#ifndef AMCT_PLUGIN_HOST_H
#define AMCT_PLUGIN_HOST_H

#include "base/err.h"

#include <stdbool.h>

typedef struct amct_plugin_host amct_plugin_host;

/* plugin_name must outlive the host. */
amct_status amct_plugin_host_new(amct_plugin_host **out, const char *plugin_name, amct_err *err);
/* Frees the blocks that the plugin still has, too. */
void amct_plugin_host_free(amct_plugin_host *host);
/* What `open` is called with; lives as long as the host. */
const amct_host *amct_plugin_host_table(amct_plugin_host *host);

/* Describes a failure in the name of the plugin, as amct_host.fail does: the first one wins. */
amct_status amct_plugin_host_fail(amct_plugin_host *host, amct_status code, const char *fmt, ...)
    AMCT_PRINTF(3, 4);
/* What `call` ("read") of the plugin returned, as ours: the description that it gave, or one that
 * names plugin and call if it gave none. A code that is none of ours becomes AMCT_E_PLUGIN. Forgets
 * the description: the next call begins anew. */
amct_status amct_plugin_host_result(amct_plugin_host *host, int32_t code, const char *call,
                                    amct_err *err);

/* Whether block begins a block of at least size bytes that the plugin has. */
bool amct_plugin_host_has(amct_plugin_host *host, const void *block, size_t size);
/* Takes a block of at least size bytes from the plugin: the plugin must not use it again, the
 * caller frees the returned pointer with free(). NULL if block does not begin such a block. */
void *amct_plugin_host_take(amct_plugin_host *host, const void *block, size_t size);
/* Number of blocks that the plugin has. */
size_t amct_plugin_host_blocks(const amct_plugin_host *host);

#endif
