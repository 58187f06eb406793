#include "base/err.h"

#include <criterion/criterion.h>
#include <string.h>

Test(base_err, context_is_put_in_front)
{
    amct_err err = {0};
    cr_assert_eq(amct_fail(&err, AMCT_E_FORMAT, "kernel height is %d", 0), AMCT_E_FORMAT);
    cr_assert_eq(amct_fail_in(&err, "node %d '%s'", 12, "Conv_4"), AMCT_E_FORMAT);
    cr_assert_eq(amct_fail_in(&err, "model.onnx"), AMCT_E_FORMAT);
    cr_assert_str_eq(err.text, "model.onnx: node 12 'Conv_4': kernel height is 0");
    cr_assert_eq(err.code, AMCT_E_FORMAT);
}

Test(base_err, stays_one_printable_line)
{
    amct_err err = {0};
    amct_fail(&err, AMCT_E_FORMAT, "name '%s'", "a\nb\033[2J\177\u202ec\xff");
    cr_assert_str_eq(err.text, "name 'a?b?[2J??c?'");
}

Test(base_err, a_long_text_is_cut_and_says_so)
{
    amct_err err = {0};
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    amct_fail(&err, AMCT_E_FORMAT, "%s", text);
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
    cr_assert_str_eq(err.text + sizeof err.text - 5, "x...");
}
