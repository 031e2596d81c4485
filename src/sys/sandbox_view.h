/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_VIEW_H
#define DKMS_SYS_SANDBOX_VIEW_H

#include <sys/stat.h>

#include "sys/sandbox.h"

/* The places that an empty file system of the sandbox's own takes. NULL-ended. */
extern const char *const sandbox_hidden[];
/* Is a path in one of them? */
bool sandbox_is_hidden(const char *path);
/* Is it one of them itself? */
bool sandbox_is_place(const char *path);
/* Is it a setting of the kernel, which no try may write? */
bool sandbox_is_kernels(const char *path);
/* Is that file a secret, by whatever name, which no try may read or write? */
bool sandbox_is_secret(const struct sandbox_rules *rules, const struct stat *st);

/* Without mounts of its own: may the build user go to its build directory and to what is to be reached? */
bool sandbox_view_is_open(const struct sandbox_rules *rules);
/*
 * In the first process of the sandbox, which has its own mount namespace: makes the file system as the rules have it.
 * A tree below a directory that the build user may not enter, or below a hidden one, is reached by the same name:
 * an empty file system covers that directory, with no more than the way to it. decoys: what watches those of the
 * secrets (sys/sandbox_decoy.h), or negative. -errno with *ret_step, what
 * failed, in words; *ret_no_proc: all but a /proc of its own PID namespace could be had.
 */
int sandbox_view_make(const struct sandbox_rules *rules, int decoys, bool *ret_no_proc,
		      const char **ret_step);

#endif
