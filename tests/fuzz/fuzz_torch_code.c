/* Any text as TorchScript's code of a module with a weight and a bias. */
#include "fuzz_import.h"
#include "torch_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float storage[64] = {0.5f, -1, 2};
    static const amct_option shape = {
        .struct_size = sizeof shape, .key = "input", .value = "1x3x8x8"};
    torch_archive a = {0};
    torch_stream p = {0};
    torch_put_text(&p, "\x80\2c__torch__\nM\n)\x81}(");
    torch_put_string(&p, "weight");
    torch_put_tensor(&p, "0", 64, 0, (const int64_t[]){4, 3, 1, 1}, (const int64_t[]){3, 1, 1, 1},
                     4);
    torch_put_string(&p, "bias");
    torch_put_tensor(&p, "0", 64, 8, (const int64_t[]){4}, (const int64_t[]){1}, 1);
    torch_put_text(&p, "ub.");
    torch_archive_add(&a, "m/data.pkl", p.bytes, p.size);
    torch_archive_add(&a, "m/data/0", storage, sizeof storage);
    torch_archive_add(&a, "m/code/__torch__.py", data, size);
    torch_archive_add(&a, "m/constants.pkl", "\x80\2(K\1G\x3f\xe0\0\0\0\0\0\0t.", 15);
    torch_archive_end(&a);
    fuzz_import(a.bytes, a.size, size % 3 ? &shape : NULL, size % 3 ? 1 : 0);
    torch_archive_free(&a);
    torch_stream_free(&p);
    return 0;
}
