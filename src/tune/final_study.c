#include "tune/final_study.h"

#include "tune/final_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a study takes of one record. */
static const size_t most_bytes = 900000000;

enum { KEY = 32 };

static const char *key_of(char key[KEY], uint64_t number)
{
    snprintf(key, KEY, "%llu", (unsigned long long)number);
    return key;
}

amct_status amct_final_save(amct_study *study, const char *how, uint64_t number,
                            const amct_final_kept *kept, const amct_candidate *candidate,
                            amct_err *err)
{
    size_t size = sizeof *kept + amct_final_record_size(candidate, kept->refined.restored);
    char key[KEY];
    if (size > most_bytes)
        return AMCT_OK;
    char *record = malloc(size);
    if (!record)
        return amct_fail_nomem(err);
    memcpy(record, kept, sizeof *kept);
    amct_final_record_write(record + sizeof *kept, candidate);
    amct_status status = amct_study_put_blob(study, how, key_of(key, number), record, size, err);
    free(record);
    return status;
}

amct_status amct_final_load(bool *found, amct_final_kept *kept, amct_candidate *candidate,
                            amct_study *study, const char *how, uint64_t number, amct_arena *arena,
                            amct_err *err)
{
    const void *record;
    size_t size;
    char key[KEY];
    *found = false;
    AMCT_TRY(amct_study_get_blob(&record, &size, study, how, key_of(key, number), err));
    if (!record || size < sizeof *kept)
        return AMCT_OK;
    memcpy(kept, record, sizeof *kept);
    bool restored = kept->refined.restored;
    if (size != sizeof *kept + amct_final_record_size(candidate, restored) ||
        (restored && !candidate->structured.graph))
        return AMCT_OK;
    *found = true;
    return amct_final_record_read(candidate, restored, (const char *)record + sizeof *kept, arena,
                                  err);
}

amct_status amct_final_save_confirmed(amct_study *study, uint64_t number, const amct_tally *tally,
                                      amct_err *err)
{
    char key[KEY];
    return amct_study_put_blob(study, "confirmed", key_of(key, number), tally, sizeof *tally, err);
}

amct_status amct_final_load_confirmed(bool *found, amct_tally *tally, amct_study *study,
                                      uint64_t number, amct_err *err)
{
    const void *record;
    size_t size;
    char key[KEY];
    AMCT_TRY(amct_study_get_blob(&record, &size, study, "confirmed", key_of(key, number), err));
    *found = record && size == sizeof *tally;
    if (*found)
        memcpy(tally, record, sizeof *tally);
    return AMCT_OK;
}
