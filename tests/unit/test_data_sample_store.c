#include "data/sample_store.h"

#include <criterion/criterion.h>
#include <string.h>

static amct_err err;

Test(data_sample_store, a_sealed_store_keeps_its_contents)
{
    amct_sample_store store;
    cr_assert_eq(amct_sample_store_new(&store, 10000, 10000, NULL, &err), AMCT_OK);
    cr_assert_eq(store.data[9999], 0);
    strcpy((char *)store.data, "kept");
    amct_sample_store_seal(&store);
    cr_assert_str_eq((char *)store.data, "kept");
    amct_sample_store_free(&store);
    cr_assert_null(store.data);
    amct_sample_store_free(&store);
    cr_assert_eq(amct_sample_store_new(&store, UINT64_MAX, UINT64_MAX, NULL, &err), AMCT_E_LIMIT);
}
