/*
 * dataset.h - the samples that a network is calibrated and measured with.
 *
 * What may be given as data, found by the kind of path and by content:
 * - a folder of JPEG and PNG files: in class folders (class = rank of the folder's name, sorted by
 *   bytes), or listed in a `labels.txt` (`file label` a line; only those listed are used), or
 *   without labels;
 * - an IDX file of images, also .gz, or a folder with one; labels in the file beside it whose name
 *   says labels-idx1 for images-idx3;
 * - CIFAR-10 or CIFAR-100 (fine labels) binary files, or a folder of them, in the order of names;
 * - .npy, with labels in <stem>_labels.npy or labels.npy beside it; .npz with x, images, data or
 *   input (or one array alone that is no list) and y or labels; or a folder with one of them;
 * - .bin files of one float32 sample each, in the network's layout, as AMCT's data_dir holds them:
 *   a folder of them, or a text file (list.txt) of `file [label]` lines.
 *
 * Pictures (files, and uint8 arrays of the shapes N x H x W, N x C x H x W and N x H x W x C) are
 * decoded and resized once, when the set is opened, and kept as bytes; other arrays as floats. All
 * is kept in one block that processes forked later share. After opening, a data set never changes:
 * everything below is for any thread and process.
 */
#ifndef AMCT_DATA_DATASET_H
#define AMCT_DATA_DATASET_H

#include "data/preprocess.h"

typedef struct amct_dataset_options {
    amct_preprocess preprocess;
    /* One sample of the network's input, without the batch: as many dims as the network's input
     * has behind the first. rank 0: nothing known; a dim may be AMCT_DIM_UNKNOWN. Three dims are a
     * picture (where preprocess.layout is unsaid: HxWxC if only the last is 1 or 3, else CxHxW),
     * two are H x W, one takes any sample with as many elements. Samples of other dims but as
     * many elements are taken row by row, where nothing else is asked of preprocess and they are no
     * picture files; not if they are the network's dims in another order. */
    uint32_t rank;
    int64_t dims[AMCT_MAX_RANK];
    const char *labels_path; /* labels elsewhere, NULL: as above. For pictures in files a list of
                                `file label` lines; else .npy, IDX, or one number a line */
    int64_t label_offset;    /* added to every label */
    uint32_t n_classes;      /* of the network; labels must be below; 0: not known */
    uint64_t memory_limit_bytes; /* for the samples; 0: no limit */
    const char *spill_folder;    /* where what is beyond the limit goes; NULL: that is an error */
    uint32_t jobs;               /* processes that decode; 0 is 1 */
} amct_dataset_options;

/* A file that could not be read, and why. */
typedef struct amct_unreadable {
    const char *name, *reason;
} amct_unreadable;

/* Read only. */
typedef struct amct_dataset {
    const char *path;
    const char *format;               /* in words: "images in class folders" */
    uint32_t n;                       /* samples, at least 1 */
    uint32_t channels, height, width; /* of a sample; other shapes are 1 x 1 x elements */
    size_t elements;                  /* their product */
    amct_data_layout layout;          /* of the network's input: AMCT_NCHW or AMCT_NHWC */
    const int32_t *labels;            /* n of them, offset added; NULL: there are none */
    const char *const *names;         /* of n files, below the folder; NULL: no picture files */
    const amct_unreadable *unreadable;
    uint32_t n_unreadable; /* left out of n */
    uint64_t bytes;        /* that the samples take */
    bool spilled;          /* into a file */
    amct_hash fingerprint; /* of file names within the set, contents, labels and preprocessing; not
                              of where the set lies */
    struct amct_dataset_private *private;
} amct_dataset;

/* Opens and reads a data set, with `jobs` processes: not while other threads run. Files that cannot
 * be read are listed; only if none can it is an error. Failures name file and sample, and what was
 * wanted. */
amct_status amct_dataset_open(amct_dataset **out, const char *path,
                              const amct_dataset_options *options, amct_err *err);
void amct_dataset_free(amct_dataset *ds); /* NULL is allowed */

/* Writes samples indices[0 .. n-1], each below ds->n, one after the other to dst, n * ds->elements
 * floats, in that order of elements (AMCT_NCHW or AMCT_NHWC; the same for samples of other shapes).
 */
void amct_dataset_fetch(const amct_dataset *ds, const uint32_t *indices, size_t n,
                        amct_data_layout layout, float *dst);

#endif
