/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CROSS_H
#define DKMS_CORE_CROSS_H

#include "core/kconfig.h"

/*
 * Modules for a kernel of another architecture (dkms(8), "CROSS BUILDS"): the names that it has in
 * the kernel's makefiles and in those of its compilers.
 */
struct cross {
	const char *name;    /* uname -m */
	const char *arch;    /* ARCH */
	const char *symbol;  /* what its configurations have on */
	const char *without; /* and what they have off, or NULL */
	const char *prefix;  /* CROSS_COMPILE */
	int machine;	     /* ELF's e_machine */
};

/*
 * What a build for `target` on a machine that calls itself `host` (both as uname -m has them) needs
 * to know; static; NULL: a build as any other. That is also one whose kernel's configuration is not
 * that of the target's architecture: there the architecture is no more than a name that somebody
 * gave to the result.
 */
const struct cross *cross_find(const char *host, const char *target, const struct kconfig *kc);
/* Can programs for this e_machine not be meant for `host`? False where that is not known. */
bool cross_is_foreign(const char *host, int machine);

#endif
