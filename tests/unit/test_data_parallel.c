#include "data/parallel.h"
#include "data/store.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

static amct_err err;

enum { N = 1000 };

typedef struct tally {
    atomic_int runs[N];
    int fail_from; /* items from here on fail if they are odd */
} tally;

static amct_status count_item(void *context, size_t i, amct_err *failure)
{
    tally *t = context;
    atomic_fetch_add(&t->runs[i], 1);
    if ((int)i >= t->fail_from && i % 2)
        return amct_fail(failure, AMCT_E_FORMAT, "item %zu", i);
    return AMCT_OK;
}

Test(data_parallel, every_item_runs_once)
{
    for (uint32_t jobs = 0; jobs < 6; jobs++) {
        tally t = {.fail_from = N};
        cr_assert_eq(amct_parallel(N, jobs, count_item, &t, &err), AMCT_OK);
        for (int i = 0; i < N; i++)
            cr_assert_eq(t.runs[i], 1);
    }
    cr_assert_eq(amct_parallel(0, 4, count_item, NULL, &err), AMCT_OK);
}

Test(data_parallel, the_first_failure_is_told_whatever_the_threads)
{
    for (int round = 0; round < 50; round++) {
        tally t = {.fail_from = 100};
        cr_assert_eq(amct_parallel(N, 4, count_item, &t, &err), AMCT_E_FORMAT);
        cr_assert_str_eq(err.text, "item 101");
        cr_assert_eq(t.runs[N - 1], 0, "items run long after a failure");
    }
}

Test(data_parallel, a_sealed_store_keeps_its_contents)
{
    amct_store store;
    cr_assert_eq(amct_store_new(&store, 10000, 10000, NULL, &err), AMCT_OK);
    cr_assert_eq(store.data[9999], 0);
    strcpy((char *)store.data, "kept");
    amct_store_seal(&store);
    cr_assert_str_eq((char *)store.data, "kept");
    amct_store_free(&store);
    cr_assert_null(store.data);
    amct_store_free(&store);
    cr_assert_eq(amct_store_new(&store, UINT64_MAX, UINT64_MAX, NULL, &err), AMCT_E_LIMIT);
}
