/* The search file that a search leaves, for --resume from any folder. */
#include "tune/config.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* A path that means the same from any folder; as it is if the file cannot be found. */
static amct_status make_absolute(const char **path, amct_arena *arena, amct_err *err)
{
    char *whole = *path ? realpath(*path, NULL) : NULL;
    if (!whole)
        return AMCT_OK;
    *path = amct_arena_string(arena, whole);
    free(whole);
    return *path ? AMCT_OK : amct_fail_nomem(err);
}

/* Options of an estimator that name files, in a list of their own. */
static amct_status make_options_absolute(amct_option **options, uint32_t n, amct_arena *arena,
                                         amct_err *err)
{
    amct_option *own = amct_arena_array(arena, n, sizeof *own);
    if (n && !own)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        own[i] = (*options)[i];
        if (amct_config_names_file(own[i].value))
            AMCT_TRY(make_absolute(&own[i].value, arena, err));
    }
    *options = own;
    return AMCT_OK;
}

amct_status amct_config_save(const amct_config *config, amct_err *err)
{
    amct_config c = *config;
    char *path = amct_path_join(c.output, "search.yaml"), *text = NULL;
    amct_status status = make_absolute(&c.model, c.arena, err);
    if (status == AMCT_OK)
        status = make_absolute(&c.model_source.weights, c.arena, err);
    if (status == AMCT_OK)
        status = make_absolute(&c.data, c.arena, err);
    if (status == AMCT_OK)
        status = make_absolute(&c.labels, c.arena, err);
    if (status == AMCT_OK)
        status = make_absolute(&c.profile, c.arena, err);
    if (status == AMCT_OK)
        status = make_options_absolute(&c.target_options, c.n_target_options, c.arena, err);
    if (status == AMCT_OK)
        status = make_options_absolute(&c.confirm_options, c.n_confirm_options, c.arena, err);
    c.output = ".";
    if (status == AMCT_OK)
        text = amct_config_print(&c);
    if (status == AMCT_OK)
        status =
            text && path ? amct_file_write(path, text, strlen(text), err) : amct_fail_nomem(err);
    free(text);
    free(path);
    return status;
}
