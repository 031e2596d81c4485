/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_MATCH_H
#define DKMS_CORE_MATCH_H

enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_INVALID, /* not a regular expression */
};

/* Searches text for an extended regular expression, as bash's =~ does. */
enum match match_search(const char *regex, const char *text);

#endif
