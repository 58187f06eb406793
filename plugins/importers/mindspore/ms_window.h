/*
 * ms_window.h - windows of convolutions and pools: their size, step and padding.
 */
#ifndef MS_WINDOW_H
#define MS_WINDOW_H

#include "ms_ops.h"

enum { MS_MAX_SPACE = 3 };
/* How the border is padded, numbered as in MindSpore. */
typedef enum ms_pad_mode { MS_PAD = 0, MS_SAME = 1, MS_VALID = 2 } ms_pad_mode;

typedef struct ms_window {
    uint32_t n; /* dims of space */
    int64_t kernel[MS_MAX_SPACE], stride[MS_MAX_SPACE], dilation[MS_MAX_SPACE];
    int64_t pads[2 * MS_MAX_SPACE]; /* in front of each dim, then behind each */
    bool automatic;                 /* as SAME, because the size of x is not known */
} ms_window;

/* Elements that the window spans in dim d. */
int64_t ms_window_span(const ms_window *w, uint32_t d);
/* Refuses numbers below 1 and beyond 2^31, of padding below 0. */
int32_t ms_window_check(ms_call *c, const ms_window *w);
/* "SAME", "VALID", "PAD" or their number, of input i or the attribute pad_mode; VALID if it is not
 * given. */
int32_t ms_window_mode(ms_call *c, uint32_t i, ms_pad_mode *out);
/* Padding of pairs, in front and behind: the attribute pad_list or pad. */
int32_t ms_window_pairs(ms_call *c, ms_window *w);
/* Padding of n numbers, in front and behind alike. */
int32_t ms_window_even(ms_call *c, ms_window *w, uint32_t i, const char *name);
/* SAME as in TensorFlow, of a window that was checked: the odd one goes behind. */
void ms_window_same(ms_window *w, const ms_tensor *x);
/* The attributes strides and pads, or auto_pad. */
void ms_window_set(ms_build *b, const ms_window *w);

#endif
