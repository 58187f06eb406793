#include "import/constant.h"

#include "import/finite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Small constants may hold an infinity on purpose (the bounds of a Clip, a mask's value). */
enum { MAY_BE_INFINITE = 16 };
/* Elements that are checked, then copied, while they are in the cache. */
enum { STEP = 1 << 16 };

/* Checks count elements at src and copies them to dst, if that is not NULL; what was copied from a
 * file needs no memory there any more. */
static amct_status check_and_copy(char *dst, const amct_tensor *tensor, const char *src,
                                  const amct_maps *maps, amct_err *err)
{
    size_t width = amct_dtype_bits(tensor->dtype) / 8; /* 0 for 4-bit types, never misaligned */
    size_t count = (size_t)amct_shape_size(&tensor->shape);
    bool check = tensor->shape.rank > 0 && count > MAY_BE_INFINITE;
    for (size_t i = 0; i < count; i += STEP) {
        size_t n = count - i < STEP ? count - i : STEP;
        size_t at = check ? amct_first_not_finite(tensor->dtype, src + i * width, n) : n;
        if (at < n) {
            bool nan = isnan(amct_element_get(tensor->dtype, src, (int64_t)(i + at)));
            return amct_fail(err, AMCT_E_FORMAT, "weights contain %s: element %zu of %zu",
                             nan ? "NaN" : "infinity", i + at, count);
        }
        if (!dst)
            continue;
        memcpy(dst + i * width, src + i * width, n * width);
        amct_maps_forget(maps, src + i * width, n * width);
    }
    return AMCT_OK;
}

static amct_status take_mapped(amct_tensor *tensor, const void *data, amct_arena *arena,
                               const amct_maps *maps, amct_err *err)
{
    size_t width = amct_dtype_bits(tensor->dtype) / 8;
    if (width <= 1 || (uintptr_t)data % width == 0) {
        AMCT_TRY(check_and_copy(NULL, tensor, data, maps, err));
        tensor->data = data;
        return AMCT_OK;
    }
    size_t room = (tensor->bytes + 63) / 64 * 64; /* not the arena's: that would be zeroed first */
    char *copy = aligned_alloc(64, room);
    amct_block *block = copy ? amct_block_new(arena, copy) : NULL;
    if (!block)
        return amct_fail_nomem(err);
    AMCT_TRY(check_and_copy(copy, tensor, data, maps, err));
    tensor->data = copy;
    tensor->block = block;
    return AMCT_OK;
}

static amct_status take_block(amct_tensor *tensor, const amct_tensor_desc *desc, amct_arena *arena,
                              amct_plugin_host *host, amct_err *err)
{
    size_t width = amct_dtype_bits(tensor->dtype) / 8;
    if (width > 1 && (uintptr_t)desc->data % width != 0)
        return amct_fail(err, AMCT_E_PLUGIN, "its block is not aligned for its elements");
    if (!amct_plugin_host_has(host, desc->data, tensor->bytes))
        return amct_fail(err, AMCT_E_PLUGIN,
                         "its data is no block of %zu bytes from the host's alloc", tensor->bytes);
    AMCT_TRY(
        check_and_copy(NULL, tensor, desc->data, NULL, err)); /* it stays the plugin's if bad */
    tensor->block = amct_block_new(arena, amct_plugin_host_take(host, desc->data, tensor->bytes));
    if (!tensor->block)
        return amct_fail_nomem(err);
    tensor->data = desc->data;
    return AMCT_OK;
}

amct_status amct_constant_take(amct_tensor *tensor, const amct_tensor_desc *desc, amct_arena *arena,
                               const amct_maps *maps, amct_plugin_host *host, amct_err *err)
{
    tensor->bytes = 0;
    if (tensor->dtype != AMCT_STRING)
        AMCT_TRY(amct_tensor_bytes(&tensor->bytes, tensor->dtype, &tensor->shape, err));
    if (desc->data_size != tensor->bytes) {
        char text[160];
        return amct_fail(err, AMCT_E_FORMAT, "its data has %zu bytes, %zu wanted for %s of %s",
                         desc->data_size, tensor->bytes,
                         amct_shape_print(&tensor->shape, text, sizeof text),
                         amct_dtype_name(tensor->dtype));
    }
    if (desc->owner > AMCT_DATA_HOST)
        return amct_fail(err, AMCT_E_PLUGIN, "unknown owner %u of its data", desc->owner);
    if (desc->owner == AMCT_DATA_HOST && desc->data)
        return take_block(tensor, desc, arena, host, err);
    if (tensor->bytes == 0) {
        tensor->data = amct_arena_alloc(arena, 1); /* what makes it a constant */
        return tensor->data ? AMCT_OK : amct_fail_nomem(err);
    }
    if (!amct_maps_contain(maps, desc->data, desc->data_size))
        return amct_fail(err, AMCT_E_PLUGIN, "its data lies outside of the mapped files");
    return take_mapped(tensor, desc->data, arena, maps, err);
}
