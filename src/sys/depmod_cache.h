/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_CACHE_H
#define DKMS_SYS_DEPMOD_CACHE_H

#include "sys/depmod_tree.h"

/*
 * What is remembered of the skeletons of one kernel, in a directory <cache>/<kernel>-<hash> (root's
 * alone):
 *
 *   modules    a link to <install tree>/<kernel>, whose kernel this is
 *   base/      for depmod -b
 *   state      which skeleton was made of which file, and whether an index of them is trusted
 *   last       how the last index was made, for people
 *   lock
 */

struct skeleton {
	char *path;
	struct file_id real; /* the module that it was made of; inode 0: make it again */
	struct file_id own;  /* of the skeleton (ctime is not looked at) */
	uint64_t hash;	     /* of its bytes */
};

enum verdict {
	VERDICT_NONE,
	VERDICT_TRUSTED, /* an index of skeletons was what depmod makes of the modules */
	VERDICT_DIFFERS, /* it was not */
};

struct depmod_cache {
	char *dir;
	int lock_fd;
	bool known;  /* there was a state */
	char *judge; /* the depmod that the verdict is about */
	enum verdict verdict;
	char *boot;		/* of the kernel that ran when this was written */
	struct skeleton *items; /* sorted by path */
	size_t n, room;
};

/* The place for <install tree>/<kernel>, without making it. Forgets kernels that are gone. NULL if
 * there is no cache directory and, with `make`, none can be made, or it is not ours alone. Caller
 * frees. */
char *depmod_cache_place(const char *cache, const char *modules_dir, const char *kernel, bool make);

/* Takes the lock and reads. 0, or negative: busy, or cannot be written to. */
int depmod_cache_open(const char *place, const char *modules_dir, struct depmod_cache *ret);
int depmod_cache_save(struct depmod_cache *c);
void depmod_cache_done(struct depmod_cache *c);
static inline void clean_depmod_cache(struct depmod_cache *c)
{
	depmod_cache_done(c);
}

struct skeleton *depmod_cache_find(const struct depmod_cache *c, const char *path);
/* Adds one (the path is copied); depmod_cache_sort must follow before the next find. */
void depmod_cache_add(struct depmod_cache *c, const struct skeleton *s);
void depmod_cache_sort(struct depmod_cache *c);
/* A line for people. */
void depmod_cache_note(const char *place, const char *text);

uint64_t hash_bytes(const void *data, size_t n);
/* The running kernel's boot id; caller frees; "" if it has none. */
char *boot_id(void);

#endif
