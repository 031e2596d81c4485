/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_SKELETON_H
#define DKMS_SYS_DEPMOD_SKELETON_H

#include "sys/depmod_cache.h"
#include "sys/depmod_tool.h"

/*
 * depmod on skeletons. On a kernel with compressed modules depmod spends nearly all of its time
 * unpacking them. So each module's skeleton (core/elf_skeleton.h) is kept in
 * /var/cache/dkms/depmod, and depmod, the installed one, runs on those.
 *
 * An index that was made so is used only if it is byte for byte what depmod makes of the modules
 * themselves. That is known from a proof: an index of the skeletons was compared with one that this
 * same depmod, with the same depmod.d, had made of the same modules, be it by the kernel's package
 * or by us. Whatever is not understood here (see the reasons in the code), or not known, goes to
 * the real depmod: this module then says "not me", never something else.
 */

/* One run of depmod. */
struct depmod_job {
	const char *modules_dir; /* <install tree>/<kernel>, its real path */
	const char *kernel;
	const char *map; /* for depmod -F; NULL: none */
	const struct strv *env;
	const struct depmod_tool *tool;
	const char *cache; /* the directory of all skeletons */
};

enum skeleton_use {
	SKELETON_NO,	  /* the real depmod has to do it */
	SKELETON_COMPARE, /* so has it, and skeleton_judge can learn from its index */
	SKELETON_INDEX,	  /* the index is there */
};

struct skeleton_run {
	struct depmod_cache cache;
	char *place;	/* NULL: nothing is kept for this kernel */
	char *base;	/* for depmod -b */
	char *base_dir; /* in it, where the skeletons and the index are */
	char *why;	/* why not; NULL with SKELETON_INDEX */
};

void skeleton_run_done(struct skeleton_run *s);
static inline void clean_skeleton_run(struct skeleton_run *s)
{
	skeleton_run_done(s);
}

/* Brings the skeletons up to date and makes an index of them. */
enum skeleton_use skeleton_index(const struct depmod_job *job, struct skeleton_run *ret);
/* After SKELETON_COMPARE: index_dir has what the real depmod made of the same modules. */
void skeleton_judge(const struct depmod_job *job, struct skeleton_run *s, const char *index_dir);
/* Nothing is left of the kernel. */
void skeleton_forget(const struct depmod_job *job);

/* Is this the name of an index file that depmod makes? */
bool is_index_file(const char *name);

#endif
