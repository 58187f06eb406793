#include "caffe_reader.h"

#include <inttypes.h>

const caffe_shape caffe_scalar = {.rank = 0};

int32_t caffe_check_shape(caffe_reader *r, const caffe_shape *shape, const char *what)
{
    char text[160];
    int64_t count = 1;
    if (shape->rank > AMCT_MAX_RANK)
        return caffe_fail(r, AMCT_E_LIMIT, "'%.64s' has %u dims, at most %d wanted", what,
                          shape->rank, AMCT_MAX_RANK);
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 1)
            return caffe_fail(r, AMCT_E_FORMAT, "'%.64s' would be %s: dims from 1 on wanted", what,
                              caffe_show_shape(shape, text, sizeof text));
        if (shape->dims[i] > INT32_MAX / count)
            return caffe_fail(r, AMCT_E_LIMIT, "'%.64s' would be %s: more than %d elements", what,
                              caffe_show_shape(shape, text, sizeof text), INT32_MAX);
        count *= shape->dims[i];
    }
    return AMCT_OK;
}

int64_t caffe_count(const caffe_shape *shape, uint32_t from, uint32_t to)
{
    int64_t count = 1;
    for (uint32_t i = from; i < to; i++)
        count *= shape->dims[i];
    return count;
}

bool caffe_same_shape(const caffe_shape *a, const caffe_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i < a->rank && a->rank <= AMCT_MAX_RANK; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

int32_t caffe_axis(caffe_reader *r, const char *what, int64_t axis, uint32_t limit, uint32_t *out)
{
    int64_t from_begin = axis < 0 ? axis + limit : axis;
    if (axis < -(int64_t)limit || axis >= limit)
        return caffe_fail(r, AMCT_E_FORMAT, "%s is %" PRId64 ", %d to %d wanted", what, axis,
                          -(int)limit, (int)limit - 1);
    *out = (uint32_t)from_begin;
    return AMCT_OK;
}

int32_t caffe_range(caffe_reader *r, const char *what, uint64_t value, int64_t min, int64_t max,
                    int64_t *out)
{
    if (value > (uint64_t)max || (int64_t)value < min)
        return caffe_fail(r, AMCT_E_FORMAT, "%s is %" PRIu64 ", %" PRId64 " to %" PRId64 " wanted",
                          what, value, min, max);
    *out = (int64_t)value;
    return AMCT_OK;
}
