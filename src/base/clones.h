/*
 * clones.h - for files of plain loops that the compiler should vectorise for each kind of CPU: the
 * loader picks the fastest clone of an AMCT_CLONES function. GCC does little of that at -O2, so the
 * rest of such a file is compiled at -O3. To be included last.
 */
#ifndef AMCT_BASE_CLONES_H
#define AMCT_BASE_CLONES_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#if defined(__x86_64__) && defined(__ELF__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define AMCT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define AMCT_CLONES
#endif

#endif
