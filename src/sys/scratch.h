/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SCRATCH_H
#define DKMS_SYS_SCRATCH_H

#include "base/fail.h"

/*
 * Private directories for temporary files, which do not outlive whoever made them: each is locked (flock) while its
 * maker lives, so that scratch_sweep knows what a killed dkms left.
 */
struct scratch {
	char *dir; /* NULL: none */
	int fd;	   /* holds the lock; private */
};

/* <tmp>/dkms-tmp.<purpose>.XXXXXX, mode 0700. */
int scratch_make(const char *tmp, const char *purpose, struct scratch *ret, struct fail *f);
/* Removes it with all that is in it. A zeroed one is fine. */
void scratch_done(struct scratch *s);
static inline void clean_scratch(struct scratch *s)
{
	scratch_done(s);
}
/* Removes ours (by owner) that nobody holds any more: below tmp, and where depmod's are made. */
void scratch_sweep(const char *tmp);

#endif
