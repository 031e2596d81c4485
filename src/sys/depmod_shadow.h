/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_SHADOW_H
#define DKMS_SYS_DEPMOD_SHADOW_H

#include "sys/depmod_skeleton.h"
#include "sys/scratch.h"

/*
 * depmod of the modules as they are, with the index written elsewhere: in a private directory that
 * has links to what is in the modules directory.
 */
struct shadow {
	struct scratch base;
	char *dir; /* in it, where the index is */
};

/* Takes the directory away. */
void shadow_done(struct shadow *s);
static inline void clean_shadow(struct shadow *s)
{
	shadow_done(s);
}

/* -ENOTSUP, without a word, where no place for such a directory can be found. */
int shadow_index(const struct depmod_job *job, struct shadow *ret, struct fail *f);

/* Would depmod make an index without these (paths below the modules directory)? 0: yes; -E_DEPMOD_FAILED: it does not
 * like that either; else it could not be tried. */
int shadow_try(const struct depmod_job *job, const struct strv *without);

/* Makes the index files in `from` those of modules_dir: all are on the disk beside the old ones
 * before the first is renamed. What is the same already only gets a new time. */
int shadow_publish(const char *from, const char *modules_dir, struct fail *f);

#endif
