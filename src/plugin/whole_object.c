#include "plugin/whole_object.h"

#include "base/file.h"

#include <link.h>
#include <string.h>

static bool ends_inside(const amct_file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset;
}

static bool is_whole(const amct_file *file)
{
    const unsigned char *bytes = file->data;
    ElfW(Ehdr) head;
    ElfW(Phdr) part;
    if (file->size < sizeof head)
        return true; /* the loader reads the header before it maps anything */
    memcpy(&head, bytes, sizeof head);
    unsigned char ours = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ours ||
        head.e_phentsize != sizeof part)
        return true;
    if (!ends_inside(file, head.e_phoff, (uint64_t)head.e_phnum * sizeof part))
        return false;
    for (uint32_t i = 0; i < head.e_phnum; i++) {
        memcpy(&part, bytes + head.e_phoff + i * sizeof part, sizeof part);
        if (part.p_type != PT_NULL && !ends_inside(file, part.p_offset, part.p_filesz))
            return false;
    }
    return true;
}

amct_status amct_object_check_whole(const char *path, amct_err *err)
{
    amct_file file;
    amct_err why;
    if (amct_file_map(&file, path, &why) != AMCT_OK)
        return AMCT_OK; /* the loader cannot open it either */
    bool whole = is_whole(&file);
    size_t size = file.size;
    amct_file_unmap(&file);
    return whole ? AMCT_OK
                 : amct_fail(err, AMCT_E_IO,
                             "is cut short: the file ends at byte %zu, before what its program "
                             "headers say is in it; install it again",
                             size);
}
