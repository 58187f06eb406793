#include "study/study.h"

#include "base/file.h"
#include "base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STUDY_FORMAT "3" /* of the tables below */

struct amct_study {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *put, *get, *each, *put_score, *get_scores, *put_blob, *get_blob;
    sqlite3_stmt *lent; /* whose row the caller may still be reading */
};

static const char tables[] =
    "CREATE TABLE fingerprint (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE candidate (number INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
    " genome BLOB NOT NULL, cost_ns REAL NOT NULL, seconds REAL NOT NULL,"
    " failed INTEGER NOT NULL);"
    "CREATE TABLE score (candidate INTEGER NOT NULL, look INTEGER NOT NULL, n INTEGER NOT NULL,"
    " lost INTEGER NOT NULL, gained INTEGER NOT NULL, loss_sum REAL NOT NULL,"
    " loss_sum_sq REAL NOT NULL, expected_sum REAL NOT NULL, expected_sum_sq REAL NOT NULL,"
    " PRIMARY KEY (candidate, look)) WITHOUT ROWID;"
    "CREATE TABLE blob (kind TEXT NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL,"
    " hash BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;";

static amct_status fail_sql(const amct_study *s, amct_err *err)
{
    int code = sqlite3_errcode(s->db);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return amct_fail(err, AMCT_E_IO, "%s: another process is at work on this study", s->path);
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        return amct_fail(err, AMCT_E_FORMAT, "%s: not a study, or damaged (%s)", s->path,
                         sqlite3_errmsg(s->db));
    if (code == SQLITE_NOMEM)
        return amct_fail_nomem(err);
    if (code == SQLITE_CONSTRAINT || code == SQLITE_ERROR)
        return amct_fail(err, AMCT_E_FORMAT, "%s: damaged (%s)", s->path, sqlite3_errmsg(s->db));
    int why = access(s->path, W_OK) ? errno : 0; /* SQLite's own is that of its last call */
    return amct_fail(err, AMCT_E_IO, "%s: %s%s%s", s->path, sqlite3_errmsg(s->db), why ? ": " : "",
                     why ? strerror(why) : "");
}

static amct_status run_sql(const amct_study *s, const char *sql, amct_err *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? AMCT_OK : fail_sql(s, err);
}

static amct_status prepare(sqlite3_stmt **out, const amct_study *s, const char *sql, amct_err *err)
{
    return sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK
               ? AMCT_OK
               : fail_sql(s, err);
}

/* No bytes are a value too, not NULL. */
static void bind_bytes(sqlite3_stmt *stmt, int at, const void *data, size_t size)
{
    if (size)
        sqlite3_bind_blob64(stmt, at, data, size, SQLITE_STATIC);
    else
        sqlite3_bind_zeroblob(stmt, at, 0);
}

static void take_back(amct_study *s)
{
    if (s->lent)
        sqlite3_reset(s->lent);
    s->lent = NULL;
}

/* Runs a statement that gives no rows. */
static amct_status finish(const amct_study *s, sqlite3_stmt *stmt, amct_err *err)
{
    amct_status status = sqlite3_step(stmt) == SQLITE_DONE ? AMCT_OK : fail_sql(s, err);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return status;
}

/* ---- Opening ------------------------------------------------------------------------------ */

static amct_status check_fingerprints(const amct_study *s,
                                      const amct_study_fingerprint *fingerprints, size_t n,
                                      amct_err *err)
{
    sqlite3_stmt *stmt;
    AMCT_TRY(prepare(&stmt, s, "SELECT value FROM fingerprint WHERE key = ?", err));
    amct_status status = AMCT_OK;
    for (size_t i = 0; status == AMCT_OK && i < n; i++) {
        sqlite3_bind_text(stmt, 1, fingerprints[i].key, -1, SQLITE_STATIC);
        int step = sqlite3_step(stmt);
        const char *had = step == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
        had = had ? had : "none";
        if (step != SQLITE_ROW && step != SQLITE_DONE)
            status = fail_sql(s, err);
        else if (strcmp(had, fingerprints[i].value) != 0)
            status = amct_fail(err, AMCT_E_INVALID,
                               "%s is of another search: its %s was '%s' and is '%s' now; make it "
                               "what it was, name another folder with -o, or remove that one",
                               s->path, fingerprints[i].key, had, fingerprints[i].value);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return status;
}

static amct_status make_tables(const amct_study *s, const amct_study_fingerprint *fingerprints,
                               size_t n, amct_err *err)
{
    sqlite3_stmt *stmt;
    AMCT_TRY(run_sql(s, tables, err));
    AMCT_TRY(prepare(&stmt, s, "INSERT INTO fingerprint VALUES (?, ?)", err));
    amct_status status = AMCT_OK;
    for (size_t i = 0; status == AMCT_OK && i < n; i++) {
        sqlite3_bind_text(stmt, 1, fingerprints[i].key, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, fingerprints[i].value, -1, SQLITE_STATIC);
        status = finish(s, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status == AMCT_OK ? run_sql(s, "PRAGMA user_version = " STUDY_FORMAT, err) : status;
}

/* The one number that a statement gives. */
static amct_status read_number(int *out, const amct_study *s, const char *sql, amct_err *err)
{
    sqlite3_stmt *stmt;
    AMCT_TRY(prepare(&stmt, s, sql, err));
    amct_status status = sqlite3_step(stmt) == SQLITE_ROW ? AMCT_OK : fail_sql(s, err);
    if (status == AMCT_OK)
        *out = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return status;
}

static amct_status fail_damaged(const amct_study *s, sqlite3_int64 number, amct_err *err)
{
    return amct_fail(err, AMCT_E_FORMAT, "%s: candidate %lld is damaged", s->path,
                     (long long)number);
}

/* A candidate and its scores are written together. */
static amct_status check_scores(const amct_study *s, amct_err *err)
{
    sqlite3_stmt *stmt;
    AMCT_TRY(prepare(&stmt, s,
                     "SELECT candidate FROM score WHERE candidate NOT IN"
                     " (SELECT number FROM candidate) LIMIT 1",
                     err));
    int step = sqlite3_step(stmt);
    amct_status status = step == SQLITE_DONE  ? AMCT_OK
                         : step == SQLITE_ROW ? fail_damaged(s, sqlite3_column_int64(stmt, 0), err)
                                              : fail_sql(s, err);
    sqlite3_finalize(stmt);
    return status;
}

/* Makes the tables, or checks whose they are, in one transaction: a study is whole or empty. */
static amct_status begin(const amct_study *s, const amct_study_fingerprint *fingerprints, size_t n,
                         amct_err *err)
{
    int format, objects;
    AMCT_TRY(run_sql(s, "PRAGMA locking_mode = EXCLUSIVE", err));
    AMCT_TRY(run_sql(s, "PRAGMA journal_mode = WAL", err));
    AMCT_TRY(run_sql(s, "PRAGMA synchronous = NORMAL", err));
    AMCT_TRY(run_sql(s, "BEGIN IMMEDIATE", err));
    AMCT_TRY(read_number(&format, s, "PRAGMA user_version", err));
    AMCT_TRY(read_number(&objects, s, "SELECT count(*) FROM sqlite_schema", err));
    if (format == 0 && objects > 0)
        return amct_fail(err, AMCT_E_INVALID, "%s is another program's database", s->path);
    if (format == 0)
        AMCT_TRY(make_tables(s, fingerprints, n, err));
    else if (format != atoi(STUDY_FORMAT))
        return amct_fail(err, AMCT_E_INVALID, "%s was made by another version", s->path);
    else
        AMCT_TRY(check_fingerprints(s, fingerprints, n, err));
    AMCT_TRY(check_scores(s, err));
    return run_sql(s, "COMMIT", err);
}

static amct_status prepare_all(amct_study *s, amct_err *err)
{
    AMCT_TRY(prepare(&s->put, s, "INSERT INTO candidate VALUES (?, ?, ?, ?, ?, ?)", err));
    AMCT_TRY(
        prepare(&s->put_score, s, "INSERT INTO score VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", err));
    AMCT_TRY(prepare(&s->get, s, "SELECT * FROM candidate WHERE number = ?", err));
    AMCT_TRY(prepare(&s->each, s, "SELECT * FROM candidate ORDER BY number", err));
    AMCT_TRY(prepare(&s->get_scores, s,
                     "SELECT n, lost, gained, loss_sum, loss_sum_sq, expected_sum,"
                     " expected_sum_sq FROM score"
                     " WHERE candidate = ? ORDER BY look",
                     err));
    AMCT_TRY(prepare(&s->put_blob, s, "INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?)", err));
    return prepare(&s->get_blob, s, "SELECT data, hash FROM blob WHERE kind = ? AND key = ?", err);
}

/* Results must not land among a user's other files. */
static amct_status check_empty(const char *folder, amct_err *err)
{
    DIR *dir = opendir(folder);
    bool empty = true;
    if (!dir)
        return amct_fail_errno(err, errno, "%s", folder);
    for (const struct dirent *e; empty && (e = readdir(dir));)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    closedir(dir);
    return empty ? AMCT_OK
                 : amct_fail(err, AMCT_E_INVALID,
                             "%s holds files but no study; name a new folder with -o", folder);
}

static char *study_path(const char *folder)
{
    return amct_path_join(folder, "study.sqlite");
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static bool is_empty(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size == 0;
}

amct_status amct_study_exists(const char *folder, amct_err *err)
{
    if (!*folder)
        return amct_fail(err, AMCT_E_INVALID, "'' is the name of no folder");
    char *path = study_path(folder);
    if (!path)
        return amct_fail_nomem(err);
    amct_status status = is_file(path) ? AMCT_OK
                                       : amct_fail(err, AMCT_E_INVALID,
                                                   "%s is not the folder of a study: there is no "
                                                   "%s",
                                                   folder, path);
    if (status == AMCT_OK && is_empty(path))
        status = amct_fail(err, AMCT_E_INVALID, "%s is empty: nothing was searched there", path);
    free(path);
    return status;
}

/* SQLite's own, as far as they are there. */
static void remove_files(const char *folder)
{
    static const char *const names[] = {"study.sqlite", "study.sqlite-wal", "study.sqlite-shm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = amct_path_join(folder, names[i]);
        if (path)
            unlink(path);
        free(path);
    }
}

amct_status amct_study_open(amct_study **out, const char *folder,
                            const amct_study_fingerprint *fingerprints, size_t n, amct_err *err)
{
    AMCT_TRY(amct_folder_make(folder, err));
    amct_study *s = calloc(1, sizeof *s);
    if (s)
        s->path = study_path(folder);
    amct_status status = s && s->path ? AMCT_OK : amct_fail_nomem(err);
    bool fresh = status == AMCT_OK && !is_file(s->path);
    if (fresh)
        status = check_empty(folder, err);
    else if (status == AMCT_OK && access(folder, W_OK) != 0)
        status = amct_fail_errno(err, errno, "the study in %s must be written to", folder);
    if (status == AMCT_OK &&
        sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
            SQLITE_OK)
        status = s->db ? fail_sql(s, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = begin(s, fingerprints, n, err);
    if (status == AMCT_OK)
        status = prepare_all(s, err);
    if (status == AMCT_OK) {
        *out = s;
        return AMCT_OK;
    }
    bool empty = fresh && s->db && sqlite3_errcode(s->db) == SQLITE_FULL;
    amct_study_free(s);
    if (empty) /* no tables were made */
        remove_files(folder);
    return status;
}

amct_status amct_study_check(const amct_study *study, amct_err *err)
{
    int moved = 0;
    int code = sqlite3_file_control(study->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return code != SQLITE_OK || !moved
               ? AMCT_OK
               : amct_fail(err, AMCT_E_IO,
                           "%s: was removed or replaced while the search was at work; what it "
                           "measured is lost",
                           study->path);
}

const char *amct_study_path(const amct_study *study)
{
    return study->path;
}

void amct_study_free(amct_study *study)
{
    if (!study)
        return;
    sqlite3_stmt *all[] = {study->put,        study->get,      study->each,    study->put_score,
                           study->get_scores, study->put_blob, study->get_blob};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(study->db);
    free(study->path);
    free(study);
}

/* ---- Candidates --------------------------------------------------------------------------- */

static amct_status put_scores(amct_study *s, const amct_study_candidate *c, amct_err *err)
{
    for (uint32_t k = 0; k < c->n_scores; k++) {
        const amct_study_score *score = &c->scores[k];
        sqlite3_bind_int64(s->put_score, 1, (sqlite3_int64)c->number);
        sqlite3_bind_int64(s->put_score, 2, k);
        sqlite3_bind_int64(s->put_score, 3, score->n);
        sqlite3_bind_int64(s->put_score, 4, score->lost);
        sqlite3_bind_int64(s->put_score, 5, score->gained);
        sqlite3_bind_double(s->put_score, 6, score->loss_sum);
        sqlite3_bind_double(s->put_score, 7, score->loss_sum_sq);
        sqlite3_bind_double(s->put_score, 8, score->expected_sum);
        sqlite3_bind_double(s->put_score, 9, score->expected_sum_sq);
        AMCT_TRY(finish(s, s->put_score, err));
    }
    return AMCT_OK;
}

static amct_status put_row(amct_study *s, const amct_study_candidate *c, amct_err *err)
{
    sqlite3_bind_int64(s->put, 1, (sqlite3_int64)c->number);
    sqlite3_bind_text(s->put, 2,
                      c->probe     ? "probe"
                      : c->refined ? "refined"
                                   : "candidate",
                      -1, SQLITE_STATIC);
    bind_bytes(s->put, 3, c->genome, c->genome_size);
    sqlite3_bind_double(s->put, 4, c->cost_ns);
    sqlite3_bind_double(s->put, 5, c->seconds);
    sqlite3_bind_int(s->put, 6, c->failed);
    return finish(s, s->put, err);
}

amct_status amct_study_put(amct_study *study, const amct_study_candidate *candidate, amct_err *err)
{
    amct_err ignored;
    take_back(study);
    AMCT_TRY(amct_study_check(study, err));
    AMCT_TRY(run_sql(study, "BEGIN", err));
    amct_status status = put_row(study, candidate, err);
    if (status == AMCT_OK)
        status = put_scores(study, candidate, err);
    if (status == AMCT_OK)
        status = run_sql(study, "COMMIT", err);
    if (status != AMCT_OK)
        run_sql(study, "ROLLBACK", &ignored);
    return status;
}

/* Reads a count of the row that get_scores stands on. */
static amct_status read_count(uint32_t *out, const amct_study *s, int column, amct_err *err)
{
    sqlite3_int64 count = sqlite3_column_int64(s->get_scores, column);
    if (count < 0 || count > UINT32_MAX)
        return amct_fail(err, AMCT_E_FORMAT, "a score counts %lld samples", (long long)count);
    *out = (uint32_t)count;
    return AMCT_OK;
}

/* Reads the row that get_scores stands on. */
static amct_status read_score(amct_study_score *out, const amct_study *s, amct_err *err)
{
    for (int column = 0; column < 7; column++)
        if (sqlite3_column_type(s->get_scores, column) !=
            (column < 3 ? SQLITE_INTEGER : SQLITE_FLOAT))
            return amct_fail(err, AMCT_E_FORMAT, "a score is no number");
    AMCT_TRY(read_count(&out->n, s, 0, err));
    AMCT_TRY(read_count(&out->lost, s, 1, err));
    AMCT_TRY(read_count(&out->gained, s, 2, err));
    out->loss_sum = sqlite3_column_double(s->get_scores, 3);
    out->loss_sum_sq = sqlite3_column_double(s->get_scores, 4);
    out->expected_sum = sqlite3_column_double(s->get_scores, 5);
    out->expected_sum_sq = sqlite3_column_double(s->get_scores, 6);
    if ((uint64_t)out->lost + out->gained > out->n)
        return amct_fail(err, AMCT_E_FORMAT, "%llu of %u answers changed",
                         (unsigned long long)out->lost + out->gained, out->n);
    /* Of float32 outputs; or infinite, of a network that has overflown. */
    double most = out->n * (double)FLT_MAX, square = most * FLT_MAX;
    if (!(out->loss_sum >= 0 && (out->loss_sum <= most || isinf(out->loss_sum))) ||
        !(out->loss_sum_sq >= 0 && (out->loss_sum_sq <= square || isinf(out->loss_sum_sq))))
        return amct_fail(err, AMCT_E_FORMAT, "a loss of %g on %u samples", out->loss_sum, out->n);
    if (!(fabs(out->expected_sum) <= out->n && out->expected_sum_sq >= 0 &&
          out->expected_sum_sq <= out->n))
        return amct_fail(err, AMCT_E_FORMAT, "%g answers of %u are expected to be lost",
                         out->expected_sum, out->n);
    return AMCT_OK;
}

static amct_status read_scores(amct_study_candidate *out, const amct_study *s, sqlite3_int64 number,
                               amct_err *err)
{
    int step = SQLITE_DONE;
    amct_status status = AMCT_OK;
    sqlite3_bind_int64(s->get_scores, 1, number);
    while (status == AMCT_OK && (step = sqlite3_step(s->get_scores)) == SQLITE_ROW) {
        if (out->n_scores == AMCT_STUDY_SCORES)
            status = fail_damaged(s, number, err);
        else if (read_score(&out->scores[out->n_scores++], s, err) != AMCT_OK)
            status = amct_fail_in(err, "%s: candidate %lld is damaged", s->path, (long long)number);
    }
    if (status == AMCT_OK && step != SQLITE_DONE)
        status = fail_sql(s, err);
    sqlite3_reset(s->get_scores);
    return status;
}

/* Reads the row that stmt stands on. */
static amct_status read_candidate(amct_study_candidate *out, amct_study *s, sqlite3_stmt *stmt,
                                  amct_err *err)
{
    const char *kind = (const char *)sqlite3_column_text(stmt, 1);
    sqlite3_int64 number = sqlite3_column_int64(stmt, 0);
    if (!kind || number < 0)
        return fail_damaged(s, number, err);
    *out = (amct_study_candidate){.number = (uint64_t)number,
                                  .probe = strcmp(kind, "probe") == 0,
                                  .refined = strcmp(kind, "refined") == 0,
                                  .genome = sqlite3_column_blob(stmt, 2),
                                  .genome_size = (uint32_t)sqlite3_column_bytes(stmt, 2),
                                  .cost_ns = sqlite3_column_double(stmt, 3),
                                  .seconds = sqlite3_column_double(stmt, 4),
                                  .failed = sqlite3_column_int(stmt, 5) != 0};
    sqlite3_int64 failed = sqlite3_column_int64(stmt, 5);
    bool known = out->probe || out->refined || strcmp(kind, "candidate") == 0;
    bool numbers = sqlite3_column_type(stmt, 3) == SQLITE_FLOAT && isfinite(out->cost_ns) &&
                   isfinite(out->seconds);
    if (!numbers || !known || out->cost_ns < 0 || out->seconds < 0 || (failed != 0 && failed != 1))
        return fail_damaged(s, number, err);
    return read_scores(out, s, number, err);
}

amct_status amct_study_get(bool *found, amct_study_candidate *out, amct_study *study,
                           uint64_t number, amct_err *err)
{
    take_back(study);
    sqlite3_bind_int64(study->get, 1, (sqlite3_int64)number);
    int step = sqlite3_step(study->get);
    study->lent = study->get;
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        return fail_sql(study, err);
    if (step == SQLITE_ROW)
        AMCT_TRY(read_candidate(out, study, study->get, err));
    *found = step == SQLITE_ROW;
    return AMCT_OK;
}

amct_status amct_study_each(amct_study *study,
                            amct_status (*fn)(void *ctx, const amct_study_candidate *candidate,
                                              amct_err *err),
                            void *ctx, amct_err *err)
{
    amct_status status = AMCT_OK;
    take_back(study);
    int step = SQLITE_DONE;
    while (status == AMCT_OK && (step = sqlite3_step(study->each)) == SQLITE_ROW) {
        amct_study_candidate c;
        status = read_candidate(&c, study, study->each, err);
        if (status == AMCT_OK)
            status = fn(ctx, &c, err);
    }
    if (status == AMCT_OK && step != SQLITE_DONE)
        status = fail_sql(study, err);
    sqlite3_reset(study->each);
    return status;
}

/* ---- Blobs -------------------------------------------------------------------------------- */

static amct_hash hash_blob(const char *kind, const char *key, const void *data, size_t size)
{
    amct_hash name = amct_hash_string(amct_hash_string((amct_hash){0}, kind), key);
    return amct_hash_bytes(name, data, size);
}

amct_status amct_study_put_blob(amct_study *study, const char *kind, const char *key,
                                const void *data, size_t size, amct_err *err)
{
    amct_hash hash = hash_blob(kind, key, data, size);
    take_back(study);
    sqlite3_bind_text(study->put_blob, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(study->put_blob, 2, key, -1, SQLITE_STATIC);
    bind_bytes(study->put_blob, 3, data, size);
    bind_bytes(study->put_blob, 4, &hash, sizeof hash);
    return finish(study, study->put_blob, err);
}

amct_status amct_study_get_blob(const void **data, size_t *size, amct_study *study,
                                const char *kind, const char *key, amct_err *err)
{
    take_back(study);
    sqlite3_bind_text(study->get_blob, 1, kind, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(study->get_blob, 2, key, -1, SQLITE_TRANSIENT);
    int step = sqlite3_step(study->get_blob);
    study->lent = study->get_blob;
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        return fail_sql(study, err);
    *data = NULL;
    *size = 0;
    if (step == SQLITE_DONE)
        return AMCT_OK;
    const void *found = sqlite3_column_blob(study->get_blob, 0);
    size_t length = (size_t)sqlite3_column_bytes(study->get_blob, 0);
    const void *hash = sqlite3_column_blob(study->get_blob, 1);
    amct_hash wanted = hash_blob(kind, key, found, length);
    if (sqlite3_column_bytes(study->get_blob, 1) != (int)sizeof wanted ||
        memcmp(hash, &wanted, sizeof wanted) != 0)
        return AMCT_OK;
    *data = found;
    *size = length;
    return AMCT_OK;
}
