/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/name.h"

#include "base/util.h"

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
