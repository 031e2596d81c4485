/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/name.h"

#include "base/mem.h"

bool name_is_valid(const char *s)
{
	if (str_is_empty(s) || str_eq(s, ".") || str_eq(s, ".."))
		return false;
	for (; *s; s++)
		if (*s == '/' || (unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

bool name_is_kernel(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && s[n] == '.';
}

bool name_is_beside_kernels(const char *s)
{
	static const char *const names[] = { "build", "tarball", "driver_disk", "rpm", "deb", "source" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(s, names[i]))
			return true;
	return s[0] == '.';
}

bool name_is_in_log(const char *line, const char *kernel, const char *arch)
{
	CLEAN(free) char *end = xasprintf(" for kernel %s (%s)", kernel, arch);
	size_t n = strcspn(line, "\n"), m = strlen(end);

	return n >= m && memcmp(line + n - m, end, m) == 0;
}
