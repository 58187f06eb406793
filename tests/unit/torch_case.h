/* PyTorch files made in memory: a program, a module with code, a state dict; imported and run. */
#ifndef TESTS_TORCH_CASE_H
#define TESTS_TORCH_CASE_H

#include "import/import.h"
#include "torch_archive.h"

#include <criterion/criterion.h>
#include <string.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

extern amct_err torch_err;

/* 64 floats that every file has as its storage: i / 8 - 1. */
extern const float torch_weights[64];

/* A program of one conv2d of weights w [4, 3, 1, 1] and a relu, and its configuration of weights.
 */
extern const char torch_program[], torch_config[];
void torch_make_program(torch_archive *a, const char *program, const char *config);
/* The same in the archive of 2024, with a state dict within it. */
void torch_make_program_2024(torch_archive *a);
/* A module M with the fields weight [4, 3, 1, 1] and bias [4], whose code is given. */
void torch_make_module(torch_archive *a, const char *code);
/* "class M(Module): ... def forward(self, x):" with these lines as its body. */
void torch_make_forward(torch_archive *a, const char *body);
/* The pickle as data.pkl, with storage 0. */
void torch_make_pickle(torch_archive *a, const torch_stream *pickle);
/* The stream of before 1.6 around a pickle. */
void torch_make_old(torch_stream *out, const torch_stream *pickle);

/* Imports an archive, which is ended, used up and freed. */
amct_status torch_import(torch_archive *a, const char *input, amct_graph **out);
void torch_refuse(torch_archive *a, amct_status code, const char *words);
/* What the only output is for that input, on the plain reference; the graph is freed. */
float *torch_run_graph(amct_graph *graph, const float *x, size_t n_x, size_t *n);
const amct_tensor *torch_find_tensor(const amct_graph *graph, const char *name);

#endif
