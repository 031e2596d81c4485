/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_MODULE_CHECK_H
#define DKMS_CORE_MODULE_CHECK_H

#include "core/module_info.h"

/*
 * Will the target kernel take a module that was just built? A Makefile that asks `uname -r` builds
 * for the running kernel instead, and the mistake would only be seen at the next boot.
 */

/* How two vermagic strings ("6.1.0-9-amd64 SMP preempt mod_unload modversions ") compare. */
enum magic_verdict {
	MAGIC_SAME,
	MAGIC_RELEASE_DIFFERS, /* only the first word: a kernel with CONFIG_MODVERSIONS looks at
				  CRCs instead */
	MAGIC_DIFFERS,
};
enum magic_verdict module_magic_compare(const char *ours, const char *theirs);

/* What a module is compared with. */
struct module_target {
	const struct module_info
		*shipped;	     /* a module that came with the kernel; NULL: none is there */
	const char *headers_release; /* then the release of the headers decides; NULL: unknown */
	int machine;		     /* and, if it is not 0, the architecture's e_machine */
	bool modversions;	     /* CONFIG_MODVERSIONS */
	bool force;		     /* --force: never worse than a warning */
};

enum module_verdict {
	MODULE_FITS,
	MODULE_DOUBTFUL, /* worth a warning */
	MODULE_REFUSED,
};

/* The verdict, and for the latter two why, in words; caller frees. */
enum module_verdict module_check(const struct module_info *m, const struct module_target *t,
				 char **ret_why);

#endif
