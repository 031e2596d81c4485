/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/match.h"

#include <regex.h>
#include <string.h>

enum match match_search(const char *regex, const char *text)
{
	regex_t re;
	int r;

	/* most are plain text, and compiling costs more than all the rest of reading a conf */
	if (!strpbrk(regex, ".[]()*+?{}|^$\\"))
		return strstr(text, regex) ? MATCH_YES : MATCH_NO;
	if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB) != 0)
		return MATCH_INVALID;
	r = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return r == 0 ? MATCH_YES : MATCH_NO;
}
