/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_UTIL_H
#define DKMS_BASE_UTIL_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Cleanup by attribute: `CLEAN(free) char *s = NULL;` calls clean_free(&s) when s leaves its scope.
 * Every type that owns something defines a clean_NAME() beside its own _done() or _free(), which must
 * take NULL and half-built objects. Hand over with TAKE_PTR / TAKE_FD.
 */
#define CLEAN(name) __attribute__((cleanup(clean_##name)))

static inline void clean_free(void *p)
{
	free(*(void **)p);
}

static inline void clean_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void clean_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void clean_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define TAKE_PTR(p)                       \
	({                                \
		__typeof__(p) tv_ = (p);  \
		(p) = NULL;               \
		tv_;                      \
	})

#define TAKE_FD(fd)           \
	({                    \
		int tv_ = (fd); \
		(fd) = -1;    \
		tv_;          \
	})

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define MUST_USE __attribute__((warn_unused_result))

static inline bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

static inline bool str_is_empty(const char *s)
{
	return !s || *s == '\0';
}

static inline bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static inline bool str_has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

#endif
