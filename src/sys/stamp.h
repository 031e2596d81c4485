/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_STAMP_H
#define DKMS_SYS_STAMP_H

#include "core/manifest.h"

/*
 * The stat of a file (following links), for telling later whether it is still the same. The time
 * stamps of a file move with the kernel's clock ticks: what is changed twice within one looks
 * unchanged the second time. So a stamp to be kept (stamp_keep) is unknown for a file that was
 * changed a moment ago, and on file systems without parts of seconds; one to be compared with it
 * (stamp_look) is taken as it is.
 */
void stamp_look(int dirfd, const char *path, struct file_stamp *ret);
/* may_wait: a file that is too young is looked at again after a few milliseconds. */
void stamp_keep(int dirfd, const char *path, bool may_wait, struct file_stamp *ret);
/* Of a stamp, and of the stats of all that is in a directory: to see that nothing changed without reading it. */
uint64_t stamp_hash(uint64_t hash, const struct file_stamp *s);
uint64_t stamp_tree(const char *dir);

#endif
