/* Any JSON as the program, and as the list of weights, of a .pt2 archive; a zero byte parts them.
 */
#include "fuzz_import.h"
#include "torch_archive.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float weights[64] = {0.5f, -1, 2};
    const uint8_t *parted = size ? memchr(data, 0, size) : NULL;
    size_t first = parted ? (size_t)(parted - data) : size;
    torch_archive a = {0};
    torch_archive_add(&a, "m/models/model.json", data, first);
    if (parted)
        torch_archive_add(&a, "m/data/weights/model_weights_config.json", parted + 1,
                          size - first - 1);
    torch_archive_add(&a, "m/data/weights/weight_0", weights, sizeof weights);
    torch_archive_end(&a);
    fuzz_import(a.bytes, a.size, NULL, 0);
    torch_archive_free(&a);
    return 0;
}
