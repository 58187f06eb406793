#include "cli/option_value.h"

#include "base/number.h"
#include "base/utf8.h"
#include "data/split.h"

#include <stdio.h>
#include <string.h>

amct_status amct_option_keep(const char **to, amct_config *c, const char *value, amct_err *err)
{
    *to = amct_arena_string(c->arena, value);
    return *to ? AMCT_OK : amct_fail_nomem(err);
}

amct_status amct_option_append(const char ***list, uint32_t *n, amct_config *c, const char *value,
                               amct_err *err)
{
    const char **more = amct_arena_array(c->arena, *n + 1, sizeof *more);
    if (!more)
        return amct_fail_nomem(err);
    if (*n)
        memcpy(more, *list, *n * sizeof *more);
    *list = more;
    AMCT_TRY(amct_option_keep(&more[*n], c, value, err));
    (*n)++;
    return AMCT_OK;
}

amct_status amct_option_choose(int *to, const char *value, const char *const *names, amct_err *err)
{
    char all[256] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(value, names[i]) == 0) {
            *to = i;
            return AMCT_OK;
        }
        if (names[i][0])
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", all[0] ? ", " : "",
                     names[i]);
    }
    char shown[AMCT_CLIPPED];
    return amct_fail(err, AMCT_E_INVALID, "'%s' is none of %s",
                     amct_utf8_show(value, shown, sizeof shown), all);
}

amct_status amct_option_whole(uint32_t *to, const char *value, int64_t min, int64_t max,
                              amct_err *err)
{
    int64_t n;
    AMCT_TRY(amct_parse_integer(&n, value, min, max, err));
    *to = (uint32_t)n;
    return AMCT_OK;
}

amct_status amct_option_count(uint32_t *to, const char *value, amct_err *err)
{
    if (strcmp(value, "rest") == 0) {
        *to = AMCT_SPLIT_REST;
        return AMCT_OK;
    }
    return amct_option_whole(to, value, 0, 1 << 30, err);
}

amct_status amct_option_numbers(double *to, uint32_t *n, amct_config *c, const char *value,
                                amct_err *err)
{
    char shown[AMCT_CLIPPED];
    char *text = amct_arena_string(c->arena, value);
    if (!text)
        return amct_fail_nomem(err);
    *n = 0;
    char *rest = NULL;
    for (char *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
        if (*n == AMCT_PREPROCESS_MAX_VALUES)
            return amct_fail(err, AMCT_E_INVALID, "more than %d numbers",
                             AMCT_PREPROCESS_MAX_VALUES);
        AMCT_TRY(amct_parse_number(&to[(*n)++], one, err));
    }
    return *n ? AMCT_OK
              : amct_fail(err, AMCT_E_INVALID, "'%s' holds no numbers",
                          amct_utf8_show(value, shown, sizeof shown));
}

amct_status amct_option_pair(char **key, const char **of, amct_config *c, const char *value,
                             amct_err *err)
{
    char shown[AMCT_CLIPPED];
    char *text = amct_arena_string(c->arena, value), *equals = text ? strchr(text, '=') : NULL;
    if (!text)
        return amct_fail_nomem(err);
    if (!equals || equals == text)
        return amct_fail(err, AMCT_E_INVALID, "'%s' is not KEY=VALUE",
                         amct_utf8_show(value, shown, sizeof shown));
    *equals = 0;
    *key = text;
    *of = equals + 1;
    return AMCT_OK;
}
