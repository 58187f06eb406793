#include "compress/linalg.h"

#include <cblas.h>
#include <lapacke.h>

/* OpenBLAS has its threads from the start; before each use, as a fork or another library may have
 * changed it. It costs a comparison. */
static void one_thread(void)
{
    if (openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
}

void amct_linalg_gram(float *gram, size_t ld_gram, const float *rows, size_t ld_rows, size_t n,
                      size_t columns)
{
    one_thread();
    cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, (blasint)columns, (blasint)n, 1, rows,
                (blasint)ld_rows, 1, gram, (blasint)ld_gram);
}

void amct_linalg_cross(float *c, size_t ld_c, const float *a, size_t ld_a, const float *b,
                       size_t ld_b, size_t n, size_t p, size_t q)
{
    one_thread();
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)p, (blasint)q, (blasint)n, 1, a,
                (blasint)ld_a, b, (blasint)ld_b, 1, c, (blasint)ld_c);
}

void amct_linalg_apply(float *c, size_t ld_c, const float *a, size_t ld_a, const float *b,
                       size_t ld_b, size_t p, size_t n, size_t q)
{
    one_thread();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)p, (blasint)q, (blasint)n, 1, a,
                (blasint)ld_a, b, (blasint)ld_b, 0, c, (blasint)ld_c);
}

void amct_linalg_product(double *c, size_t ld_c, const double *a, size_t ld_a, const double *b,
                         size_t ld_b, size_t p, size_t n, size_t q)
{
    one_thread();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)p, (blasint)q, (blasint)n, 1, a,
                (blasint)ld_a, b, (blasint)ld_b, 0, c, (blasint)ld_c);
}

amct_status amct_linalg_cholesky(double *a, size_t n, amct_err *err)
{
    one_thread();
    /* The upper triangle by rows is the lower one by columns, which spares LAPACKE a copy. */
    lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', (lapack_int)n, a, (lapack_int)n);
    if (info != 0)
        return amct_fail(err, AMCT_E_INVALID, "a matrix of %zu columns is not positive definite",
                         n);
    return AMCT_OK;
}

void amct_linalg_solve(double *b, size_t ld_b, const double *r, size_t n, size_t q)
{
    one_thread();
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, (blasint)n,
                (blasint)q, 1, r, (blasint)n, b, (blasint)ld_b);
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, (blasint)n,
                (blasint)q, 1, r, (blasint)n, b, (blasint)ld_b);
}
