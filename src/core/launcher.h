/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_LAUNCHER_H
#define DKMS_CORE_LAUNCHER_H

#include "base/strv.h"
#include "core/conf.h"

/*
 * A compiler's launcher (framework.conf's build_launcher: ccache, distcc and their like): a program that is given the
 * compiler's command line and has it run, or not. The rules of dkms(8), "LAUNCHERS", without the system.
 */
struct launcher {
	struct strv words;	  /* the program and its options */
	char *name;		  /* its last path component */
	bool has_server;	  /* it starts one, and talks to it over the loopback interface */
	const char *dir_variable; /* where it looks for its directory, of those that are known; else NULL */
};

/* False: `setting` (may be NULL) names none. */
bool launcher_parse(const char *setting, struct launcher *ret);
void launcher_done(struct launcher *l);
static inline void clean_launcher(struct launcher *l)
{
	launcher_done(l);
}

/* The value of CC: the launcher before the compiler; NULL where the compiler is launched by it already. Caller
 * frees. */
char *launcher_cc(const struct launcher *l, const char *cc);

/*
 * Which compiler is that of the command? MAKE may name one itself (CC=, CROSS_COMPILE=, LLVM=): then that is meant,
 * and no other may be put in its place.
 */
bool launcher_fits(const struct conf *c);

/* What MAKEFLAGS has to be for every make that a command starts to take CC for an assignment on its own command line,
 * behind `flags` ("" for none); caller frees. */
char *launcher_makeflags(const char *flags, const char *cc);

#endif
