/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_KERNEL_LOCK_H
#define DKMS_SYS_KERNEL_LOCK_H

#include <stdbool.h>

#include "base/fail.h"

/*
 * Who changes the modules of a kernel, or makes their index, holds <install tree>/<kernel> meanwhile. The lock of the
 * dkms tree (sys/lock.h) does not keep all others away: not a dkms that uses another dkms tree, and not one that a
 * script of ours started, while we go on with other modules. An index that was begun before their change must not be
 * put over theirs.
 *
 * It is a flock(2) on the directory itself, so it leaves nothing behind and goes with the process that holds it. It is
 * never held while a script of a conf runs: a dkms that this starts waits for it.
 */
struct kernel_lock {
	int fd;
	int no_locks; /* errno of a file system that has none; 0: it has */
};

/* What to do while another one holds it: called once, when that takes longer than a moment. */
typedef void kernel_lock_waiting(void *ctx);

/*
 * Holds a kernel, waiting for that as long as it takes. 0, also where there is no such directory or the file system has
 * no locks; -ECANCELED when a signal ended the wait, which it does not with is_patient; others when the directory
 * cannot be opened. `waiting` may be NULL.
 */
int kernel_lock_take(struct kernel_lock *l, const char *dir, bool is_patient, kernel_lock_waiting *waiting,
		     void *ctx, struct fail *f);
void kernel_lock_release(struct kernel_lock *l);
static inline void clean_kernel_lock(struct kernel_lock *l)
{
	kernel_lock_release(l);
}

#endif
