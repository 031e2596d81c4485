/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "core/kbuild_deps.h"
#include "fuzz.h"

/* Whatever a module's build leaves in its .cmd files: only whole words come out, and no call of make's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(strv) struct strv deps = { 0 };

	kbuild_deps((const char *)data, size, &deps);
	kbuild_symvers((const char *)data, size, &deps);
	for (size_t i = 0; i < deps.n; i++)
		if (!*deps.items[i] || strpbrk(deps.items[i], "$ \t\n") || str_eq(deps.items[i], "\\"))
			abort();
	return 0;
}
