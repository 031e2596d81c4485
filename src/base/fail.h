/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_FAIL_H
#define DKMS_BASE_FAIL_H

#include "base/util.h"

/*
 * The context of an error on its way up. Whoever finds a fact that makes an operation fail fills it
 * and returns its code; whoever is between may put what was being done in front; only the command
 * layer prints it. `code` is a negative errno or a negative own code (core/outcome.h, from 1024 up).
 * Messages: lower case, what failed, the subject quoted, why. `hint` is what the user can do next, a
 * sentence or a command; NULL if there is nothing to say.
 *
 * Zero-initialize. A function that takes a struct fail may be given NULL by a caller that only wants
 * the code.
 */
struct fail {
	int code;
	char *text;
	char *hint;
};

void fail_done(struct fail *f);
static inline void clean_fail(struct fail *f)
{
	fail_done(f);
}

/* Sets code (negative) and text, drops an older hint; returns code. */
int fail_set(struct fail *f, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same for an errno value (positive or negative): the text gets ": <strerror>"; returns -errno. */
int fail_errno(struct fail *f, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Puts "<context>: " before the text; keeps the code; returns it. */
int fail_wrap(struct fail *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
void fail_hint(struct fail *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Hands everything over; `from` is empty after. */
void fail_move(struct fail *to, struct fail *from);

#endif
