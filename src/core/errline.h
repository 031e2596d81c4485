/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_ERRLINE_H
#define DKMS_CORE_ERRLINE_H

#include <stdbool.h>

/*
 * What one line of a build log tells, without knowing its neighbours. The rules are anchored at how
 * compilers, make, modpost, configure and patch write their complaints; a word "error" alone means
 * nothing.
 */

/* How much a line explains. The first line of the highest rank is what a maintainer would point at.
 */
enum errline_rank {
	RANK_NONE,
	RANK_TRACE,  /* make telling that a recipe failed: a consequence */
	RANK_LOW,    /* may be harmless: a program not found, a conftest that was meant to fail */
	RANK_MEDIUM, /* somebody's "Error: …", no rule to make a target */
	RANK_HARD,   /* the compiler, linker, modpost, configure, patch or make itself gave up */
	RANK_ROOT,   /* what makes all the others appear: disk full, no memory, unusable headers */
};

enum errline_kind {
	LINE_OTHER,
	LINE_COMPILER,
	LINE_CONFIGURE,
	LINE_LINKER,
	LINE_MODPOST,
	LINE_PATCH,
	LINE_MAKE,	/* make's own "*** …  Stop." */
	LINE_NOT_FOUND, /* a program that is not there */
	LINE_DENIED,
	LINE_NO_SPACE,
	LINE_NO_MEMORY,
	LINE_UNPREPARED, /* the kernel's tree has no configuration */
	LINE_FOREIGN,	 /* the kernel's build tools do not run here */
};

struct errline {
	enum errline_rank rank;
	enum errline_kind kind;
};

/* `line` is one line without newline and terminal escapes. */
struct errline errline_judge(const char *line);

/* Is it the source text under a diagnostic ("  717 |  strlcpy(…", "      |  ^~~~")? */
bool errline_is_source(const char *line);
/* Does make say here that a program of a recipe was not found ("*** […] Error 127")? */
bool errline_is_127(const char *line);

#endif
