/* Which operator is read by whom. */
#include "ms_ops.h"

#include <string.h>

#define ROW(name) {ms_ops_##name, &ms_n_ops_##name},
static const struct {
    const ms_op *ops;
    const size_t *n;
} families[] = {MS_FAMILIES(ROW)};

int32_t ms_call_op(ms_call *c)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (size_t i = 0; i < *families[f].n; i++)
            if (strcmp(families[f].ops[i].op, c->op) == 0) {
                c->onnx = families[f].ops[i].onnx;
                return families[f].ops[i].handler(c);
            }
    return ms_pass_on(c);
}
