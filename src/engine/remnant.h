/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_REMNANT_H
#define DKMS_ENGINE_REMNANT_H

#include "engine/internal.h"

/*
 * Versions of which files are in a kernel while what was built of them is gone (core/snapshot.h, snapshot_remnant).
 */

/* To be called before something is built anew for s's kernel: an active link that was left must not make it an
 * installed one. */
int remnant_mark(struct engine *e, const struct step *s, struct fail *f);

enum ownership {
	OWNED_BY_OTHERS,
	OWNED_BY_US,
	OWNED_BY_NOBODY_KNOWS,
};

/*
 * Is a module file at one of the places of s's version its own? With nothing built to compare it with, it is if its
 * version is that of another kernel's build, or of the package, and nobody else claims it; without any version, only at
 * the place that is dkms's own (is_own_place). ret_version: modinfo's, may be NULL; caller frees.
 */
enum ownership remnant_owner(struct engine *e, const struct step *s, const char *path, const char *name,
			     bool is_own_place, char **ret_version);

#endif
