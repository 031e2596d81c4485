/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_TOOL_H
#define DKMS_SYS_DEPMOD_TOOL_H

#include <stdint.h>

#include "base/fail.h"
#include "base/strv.h"

/*
 * The installed depmod, and what it reads besides modules.
 */
struct depmod_tool {
	unsigned version; /* of kmod; 0: another depmod, of which nothing is known */
	bool gz, xz, zst; /* compressed modules that it reads */
	/* Equal while the program and all of depmod.d are: path, size, times, version; a line of
	 * text. */
	char *identity;
	int64_t newest; /* when the last of these changed, in nanoseconds */
	char *oddity;	/* what depmod.d says that only depmod itself understands; NULL: nothing */
};

void depmod_tool_done(struct depmod_tool *t);
static inline void clean_depmod_tool(struct depmod_tool *t)
{
	depmod_tool_done(t);
}

/* Looks at the depmod on PATH of env; one that is not there has version 0. */
void depmod_tool_find(const struct strv *env, struct depmod_tool *ret);

/*
 * Runs `depmod -a [-b base] [-F map] kernel`; base and map may be NULL. What it prints is added to
 * ret_out. 0, or a negative code with its complaint.
 */
struct buf;
int depmod_tool_run(const struct strv *env, const char *base, const char *map, const char *kernel,
		    struct buf *ret_out, struct fail *f);

#endif
