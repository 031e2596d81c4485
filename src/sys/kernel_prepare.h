/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_KERNEL_PREPARE_H
#define DKMS_SYS_KERNEL_PREPARE_H

#include "base/fail.h"
#include "base/strv.h"
#include "core/errlog.h"
#include "sys/framework.h"
#include "sys/toolchain.h"

/*
 * Kernel trees that were never built (dkms(8)): a kernel's source has all that a module needs but what its build
 * makes of the configuration. That is made in a directory of our own, with the kernel's own means (make O=), so the
 * tree itself is only read.
 */

/* A kernel's source with include/, but without the configuration's headers that a module is built with? */
bool kernel_tree_is_bare(const char *dir);
/* The configuration for a bare tree, of which --config names none: the tree's .config, that of /boot or of the modules
 * directory, or one in the tree's configs/; caller frees; NULL: none. */
char *kernel_tree_find_config(const char *tree, const char *release, const char *arch, const char *install_dir);

/* Everything is borrowed. */
struct kernel_prepare {
	const char *release, *arch;
	const char *tree;   /* the user's, bare */
	const char *config; /* an auto.conf or .config */
	const char *dir;    /* to be made, and the caller's to remove; the prepared tree is kernel_prepared_dir(dir) */
	const char *log;    /* the log to write */
	const char *dkms_tree, *source_tree, *install_tree;
	const char *cc; /* NULL: make's own */
	bool clang;
	const struct toolchain *toolchain; /* for a cross build */
	int jobs;
	const struct strv *environment;
	const struct framework *framework;
	void (*warn)(void *ctx, const char *text, const char *hint);
	void (*tick)(void *ctx);
	void *ctx;
};

/* Caller frees. */
char *kernel_prepared_dir(const char *dir);

/*
 * olddefconfig and modules_prepare, in the sandbox that builds run in. 0; -E_MAKE_FAILED, and ret_errors is what
 * matters in the log; -ECANCELED; -errno.
 */
int kernel_prepare(const struct kernel_prepare *p, struct errlog *ret_errors, struct fail *f);

#endif
