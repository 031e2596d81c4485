/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_STRIP_H
#define DKMS_SYS_STRIP_H

#include <sys/types.h>

#include "base/fail.h"
#include "base/strv.h"

/*
 * `strip -g` of a module. strip reads all of an ELF file that a build made as it liked, so root does not run it: the
 * build user does, without privileges or keys, in a directory of its own; what it leaves there is taken over as bytes.
 */
struct strip {
	const char *tool; /* "strip", "llvm-strip", … */
	const struct strv *env;
	const char *dir;  /* is made for it and removed again; beside nothing that others see */
	bool has_user;	  /* else it is run as who we are, on the file itself */
	uid_t uid;
	gid_t gid;
};

/*
 * Replaces the module at path by the stripped one. 0; then why->code is set where strip could not do it and the
 * module is as it was. -ECANCELED, or -errno with f: what we need to run it cannot be had.
 */
int strip_module(const struct strip *s, const char *path, struct fail *why, struct fail *f);

#endif
