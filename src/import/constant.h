/*
 * constant.h - the bytes of one constant on their way into a graph.
 */
#ifndef AMCT_IMPORT_CONSTANT_H
#define AMCT_IMPORT_CONSTANT_H

#include "graph/graph.h"
#include "import/maps.h"
#include "plugin/host.h"

/* Sets data and bytes of a tensor whose dtype and shape are set. The bytes stay where they are if
 * they lie in one of maps and are aligned for their element; are copied to a block of the tensor's
 * own if they are not aligned; and become such a block if they are one of host. Refuses wrong sizes
 * and places, and NaN and infinity in more than 16 floats. A string tensor keeps its name and shape
 * only. */
amct_status amct_constant_take(amct_tensor *tensor, const amct_tensor_desc *desc, amct_arena *arena,
                               const amct_maps *maps, amct_plugin_host *host, amct_err *err);

#endif
