/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_STATUS_H
#define DKMS_CORE_STATUS_H

#include "base/buf.h"
#include "core/snapshot.h"

/* What is remarkable about a built version, beyond built and installed. */
enum status_flags {
	STATUS_ORIGINALS = 1 << 0, /* original modules are kept for it */
	STATUS_MISSING = 1 << 1,   /* a promised file is not in the dkms tree */
	STATUS_DIFFERS = 1 << 2,   /* the installed file is missing or has other bytes */
};

/* "<m>/<v>, <kernel>, <arch>: installed (Original modules exist)"; the wording is an interface that programs
 * match (dkms(8), "status"). No newline. */
void status_line_built(struct buf *out, const char *module, const char *version,
		       const struct snap_build *b, unsigned flags);

/* Does a name fit a filter? NULL fits all; else it is the name itself or a shell pattern. */
bool status_fits(const char *pattern, const char *name);

#endif
