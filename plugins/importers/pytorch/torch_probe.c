/* Whether a file is PyTorch's, by its first bytes: a zip archive whose first member has a name that
 * torch.save, torch.jit.save and torch.export.save give, or the pickle that older ones begin with.
 */
#include "torch_reader.h"

#include <string.h>

enum { NO = 0, LIKELY = 60, SURE = 90, LOCAL_BYTES = 30 };

/* Parts of the archive as they are named below the root folder, which 2024's .pt2 does not have:
 * whole names, and folders. */
static bool is_member(const char *name, size_t n)
{
    static const char *const members[] = {"data.pkl",
                                          "data/",
                                          "constants.pkl",
                                          "constants/",
                                          "code/",
                                          "models/",
                                          "extra/",
                                          "archive_format",
                                          "archive_version",
                                          "version",
                                          "byteorder",
                                          ".data/",
                                          ".format_version",
                                          "serialized_exported_program.json",
                                          "serialized_state_dict.pt",
                                          "serialized_state_dict.json"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        size_t length = strlen(members[i]);
        bool folder = members[i][length - 1] == '/';
        if ((folder ? n >= length : n == length) && memcmp(name, members[i], length) == 0)
            return true;
    }
    return false;
}

int32_t torch_probe(const void *head, size_t n, const char *path)
{
    /* the number that torch.save of before 2020 puts first, as a pickle of protocol 2 */
    static const uint8_t magic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                    0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
    const uint8_t *bytes = head;
    (void)path;
    if (n >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0)
        return SURE;
    if (n < LOCAL_BYTES || memcmp(bytes, "PK\3\4", 4) != 0)
        return NO;
    size_t length = (size_t)(bytes[26] | bytes[27] << 8);
    const char *name = (const char *)bytes + LOCAL_BYTES;
    if (length > n - LOCAL_BYTES)
        length = n - LOCAL_BYTES;
    const char *slash = memchr(name, '/', length);
    if (slash && is_member(slash + 1, length - (size_t)(slash + 1 - name)))
        return SURE;
    return is_member(name, length) ? LIKELY : NO;
}
