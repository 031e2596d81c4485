/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_STATE_H
#define DKMS_SYS_BUILD_STATE_H

#include "core/layout.h"
#include "sys/build.h"
#include "sys/build_log.h"

/*
 * Everything that one running build has; private to the build_*.c files. Two of them may exist at
 * once: nothing is global, no step changes the process's working directory or environment.
 */
struct build {
	const struct build_job *job;
	struct layout at;
	char *build_dir;    /* <tree>/<m>/<v>/build: as commands and logs see it */
	char *source;	    /* <tree>/<m>/<v>/source */
	char *override_dir; /* /etc/dkms/<m> */
	char *stage;	    /* <tree>/<m>/<v>/.new-<k>-<a>: the result until it is published */
	struct build_log log;
	struct strv env; /* for make and scripts */
};

void build_warn(const struct build *b, const char *hint, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
