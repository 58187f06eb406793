/* Any bytes as the pickle of a state dict. */
#include "fuzz_import.h"
#include "torch_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float storage[64] = {0.5f, -1, 2};
    torch_archive a = {0};
    torch_archive_add(&a, "m/data.pkl", data, size);
    torch_archive_add(&a, "m/data/0", storage, sizeof storage);
    torch_archive_end(&a);
    fuzz_import(a.bytes, a.size, NULL, 0);
    torch_archive_free(&a);
    return 0;
}
