/* gcd.h - the greatest common divisor. */
#ifndef AMCT_BASE_GCD_H
#define AMCT_BASE_GCD_H

#include <stdint.h>

/* Of two numbers of 0 and more; that of 0 and a is a. */
static inline int64_t amct_gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

#endif
