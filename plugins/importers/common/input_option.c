#include "input_option.h"

#include <stdlib.h>
#include <string.h>

const char *input_option_find(const char *option, const char *name, size_t *n)
{
    size_t length = strlen(name);
    for (const char *at = option; at && *at;) {
        *n = strcspn(at, ";");
        if (!memchr(at, ':', *n))
            return at;
        /* names may have a ':' themselves */
        if (*n > length && strncmp(at, name, length) == 0 && at[length] == ':') {
            *n -= length + 1;
            return at + length + 1;
        }
        at += *n + (at[*n] == ';');
    }
    return NULL;
}

bool input_option_dims(const char *text, size_t n, int32_t *rank, int64_t dims[AMCT_MAX_RANK])
{
    const char *at = text;
    for (*rank = 0; *rank < AMCT_MAX_RANK;) {
        char *end;
        long long dim = strtoll(at, &end, 10);
        if (end == at || end > text + n || dim < 1 || dim > INT32_MAX)
            return false;
        dims[(*rank)++] = dim;
        if (end == text + n)
            return true;
        if (*end != 'x')
            return false;
        at = end + 1;
    }
    return false;
}
