/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/status.h"

#include <fnmatch.h>

#include "base/util.h"

void status_line_built(struct buf *out, const char *module, const char *version,
		       const struct snap_build *b, unsigned flags)
{
	buf_add_fmt(out, "%s/%s, %s, %s: %s", module, version, b->kernel, b->arch,
		    b->installed ? "installed" : "built");
	if (flags & STATUS_ORIGINALS)
		buf_add_str(out, " (Original modules exist)");
	if (flags & STATUS_MISSING)
		buf_add_str(out, " (Built modules are missing in the kernel modules folder)");
	else if (flags & STATUS_DIFFERS)
		buf_add_str(out, " (Differences between built and installed modules)");
}

bool status_fits(const char *pattern, const char *name)
{
	return !pattern || str_eq(pattern, name) || fnmatch(pattern, name, 0) == 0;
}
