/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/cpio.h"

#include "base/mem.h"
#include "base/path.h"

/* The second magic has a checksum, too, which nobody writes or reads. */
bool cpio_is_member(const void *data)
{
	return memcmp(data, "070701", 6) == 0 || memcmp(data, "070702", 6) == 0;
}

static bool hex_field(const char *at, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 8; i++) {
		char c = at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return false;
		*ret = *ret << 4 | (uint32_t)digit;
	}
	return true;
}

bool cpio_header_parse(const void *data, struct cpio_header *ret)
{
	/* behind the magic 13 fields: inode, mode, uid, gid, nlink, mtime, size, four of devices,
	 * name's size, checksum */
	enum { FIELDS = 6, WIDTH = 8, MODE = 1, SIZE = 6, NAME_SIZE = 11 };
	const char *fields = (const char *)data + FIELDS;

	return cpio_is_member(data) && hex_field(fields + MODE * WIDTH, &ret->mode) &&
	       hex_field(fields + SIZE * WIDTH, &ret->size) &&
	       hex_field(fields + NAME_SIZE * WIDTH, &ret->name_size);
}

char *cpio_module_name(const char *path, const char *kernel)
{
	static const char *const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };
	CLEAN(free) char *below = xasprintf("lib/modules/%s/", kernel);
	const char *base = path_base(path), *at = strstr(path, below);

	/* usr/lib too */
	if (!at || (at != path && at[-1] != '/'))
		return NULL;
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (str_has_suffix(base, suffixes[i]) && strlen(base) > strlen(suffixes[i]))
			return xstrndup(base, strlen(base) - strlen(suffixes[i]));
	return NULL;
}
