/*
 * whole_object.h - whether a shared object has all its bytes, before the loader maps it.
 */
#ifndef AMCT_PLUGIN_WHOLE_OBJECT_H
#define AMCT_PLUGIN_WHOLE_OBJECT_H

#include "base/err.h"

/* AMCT_E_IO if the file at path is an ELF file of our word size whose program headers, or what they
 * say is in it, end behind its end: the loader maps such a file and dies of SIGBUS. Other files
 * pass; the loader says itself what is wrong with them. */
amct_status amct_object_check_whole(const char *path, amct_err *err);

#endif
