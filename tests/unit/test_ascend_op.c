#include "plugins/estimators/ascend/ascend_op.h"

#include <criterion/criterion.h>
#include <string.h>

Test(ascend_op, the_table_is_sorted_and_every_row_is_found)
{
    for (uint32_t i = 0; i < ascend_n_ops; i++) {
        if (i > 0)
            cr_assert_lt(strcmp(ascend_ops[i - 1].name, ascend_ops[i].name), 0, "%s",
                         ascend_ops[i].name);
        cr_assert_eq(ascend_op_find(ascend_ops[i].name, ""), &ascend_ops[i]);
    }
}

Test(ascend_op, other_names_and_domains_are_unknown)
{
    cr_assert_null(ascend_op_find("NonMaxSuppression", ""));
    cr_assert_null(ascend_op_find("Conv", "com.example"));
    cr_assert_null(ascend_op_find("conv", ""));
    cr_assert_null(ascend_op_find("", ""));
    cr_assert_null(ascend_op_find(NULL, ""));
    cr_assert_not_null(ascend_op_find("Conv", NULL));
}
