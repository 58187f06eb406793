#include "tf_reader.h"
int32_t tf_read_saved(tf_reader *r)
{
    return tf_fail(r, AMCT_E_UNSUPPORTED, "SavedModel");
}
int32_t tf_variable_get(tf_reader *r, const char *variable, const char *name, tf_value **out)
{
    (void)name, (void)out;
    return tf_fail(r, AMCT_E_FORMAT,
                   "the value of variable '%.200s' is not in the file: freeze the network, or give "
                   "the SavedModel that it is of",
                   variable);
}
