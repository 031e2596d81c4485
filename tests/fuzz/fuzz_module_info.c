/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/module_info.h"
#include "fuzz.h"

/* Bytes straight to the reader of modules. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(module_info) struct module_info mi = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	if (module_info_parse(data, size, &mi, &f) < 0) {
		if (!f.text || mi.name || mi.n_imports || mi.n_exports || mi.aliases.n)
			abort();
		return 0;
	}
	for (size_t i = 1; i < mi.n_imports; i++)
		if (strcmp(mi.imports[i - 1].name, mi.imports[i].name) >= 0)
			abort();
	for (size_t i = 1; i < mi.n_exports; i++)
		if (strcmp(mi.exports[i - 1].name, mi.exports[i].name) >= 0)
			abort();
	return 0;
}
