/*
 * arena.h - memory with one lifetime: what belongs to a graph, a plan, a file is allocated here and
 * freed at once. Not for several threads at a time. In sanitizer builds each object is a block of
 * its own, so that reads past its end are seen.
 */
#ifndef AMCT_BASE_ARENA_H
#define AMCT_BASE_ARENA_H

#include <stddef.h>

typedef struct amct_arena amct_arena;

amct_arena *amct_arena_new(void); /* NULL when out of memory */
void amct_arena_free(amct_arena *arena);

/* Zeroed memory aligned to 64 bytes for 64 and more, else to 16; NULL when out of memory. */
void *amct_arena_alloc(amct_arena *arena, size_t size);
/* n elements of size bytes, zeroed; NULL also when n * size overflows. */
void *amct_arena_array(amct_arena *arena, size_t n, size_t size);
void *amct_arena_copy(amct_arena *arena, const void *data, size_t size);
char *amct_arena_string(amct_arena *arena, const char *text);
/* One behind the other. */
char *amct_arena_join(amct_arena *arena, const char *first, const char *second);
char *amct_arena_printf(amct_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes `release(object)` run when the arena is freed, in reverse order of the calls. 0, or -1 when
 * out of memory (then release has run already). */
int amct_arena_own(amct_arena *arena, void *object, void (*release)(void *object));

#endif
