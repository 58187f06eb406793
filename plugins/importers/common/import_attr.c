#include "import_attr.h"

#include <string.h>

static amct_attr_desc attr(const char *name, uint32_t type)
{
    return (amct_attr_desc){.struct_size = sizeof(amct_attr_desc), .type = type, .name = name};
}

amct_attr_desc import_attr_int(const char *name, int64_t value)
{
    amct_attr_desc a = attr(name, AMCT_ATTR_INT);
    a.i = value;
    return a;
}

amct_attr_desc import_attr_float(const char *name, double value)
{
    amct_attr_desc a = attr(name, AMCT_ATTR_FLOAT);
    a.f = (float)value;
    return a;
}

amct_attr_desc import_attr_text(const char *name, const char *text)
{
    amct_attr_desc a = attr(name, AMCT_ATTR_STRING);
    a.data = text;
    a.count = strlen(text);
    return a;
}

amct_attr_desc import_attr_ints(const char *name, const int64_t *ints, size_t n)
{
    amct_attr_desc a = attr(name, AMCT_ATTR_INTS);
    a.data = ints;
    a.count = n;
    return a;
}
