/*
 * ascend_data.h - the chip files and the fit's file as they were when the plugin was built. The
 * source is made from chips/ and fit.yaml by embed.awk.
 */
#ifndef AMCT_ASCEND_DATA_H
#define AMCT_ASCEND_DATA_H

#include <stddef.h>

typedef struct ascend_text {
    const char *name; /* of the file, for messages */
    const char *text;
    size_t size;
} ascend_text;

extern const ascend_text ascend_chip_texts[]; /* the last one's name is NULL */
extern const ascend_text ascend_fit_text;
extern const char *const ascend_chip_names[]; /* in the order of the files, the last one NULL */

#endif
