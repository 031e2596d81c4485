/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "sys/module_file.h"

/* Bytes through the decompressors, with a small limit, and then to the reader of modules. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MAX = 1 << 18 };
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(module_info) struct module_info mi = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	if (module_file_unpack(data, size, MAX, &b, &f) < 0) {
		if (!f.text || b.data)
			abort();
		return 0;
	}
	if (b.len > MAX)
		abort();
	module_info_parse(buf_str(&b), b.len, &mi, NULL);
	return 0;
}
