/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_REBUILD_H
#define DKMS_CORE_REBUILD_H

#include "core/planner.h"

/*
 * BUILD_DEPENDS_REBUILD (dkms.conf(5)): what was built against another version of a module that it needs is built
 * again after something was installed.
 */

/* One version with BUILD_DEPENDS_REBUILD=yes that is built for the target. Borrowed. */
struct rebuild_candidate {
	const char *module, *version;
	bool installed;             /* on the target, now */
	const struct strv *depends; /* BUILD_DEPENDS */
	const struct strv *records; /* "<module>=<version seen at the build>"; one that is missing counts as changed */
};

/*
 * Adds to a plan that installs something on t: the builds of those whose dependency's newest version (that dkms knows,
 * or that the plan adds) is not the recorded one, and the install of those that are installed. A plan that
 * installs nothing, or with --force, stays as it is.
 */
void plan_rebuilds(const struct snapshot *s, const struct target *t,
		   const struct rebuild_candidate *candidates, size_t n, struct plan *p);

#endif
