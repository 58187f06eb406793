/*
 * device_cache.h - what was measured before, by content: a file per model, compiler and device.
 */
#ifndef DEVICE_CACHE_H
#define DEVICE_CACHE_H

#include "device_atc.h"

/* Hex of a 128-bit hash, and a zero. */
typedef struct device_key {
    char hex[33];
} device_key;

/* The key of a measurement: bytes of the model and of the constants beside it, what atc is told,
 * which atc and library these are, on which machine and device, how many runs. False with *problem
 * if a file cannot be read. */
bool device_key_make(device_key *out, const device_cann *cann, const device_compile *what,
                     int device, unsigned runs, char problem[DEVICE_TEXT]);

typedef struct device_timing {
    double latency_ns; /* median of the runs */
    double spread_ns;  /* half width of the 90 % band of that median */
} device_timing;

/* False if it is not there or cannot be read. */
bool device_cache_get(device_timing *out, const char *folder, const device_key *key);
/* Writes it whole or not at all; false if it could not. */
bool device_cache_put(const char *folder, const device_key *key, const device_timing *timing);

/* XDG_CACHE_HOME/amct-autotune/device, else HOME/.cache/...; false if neither is set. */
bool device_cache_folder(char out[PATH_MAX]);
/* Makes a folder and those above it; false if it cannot be. */
bool device_folder_make(const char *path);
/* A fresh folder of our own for compiling: below TMPDIR, else /tmp. */
bool device_folder_fresh(char out[PATH_MAX]);
/* With all that is in it. */
void device_folder_remove(const char *path);

#endif
