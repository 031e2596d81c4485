/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_WORLD_H
#define DKMS_TESTS_WORLD_H

#include "core/planner.h"

/*
 * Snapshots from text, for tables. One fact a line:
 *   "a/1"            added        "a/1!"   broken      "a/1?"   stray
 *   "a/1 K"          built        "a/1 K*" built and installed    "a/1 K~" came built and does not fit
 *   "a/1 K-"         was installed, then what was built was removed by hand       "a/1 K+" and built again since
 * with K any kernel; the arch is always x86_64. Lines of one module, and of one version, follow each other.
 */
void world_read(const char *text, struct snapshot *ret);
/* "K1 K2/ARCH" as targets; caller frees with world_targets_done. */
size_t world_targets(const char *kernels, struct target **ret);
void world_targets_done(struct target *t, size_t n);

#endif
