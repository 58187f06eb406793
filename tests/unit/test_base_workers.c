#include "base/workers.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static amct_err err;
static amct_answer got;

enum { ECHO, CRASH, EXIT, HANG, FAIL, SILENT, COUNT };

/* The first byte says what to do; a worker counts its requests. */
static amct_status answer(void *ctx, const void *request, size_t size, void *bytes,
                          size_t *answer_size, amct_err *e)
{
    static int requests;
    requests++;
    switch (*(const unsigned char *)request) {
    case CRASH: raise(SIGKILL); break;
    case EXIT: _exit(3);
    case HANG: pause(); break;
    case FAIL: return amct_fail(e, AMCT_E_LIMIT, "%s: too large", (const char *)ctx);
    case SILENT: return AMCT_OK;
    case COUNT:
        *answer_size = sizeof requests;
        memcpy(bytes, &requests, sizeof requests);
        return AMCT_OK;
    default: memcpy(bytes, request, size); *answer_size = size;
    }
    return AMCT_OK;
}

static amct_workers *workers(uint32_t jobs, uint32_t timeout_ms)
{
    amct_workers *w;
    cr_assert_eq(amct_workers_new(&w, jobs, "toy worker", answer, "toy", timeout_ms, &err), AMCT_OK,
                 "%s", err.text);
    return w;
}

static amct_status ask(amct_workers *w, unsigned char what)
{
    unsigned char bytes[AMCT_MESSAGE_MAX];
    size_t size = 0;
    return amct_workers_ask(w, &what, 1, bytes, &size, &err);
}

#define SAYS(word) cr_assert_not_null(strstr(err.text, word), "'%s' not in '%s'", word, err.text)

Test(base_workers, an_answer_is_that_of_its_request)
{
    amct_workers *w = workers(1, 0);
    unsigned char request[AMCT_MESSAGE_MAX] = {ECHO, 1, 2, 3}, bytes[AMCT_MESSAGE_MAX];
    size_t size;
    cr_assert_eq(amct_workers_ask(w, request, sizeof request, bytes, &size, &err), AMCT_OK);
    cr_assert_eq(size, sizeof request);
    cr_assert_arr_eq(bytes, request, sizeof request);
    cr_assert_eq(amct_workers_ask(w, request, 4, bytes, &size, &err), AMCT_OK);
    cr_assert_eq(size, 4);
    amct_workers_free(w);
}

Test(base_workers, several_work_at_once_and_all_answers_come)
{
    amct_workers *w = workers(3, 0);
    unsigned seen = 0;
    for (uint64_t i = 0; i < 3; i++) {
        unsigned char request[2] = {ECHO, (unsigned char)i};
        cr_assert_eq(amct_workers_idle(w), 3 - i);
        cr_assert_eq(amct_workers_submit(w, 100 + i, request, 2, &err), AMCT_OK);
    }
    unsigned char more = ECHO;
    cr_assert_eq(amct_workers_submit(w, 1, &more, 1, &err), AMCT_E_INTERNAL);
    for (int i = 0; i < 3; i++) {
        cr_assert(amct_workers_wait(w, &got, -1));
        cr_assert_eq(got.status, AMCT_OK);
        cr_assert_eq(got.id, 100u + got.bytes[1]);
        seen |= 1u << got.bytes[1];
    }
    cr_assert_eq(seen, 7);
    cr_assert_eq(amct_workers_idle(w), 3);
    cr_assert_not(amct_workers_wait(w, &got, -1)); /* nothing is on its way */
    amct_workers_free(w);
}

Test(base_workers, a_failure_keeps_its_code_and_words)
{
    amct_workers *w = workers(1, 0);
    cr_assert_eq(ask(w, FAIL), AMCT_E_LIMIT);
    cr_assert_str_eq(err.text, "toy: too large");
    cr_assert_eq(ask(w, SILENT), AMCT_OK);
    amct_workers_free(w);
}

Test(base_workers, a_crash_fails_its_request_and_another_worker_takes_over)
{
    amct_workers *w = workers(1, 0);
    cr_assert_eq(ask(w, ECHO), AMCT_OK);
    cr_assert_eq(ask(w, CRASH), AMCT_E_PLUGIN);
    SAYS("toy worker: ended by signal 9");
    int requests;
    size_t size;
    unsigned char bytes[AMCT_MESSAGE_MAX], what = COUNT;
    cr_assert_eq(amct_workers_ask(w, &what, 1, bytes, &size, &err), AMCT_OK);
    memcpy(&requests, bytes, sizeof requests);
    cr_assert_eq(requests, 1); /* a new one */
    cr_assert_eq(ask(w, EXIT), AMCT_E_PLUGIN);
    SAYS("exit with status 3");
    cr_assert_eq(ask(w, ECHO), AMCT_OK);
    amct_workers_free(w);
}

Test(base_workers, one_that_hangs_is_ended_when_its_time_is_over)
{
    amct_workers *w = workers(2, 200);
    unsigned char hang = HANG, echo = ECHO;
    cr_assert_eq(amct_workers_submit(w, 1, &hang, 1, &err), AMCT_OK);
    cr_assert_eq(amct_workers_submit(w, 2, &echo, 1, &err), AMCT_OK);
    cr_assert(amct_workers_wait(w, &got, -1));
    cr_assert_eq(got.id, 2); /* the others go on meanwhile */
    cr_assert(amct_workers_wait(w, &got, -1));
    cr_assert_eq(got.id, 1);
    cr_assert_eq(got.status, AMCT_E_PLUGIN);
    cr_assert_not_null(strstr(got.err.text, "no answer within 0.2 s"));
    cr_assert_eq(ask(w, ECHO), AMCT_OK);
    amct_workers_free(w);
}

Test(base_workers, waiting_can_be_given_up)
{
    amct_workers *w = workers(1, 0);
    unsigned char hang = HANG;
    cr_assert_eq(amct_workers_submit(w, 1, &hang, 1, &err), AMCT_OK);
    cr_assert_not(amct_workers_wait(w, &got, 10));
    cr_assert_eq(amct_workers_idle(w), 0);
    amct_workers_free(w); /* ends it all the same */
}

Test(base_workers, a_request_that_is_too_long_is_refused)
{
    static unsigned char request[AMCT_MESSAGE_MAX + 1];
    amct_workers *w = workers(1, 0);
    cr_assert_eq(amct_workers_submit(w, 1, request, sizeof request, &err), AMCT_E_INTERNAL);
    cr_assert_eq(amct_workers_idle(w), 1);
    amct_workers_free(w);
}
