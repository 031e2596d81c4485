/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_TREE_H
#define DKMS_SYS_TREE_H

#include "base/fail.h"
#include "core/snapshot.h"

/*
 * Reads the dkms tree. `module` NULL: all of it; else only that one. `source_tree` is needed to tell broken
 * versions from stray directories. A missing tree is an empty snapshot. What vanishes while it is read is left out.
 * Writes nothing, takes no lock.
 */
int tree_read(const char *dkms_tree, const char *source_tree, const char *module,
	      struct snapshot *ret, struct fail *f);

/* Does the log in dir (relative to dirfd) say that it was built for that kernel? A kernel whose name does not begin
 * with digits and a dot is told by that from whatever else people put into a version's directory. */
bool tree_is_built_for(int dirfd, const char *dir, const char *kernel, const char *arch);

#endif
