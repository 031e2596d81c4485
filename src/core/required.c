/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/required.h"

#include "base/mem.h"

void required_missing(const struct snapshot *s, const char *required, const char *kernel, const char *arch,
		      struct strv *ret)
{
	static const char between[] = ", \t\n";

	if (!required)
		return;
	for (const char *p = required + strspn(required, between); *p; p += strspn(p, between)) {
		size_t n = strcspn(p, between);
		CLEAN(free) char *name = xstrndup(p, n);

		p += n;
		if (snapshot_module(s, name) && !snapshot_installed(s, name, kernel, arch) &&
		    !strv_has(ret, name))
			strv_add(ret, name);
	}
}
