#include "structure/covariance.h"

#include "compress/linalg.h"

#include <string.h>

void amct_covariance_weights(double *w, const amct_columns *columns, const float *weights,
                             int64_t group, int64_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int64_t m = 0; m < columns->outputs; m++)
            *w++ = (double)weights[amct_columns_weight(columns, group, m, first + (int64_t)i)];
}

double amct_covariance_dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

amct_status amct_covariance_factor(double *r, double *lambda, const double *c, size_t n,
                                   double ridge, amct_err *err)
{
    double mean = 0;
    for (size_t i = 0; i < n; i++)
        mean += c[i * n + i] / (double)n;
    for (double ratio = ridge > 1e-9 ? ridge : 1e-9;; ratio *= 100) {
        double add = mean > 0 ? ratio * mean : 1;
        memcpy(r, c, n * n * sizeof *r);
        for (size_t i = 0; i < n; i++)
            r[i * n + i] += add;
        amct_status status = amct_linalg_cholesky(r, n, err);
        if (status == AMCT_OK) {
            *lambda = add;
            break;
        }
        if (!(ratio <= (double)n)) /* more than any negative eigenvalue of what is settled */
            return status;
    }
    for (size_t i = 1; i < n; i++)
        memset(r + i * n, 0, i * sizeof *r);
    return AMCT_OK;
}
