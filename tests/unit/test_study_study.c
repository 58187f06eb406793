#include "base/file.h"
#include "study/study.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static amct_err err;
static char folder[64];
static const amct_study_fingerprint prints[] = {{"model", "aa"}, {"data", "bb"}};

static void setup(void)
{
    strcpy(folder, "/tmp/amct-study-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
}

#define STUDY_TEST(name) Test(study_study, name, .init = setup, .fini = teardown)
#define OK(expr)         cr_assert_eq((expr), AMCT_OK, "%s", err.text)
#define SAYS(word)       cr_assert_not_null(strstr(err.text, word), "'%s' not in '%s'", word, err.text)

static amct_study *open_study(void)
{
    amct_study *study;
    OK(amct_study_open(&study, folder, prints, 2, &err));
    return study;
}

static amct_study_candidate candidate(uint64_t number)
{
    static const uint8_t genome[] = {0, 1, 255, 3};
    amct_study_candidate c = {.number = number,
                              .probe = number == 7,
                              .genome = genome,
                              .genome_size = sizeof genome,
                              .cost_ns = 1e6 / 3 + (double)number,
                              .seconds = 0.25,
                              .n_scores = 2,
                              .scores = {{64, 1, 0, 0.1, 0.01}, {128, 2, 1, 1.0 / 3, 1e-300}}};
    return c;
}

STUDY_TEST(a_candidate_comes_back_as_it_was_put)
{
    amct_study *study = open_study();
    amct_study_candidate in = candidate(7), out;
    bool found;
    OK(amct_study_get(&found, &out, study, 7, &err));
    cr_assert_not(found);
    OK(amct_study_put(study, &in, &err));
    OK(amct_study_get(&found, &out, study, 7, &err));
    cr_assert(found);
    cr_assert_eq(out.number, 7);
    cr_assert(out.probe);
    cr_assert_not(out.failed);
    cr_assert_eq(out.genome_size, in.genome_size);
    cr_assert_arr_eq(out.genome, in.genome, in.genome_size);
    cr_assert_eq(out.cost_ns, in.cost_ns); /* to the bit */
    cr_assert_eq(out.n_scores, 2);
    cr_assert_eq(out.scores[1].n, 128);
    cr_assert_eq(out.scores[1].lost, 2);
    cr_assert_eq(out.scores[1].gained, 1);
    cr_assert_eq(out.scores[1].loss_sum, 1.0 / 3);
    cr_assert_eq(out.scores[1].loss_sum_sq, 1e-300);
    amct_study_free(study);
}

STUDY_TEST(a_loss_that_no_network_has_is_damage)
{
    amct_study *study = open_study();
    amct_study_candidate in = candidate(7), out;
    bool found;
    in.scores[1].loss_sum = 1e300;
    OK(amct_study_put(study, &in, &err));
    cr_assert_eq(amct_study_get(&found, &out, study, 7, &err), AMCT_E_FORMAT);
    SAYS("candidate 7 is damaged: a loss of 1e+300 on 128 samples");
    in = candidate(6);
    in.scores[0].loss_sum = -5;
    OK(amct_study_put(study, &in, &err));
    cr_assert_eq(amct_study_get(&found, &out, study, 6, &err), AMCT_E_FORMAT);
    SAYS("candidate 6 is damaged: a loss of -5 on 64 samples");
    in = candidate(8);
    in.scores[1].loss_sum = in.scores[1].loss_sum_sq = INFINITY; /* a network that has overflown */
    OK(amct_study_put(study, &in, &err));
    OK(amct_study_get(&found, &out, study, 8, &err));
    amct_study_free(study);
}

STUDY_TEST(an_empty_genome_and_a_failure_are_kept)
{
    amct_study *study = open_study();
    amct_study_candidate in = {.number = 1, .failed = true}, out;
    bool found;
    OK(amct_study_put(study, &in, &err));
    OK(amct_study_get(&found, &out, study, 1, &err));
    cr_assert(found && out.failed);
    cr_assert_eq(out.genome_size, 0);
    cr_assert_eq(out.n_scores, 0);
    amct_study_free(study);
}

STUDY_TEST(a_number_is_recorded_once)
{
    amct_study *study = open_study();
    amct_study_candidate c = candidate(3), out;
    bool found;
    OK(amct_study_put(study, &c, &err));
    cr_assert_eq(amct_study_put(study, &c, &err), AMCT_E_FORMAT);
    OK(amct_study_get(&found, &out, study, 3, &err)); /* and the study still works */
    cr_assert(found);
    cr_assert_eq(out.n_scores, 2);
    amct_study_free(study);
}

static amct_status add_number(void *ctx, const amct_study_candidate *c, amct_err *e)
{
    uint64_t *sum = ctx;
    (void)e;
    *sum = *sum * 10 + c->number;
    return AMCT_OK;
}

static amct_status refuse(void *ctx, const amct_study_candidate *c, amct_err *e)
{
    (void)ctx;
    return amct_fail(e, AMCT_E_LIMIT, "enough at %u", (unsigned)c->number);
}

STUDY_TEST(each_goes_in_the_order_of_numbers_and_ends_with_the_first_failure)
{
    amct_study *study = open_study();
    uint64_t sum = 0;
    for (int n = 5; n > 0; n -= 2) {
        amct_study_candidate c = candidate((uint64_t)n);
        OK(amct_study_put(study, &c, &err));
    }
    OK(amct_study_each(study, add_number, &sum, &err));
    cr_assert_eq(sum, 135);
    cr_assert_eq(amct_study_each(study, refuse, NULL, &err), AMCT_E_LIMIT);
    SAYS("enough at 1");
    amct_study_free(study);
}

STUDY_TEST(blobs_are_replaced)
{
    amct_study *study = open_study();
    const void *data;
    size_t size;
    OK(amct_study_get_blob(&data, &size, study, "refined", "3", &err));
    cr_assert_null(data);
    OK(amct_study_put_blob(study, "refined", "3", "first", 5, &err));
    OK(amct_study_put_blob(study, "refined", "3", "second", 6, &err));
    OK(amct_study_put_blob(study, "refined", "4", "other", 5, &err));
    OK(amct_study_get_blob(&data, &size, study, "refined", "3", &err));
    cr_assert_eq(size, 6);
    cr_assert_arr_eq(data, "second", 6);
    amct_study_free(study);
}

STUDY_TEST(blobs_that_were_changed_are_not_there)
{
    static const char *const changes[] = {"data = data || x'00'", "data = x'00'", "key = '4'",
                                          "kind = 'other'", "hash = x'00'"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        amct_study *study = open_study();
        const void *data;
        size_t size;
        char command[256];
        OK(amct_study_put_blob(study, "refined", "3", "first", 5, &err));
        amct_study_free(study);
        snprintf(command, sizeof command, "sqlite3 %s/study.sqlite \"UPDATE blob SET %s\"", folder,
                 changes[i]);
        cr_assert_eq(system(command), 0);
        study = open_study();
        OK(amct_study_get_blob(&data, &size, study, i == 3 ? "other" : "refined",
                               i == 2 ? "4" : "3", &err));
        cr_expect_null(data, "%s", changes[i]);
        amct_study_free(study);
    }
}

STUDY_TEST(a_study_is_carried_on_only_with_its_own_fingerprints)
{
    amct_study *study = open_study();
    amct_study_candidate c = candidate(1), out;
    bool found;
    OK(amct_study_put(study, &c, &err));
    amct_study_free(study);
    amct_study_fingerprint other[] = {{"model", "aa"}, {"data", "cc"}};
    cr_assert_eq(amct_study_open(&study, folder, other, 2, &err), AMCT_E_INVALID);
    SAYS("data was 'bb' and is 'cc' now");
    amct_study_fingerprint more[] = {{"model", "aa"}, {"seed", "1"}};
    cr_assert_eq(amct_study_open(&study, folder, more, 2, &err), AMCT_E_INVALID);
    SAYS("seed was 'none'"); /* what was not known of then */
    study = open_study();
    OK(amct_study_get(&found, &out, study, 1, &err));
    cr_assert(found);
    amct_study_free(study);
}

STUDY_TEST(two_processes_do_not_share_a_study)
{
    amct_study *study = open_study(), *second;
    pid_t child = fork();
    if (child == 0) {
        amct_status status = amct_study_open(&second, folder, prints, 2, &err);
        _exit(status == AMCT_E_IO && strstr(err.text, "another process") ? 0 : 1);
    }
    int how;
    cr_assert_eq(waitpid(child, &how, 0), child);
    cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    amct_study_free(study);
}

/* A process that is killed between records loses none of those that it was told are kept. */
STUDY_TEST(records_outlive_a_killed_process)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        amct_study *study;
        if (amct_study_open(&study, folder, prints, 2, &err) != AMCT_OK)
            _exit(1);
        for (uint64_t n = 0;; n++) {
            amct_study_candidate c = candidate(n);
            if (amct_study_put(study, &c, &err) != AMCT_OK ||
                write(ends[1], &n, sizeof n) != sizeof n)
                _exit(1);
        }
    }
    close(ends[1]);
    uint64_t last = 0, n;
    while (last < 200 && read(ends[0], &n, sizeof n) == sizeof n)
        last = n;
    cr_assert_eq(last, 200);
    kill(child, SIGKILL);
    while (read(ends[0], &n, sizeof n) == sizeof n)
        last = n;
    cr_assert_eq(waitpid(child, NULL, 0), child);
    amct_study *study = open_study();
    for (n = 0; n <= last; n++) {
        amct_study_candidate out;
        bool found;
        OK(amct_study_get(&found, &out, study, n, &err));
        cr_assert(found, "%llu of %llu", (unsigned long long)n, (unsigned long long)last);
        cr_assert_eq(out.n_scores, 2);
    }
    amct_study_free(study);
}

STUDY_TEST(a_file_that_is_gone_is_told)
{
    amct_study *study = open_study();
    amct_study_candidate c = candidate(0);
    OK(amct_study_check(study, &err));
    OK(amct_study_put(study, &c, &err));
    OK(amct_folder_remove(folder, &err));
    c = candidate(1);
    cr_assert_eq(amct_study_put(study, &c, &err), AMCT_E_IO);
    SAYS("study.sqlite: was removed or replaced");
    cr_assert_eq(amct_study_check(study, &err), AMCT_E_IO);
    amct_study_free(study);
}

STUDY_TEST(a_folder_with_other_files_is_left_alone)
{
    char *path = amct_path_join(folder, "letter.txt");
    amct_study *study;
    OK(amct_file_write(path, "dear", 4, &err));
    cr_assert_eq(amct_study_open(&study, folder, prints, 2, &err), AMCT_E_INVALID);
    SAYS("holds files but no study");
    cr_assert_eq(amct_study_exists(folder, &err), AMCT_E_INVALID);
    free(path);
}

STUDY_TEST(a_file_that_is_no_study_is_named)
{
    char *path = amct_path_join(folder, "study.sqlite"), text[4096];
    amct_study *study;
    memset(text, 'x', sizeof text);
    OK(amct_file_write(path, text, sizeof text, &err));
    cr_assert_eq(amct_study_open(&study, folder, prints, 2, &err), AMCT_E_FORMAT);
    SAYS("study.sqlite");
    free(path);
}

STUDY_TEST(a_folder_that_cannot_be_made_is_an_error)
{
    amct_study *study;
    cr_assert_eq(amct_study_open(&study, "/proc/amct/out", prints, 2, &err), AMCT_E_IO);
    SAYS("/proc/amct");
}
