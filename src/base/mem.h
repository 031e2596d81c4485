/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_MEM_H
#define DKMS_BASE_MEM_H

#include <stdarg.h>

#include "base/util.h"

/*
 * Allocation that cannot fail: where no memory is left the process says so on stderr and ends with
 * status 1. Dying is safe at every point (what changes the disk is written beside and renamed), so no
 * caller carries an error path that no test could reach. Sizes that come from outside are bounded by
 * whoever reads them, before they get here.
 */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
/* realloc of n elements of size bytes; dies on overflow of the product too. */
void *xreallocarray(void *p, size_t n, size_t size);
/* NULL gives NULL. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xmemdup(const void *p, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Replaces *p by a copy of s (which may be NULL or *p itself), freeing what was there. */
void str_set(char **p, const char *s);

#endif
