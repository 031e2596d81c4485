/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/elf_skeleton.h"
#include "fuzz.h"

/* What a skeleton is made of may be anything; a skeleton of a skeleton is the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(buf) struct buf skeleton = { 0 }, again = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	if (elf_skeleton_make(data, size, &skeleton, &f) < 0) {
		if (!f.text || skeleton.len)
			abort();
		return 0;
	}
	if (elf_skeleton_make(skeleton.data, skeleton.len, &again, &f) < 0 ||
	    again.len != skeleton.len || memcmp(again.data, skeleton.data, again.len) != 0)
		abort();
	return 0;
}
