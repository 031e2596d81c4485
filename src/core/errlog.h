/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_ERRLOG_H
#define DKMS_CORE_ERRLOG_H

#include "base/strv.h"

/*
 * Finds in a build log the error that a maintainer would point at: the first hard error of the
 * compiler, of configure or of make itself, not its consequences and not every line that has the
 * word "error" in it. Works in one pass, so its time is linear in the log's size. What comes out
 * may be put on a terminal: it is free of escape sequences and control characters, and of bounded
 * length.
 */
struct errlog {
	struct strv
		lines; /* the lines to show, in order, few (at most ERRLOG_LINES); may be none */
	char *advice;  /* what is known about such an error (no space, API change, wrong compiler),
			  or NULL */
};

enum {
	ERRLOG_LINES = 6,
	ERRLOG_WIDTH = 400, /* bytes of a line */
};

/* `log` need not end with a NUL. A log that begins with DKMS's header line lends its names to the
 * advice. */
void errlog_find(const char *log, size_t len, struct errlog *ret);
void errlog_done(struct errlog *e);
static inline void clean_errlog(struct errlog *e)
{
	errlog_done(e);
}

#endif
