/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tarball.h"

#include "base/buf.h"
#include "base/mem.h"

enum { KERNELS_MAX = 200 };

char *tarball_name(const char *module, const char *version, const struct target *targets, size_t n)
{
	CLEAN(buf) struct buf kernels = { 0 };
	const char *part = "source-only";

	for (size_t i = 0; i < n; i++)
		buf_add_fmt(&kernels, "%skernel%s-%s", i ? "-" : "", targets[i].kernel, targets[i].arch);
	if (n)
		part = kernels.len < KERNELS_MAX ? buf_str(&kernels) : "manykernels";
	return xasprintf("%s-%s-%s.dkms.tar.gz", module, version, part);
}
