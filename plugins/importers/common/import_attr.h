/*
 * import_attr.h - attributes of nodes for the sink. Shared by the importers of this tree. Names,
 * texts and ints are borrowed: they must live until the node has been given.
 */
#ifndef IMPORT_ATTR_H
#define IMPORT_ATTR_H

#include <amct/plugin.h>

amct_attr_desc import_attr_int(const char *name, int64_t value);
amct_attr_desc import_attr_float(const char *name, double value);
amct_attr_desc import_attr_text(const char *name, const char *text);
amct_attr_desc import_attr_ints(const char *name, const int64_t *ints, size_t n);

#endif
