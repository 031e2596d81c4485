/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/make_version.h"

#include <stdlib.h>
#include <string.h>

bool make_takes_fifo(const char *version_text)
{
	static const char begin[] = "GNU Make ";
	unsigned long major, minor;
	char *at;

	if (strncmp(version_text, begin, sizeof(begin) - 1) != 0)
		return false;
	major = strtoul(version_text + sizeof(begin) - 1, &at, 10);
	minor = *at == '.' ? strtoul(at + 1, NULL, 10) : 0;
	return major > 4 || (major == 4 && minor >= 4);
}
