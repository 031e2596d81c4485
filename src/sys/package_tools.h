/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_PACKAGE_TOOLS_H
#define DKMS_SYS_PACKAGE_TOOLS_H

#include "core/package.h"
#include "sys/run.h"

/*
 * The programs that make packages of a directory that is ready for them.
 */
struct package_room {
	const char *top;      /* a private directory; what the tools make ends up in it */
	const char *work;     /* the prepared directory in it */
	const char *spec;     /* rpm: the spec file */
	const char *arch;     /* Debian's name for the architecture; NULL: it does not matter */
	const char *rpm_arch; /* the same for rpm */
	const struct strv *environment;
};

/* Runs the tool for that kind. -E_PACKAGE_FAILED with what it said last, or with the package that
 * has it. */
int package_run(enum package_kind kind, const struct package_room *room, struct fail *f);

#endif
