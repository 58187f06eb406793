#include "data/array.h"
#include "unit/data_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static amct_err err;

static void assert_npy_refused(blob b, amct_status code, const char *words)
{
    amct_array array = {.rank = 42};
    cr_assert_eq(amct_npy_parse(&array, b.data, b.size, &err), code, "%s", err.text);
    cr_assert_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    cr_assert_eq(array.rank, 42);
    blob_free(&b);
}

static void assert_header_refused(const char *header, amct_status code, const char *words)
{
    blob b = make_npy_header(1, header);
    blob_add(&b, "12345678", 8);
    assert_npy_refused(b, code, words);
}

Test(data_array, npy_shapes_and_types_are_read)
{
    static const float data[] = {1, 2, 3, 4, 5, 6};
    blob b = make_npy("<f4", "(2, 3)", data, sizeof data);
    amct_array array;
    float sample[3];
    cr_assert_eq(amct_npy_parse(&array, b.data, b.size, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(array.dtype, AMCT_FLOAT);
    cr_assert_eq(array.rank, 2);
    cr_assert_eq(array.dims[0], 2);
    cr_assert_eq(array.sample_count, 3);
    amct_array_floats(sample, &array, 1);
    cr_assert_eq(memcmp(sample, data + 3, sizeof sample), 0);
    blob_free(&b);
}

Test(data_array, npy_headers_may_be_written_in_other_ways)
{
    static const char *const headers[] = {
        "{'shape': (2,), 'descr': '|u1', 'fortran_order': False}",
        "{\"descr\":\"|u1\",\"fortran_order\":False,\"shape\":(2L,),}  ",
        " { 'descr' : '<u1' , 'fortran_order' : False , 'shape' : ( 2 ) } ",
    };
    for (int version = 1; version <= 3; version++)
        for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
            blob b = make_npy_header(version, headers[i]);
            amct_array array;
            blob_add(&b, "\x07\xff", 2);
            cr_assert_eq(amct_npy_parse(&array, b.data, b.size, &err), AMCT_OK, "%s", err.text);
            cr_assert_eq(array.dims[0], 2);
            cr_assert_eq(amct_array_integer(&array, 1), 255);
            blob_free(&b);
        }
}

static void assert_elements(const char *descr, const void *data, size_t item, double a, double b)
{
    blob file = make_npy(descr, "(2,)", data, 2 * item);
    amct_array array;
    float value[2];
    cr_assert_eq(amct_npy_parse(&array, file.data, file.size, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_array_item_bytes(array.dtype), item);
    amct_array_floats(value, &array, 0);
    amct_array_floats(value + 1, &array, 1);
    cr_assert_eq(value[0], (float)a, "%s", descr);
    cr_assert_eq(value[1], (float)b, "%s", descr);
    if (amct_array_is_integer(&array)) {
        cr_assert_eq(amct_array_integer(&array, 0), (int64_t)a);
        cr_assert_eq(amct_array_integer(&array, 1), (int64_t)b);
    }
    blob_free(&file);
}

Test(data_array, every_type_in_both_byte_orders_is_read)
{
    assert_elements("|u1", "\x01\xff", 1, 1, 255);
    assert_elements("|i1", "\x01\xff", 1, 1, -1);
    assert_elements("<u2", "\x01\x02\xff\xff", 2, 513, 65535);
    assert_elements(">u2", "\x01\x02\xff\xff", 2, 258, 65535);
    assert_elements("<i2", "\x01\x02\xff\xff", 2, 513, -1);
    assert_elements(">i4", "\0\0\1\2\xff\xff\xff\xff", 4, 258, -1);
    assert_elements("<u4", "\2\1\0\0\xff\xff\xff\xff", 4, 258, 4294967295.0);
    assert_elements("<i8", "\2\1\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 8, 258, -1);
    assert_elements(">u8", "\0\0\0\0\0\0\1\2\0\0\1\0\0\0\0\0", 8, 258, 1099511627776.0);
    assert_elements(">f4", "\x3f\x80\0\0\xc0\0\0\0", 4, 1, -2);
    assert_elements("<f8", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\xf0\x7f", 8, 1, INFINITY);
    uint8_t huge[16];
    memset(huge, 0xff, sizeof huge);
    blob b = make_npy("<u8", "(2,)", huge, sizeof huge);
    amct_array array;
    cr_assert_eq(amct_npy_parse(&array, b.data, b.size, &err), AMCT_OK);
    cr_assert_eq(amct_array_integer(&array, 0), -1);
    blob_free(&b);
}

Test(data_array, what_numpy_may_hold_but_we_do_not_read_is_named)
{
    assert_header_refused("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
                          AMCT_E_UNSUPPORTED, "holds Python objects, which are never loaded");
    assert_header_refused("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1)}",
                          AMCT_E_UNSUPPORTED, "Fortran order");
    assert_header_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
                          AMCT_E_UNSUPPORTED, "a structured array");
    assert_header_refused("{'descr': '<f2', 'fortran_order': False, 'shape': (4,)}",
                          AMCT_E_UNSUPPORTED, "elements of type '<f2'");
    assert_header_refused("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
                          AMCT_E_UNSUPPORTED, "elements of type '<c8'");
    assert_header_refused("{'descr': '', 'fortran_order': False, 'shape': (1,)}",
                          AMCT_E_UNSUPPORTED, "elements of type ''");
    assert_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
                          AMCT_E_UNSUPPORTED, "a single number");
    assert_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
                          AMCT_E_UNSUPPORTED, "more than 8 dims");
}

Test(data_array, hostile_npy_shapes_are_refused)
{
    static const char *const shapes[] = {
        "(9223372036854775808,)",      "(18446744073709551615, 18446744073709551615)",
        "(4294967296, 4294967296)",    "(3,)",
        "(2, 9223372036854775807, 0)", "(4611686018427387904, 4)",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        blob b = make_npy("<f4", shapes[i], "12345678", 8);
        amct_array array;
        cr_assert_eq(amct_npy_parse(&array, b.data, b.size, &err), AMCT_E_FORMAT, "%s", shapes[i]);
        blob_free(&b);
    }
    assert_npy_refused(make_npy("<f4", "(18446744073709551616,)", "12345678", 8), AMCT_E_FORMAT,
                       "shape is not a tuple of numbers");
    assert_npy_refused(make_npy("<f4", "(-1,)", "12345678", 8), AMCT_E_FORMAT,
                       "shape is not a tuple of numbers");
    assert_npy_refused(make_npy("<f4", "(3,)", "12345678", 8), AMCT_E_FORMAT,
                       "it has 8 bytes of elements, its shape needs 12");
    assert_npy_refused(make_npy("<f4", "(1,)", "12345678", 8), AMCT_E_FORMAT,
                       "4 bytes behind the last element");
    assert_npy_refused(make_npy("<f4", "(0,)", "", 0), AMCT_E_FORMAT, "without elements");
}

Test(data_array, npy_headers_cut_or_broken_are_refused)
{
    static const float data[] = {1, 2, 3, 4, 5, 6};
    blob whole = make_npy("<f4", "(2, 3)", data, sizeof data);
    for (size_t n = 0; n < whole.size; n++) {
        blob part = {0};
        blob_add(&part, whole.data, n);
        amct_array array;
        cr_assert_eq(amct_npy_parse(&array, part.data, part.size, &err), AMCT_E_FORMAT, "at %zu",
                     n);
        blob_free(&part);
    }
    blob_free(&whole);
    assert_header_refused("", AMCT_E_FORMAT, "no dictionary");
    assert_header_refused("{'descr': '<f4'", AMCT_E_FORMAT, "does not end");
    assert_header_refused("{'descr': '<f4', 'shape': (2,)}", AMCT_E_FORMAT, "is missing");
    assert_header_refused("{'descr': '<f4', 'descr': '<f4'}", AMCT_E_FORMAT, "or one twice");
    assert_header_refused("{'what': 1}", AMCT_E_FORMAT, "an unknown key");
    assert_header_refused("{'descr': 4}", AMCT_E_FORMAT, "descr is not a string");
    assert_header_refused("{'fortran_order': 0}", AMCT_E_FORMAT, "neither True nor False");
    assert_header_refused("{'shape': 3}", AMCT_E_FORMAT, "shape is not a tuple");
    assert_header_refused("{'shape': (3", AMCT_E_FORMAT, "shape does not end");
    assert_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
                          AMCT_E_FORMAT, "text behind the dictionary");
    assert_npy_refused(make_npy_header(4, "{}"), AMCT_E_UNSUPPORTED, "format version 4");
}

Test(data_array, idx_of_every_type_is_read)
{
    static const uint32_t dims[] = {2, 1, 2};
    amct_array array;
    uint64_t size;
    blob b = make_idx(0x08, 3, dims, "\1\2\3\4", 4);
    cr_assert(amct_is_idx(b.data, b.size));
    cr_assert_eq(amct_idx_parse(&array, b.data, b.size, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(array.dtype, AMCT_UINT8);
    cr_assert_eq(array.sample_count, 2);
    cr_assert_eq(array.data[3], 4);
    cr_assert_eq(amct_idx_size(&size, b.data, 16, &err), AMCT_OK);
    cr_assert_eq(size, b.size);
    blob_free(&b);
    b = make_idx(0x0d, 1, dims, "\x3f\x80\0\0\x40\0\0\0", 8);
    float value;
    cr_assert_eq(amct_idx_parse(&array, b.data, b.size, &err), AMCT_OK, "%s", err.text);
    amct_array_floats(&value, &array, 1);
    cr_assert_eq(value, 2);
    blob_free(&b);
    b = make_idx(0x0c, 1, dims, "\xff\xff\xff\xff\0\0\0\1", 8);
    cr_assert_eq(amct_idx_parse(&array, b.data, b.size, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_array_integer(&array, 0), -1);
    blob_free(&b);
}

Test(data_array, idx_with_wrong_counts_is_refused)
{
    static const uint32_t dims[] = {2, 1, 2}, huge[] = {0xffffffff, 0xffffffff, 0xffffffff, 9};
    amct_array array;
    uint64_t size;
    blob b = make_idx(0x08, 3, dims, "\1\2\3", 3);
    cr_assert_eq(amct_idx_parse(&array, b.data, b.size, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "has 3 bytes of elements, its shape needs 4"));
    blob_free(&b);
    b = make_idx(0x08, 3, dims, "\1\2\3\4\5", 5);
    cr_assert_eq(amct_idx_parse(&array, b.data, b.size, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "1 bytes behind"));
    for (size_t n = 0; n < 16; n++)
        cr_assert_eq(amct_idx_parse(&array, b.data, n, &err), AMCT_E_FORMAT);
    blob_free(&b);
    b = make_idx(0x08, 4, huge, "", 0);
    cr_assert_eq(amct_idx_parse(&array, b.data, b.size, &err), AMCT_E_FORMAT);
    cr_assert_eq(amct_idx_size(&size, b.data, b.size, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "make no size"));
    cr_assert_not(amct_is_idx("\0\0\x0a\3", 4));
    cr_assert_not(amct_is_idx("\0\0\x08\x09", 4));
    cr_assert_not(amct_is_idx("\0\0\x08\0", 4));
    blob_free(&b);
}

Test(data_array, both_kinds_of_cifar_are_told_apart)
{
    for (int fine = 0; fine < 2; fine++) {
        blob b = make_cifar(30, fine);
        amct_array array;
        cr_assert_eq(amct_cifar_parse(&array, b.data, b.size, &err), AMCT_OK, "%s", err.text);
        cr_assert_eq(array.dims[0], 30);
        cr_assert_eq(array.dims[1], 3);
        cr_assert_eq(array.sample_count, 3072);
        cr_assert_eq(array.stride_bytes, fine ? AMCT_CIFAR100_RECORD : AMCT_CIFAR10_RECORD);
        cr_assert_eq(array.data[29 * array.stride_bytes], 29);
        cr_assert_eq(array.data[29 * array.stride_bytes - 1], fine ? 29 : 9);
        blob_free(&b);
    }
}

Test(data_array, cifar_of_wrong_size_or_labels_is_refused)
{
    blob b = make_cifar(3, false);
    amct_array array;
    cr_assert_eq(amct_cifar_parse(&array, b.data, b.size - 1, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "9218 bytes are not CIFAR records"));
    cr_assert_eq(amct_cifar_parse(&array, b.data, 0, &err), AMCT_E_FORMAT);
    b.data[AMCT_CIFAR10_RECORD] = 10;
    cr_assert_eq(amct_cifar_parse(&array, b.data, b.size, &err), AMCT_E_FORMAT);
    blob_free(&b);
    b = make_cifar(3, true);
    b.data[1] = 100;
    cr_assert_eq(amct_cifar_parse(&array, b.data, b.size, &err), AMCT_E_FORMAT);
    blob_free(&b);
}
