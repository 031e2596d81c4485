/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_LOCK_H
#define DKMS_SYS_LOCK_H

#include <sys/types.h>

#include "base/fail.h"

/*
 * One writer of a dkms tree at a time; readers take no lock.
 *
 * A POSIX record lock on <tree>/.dkms/lock: it goes with the process that holds it, however that ends, and not with a
 * child that it left behind; and the kernel tells whose it is. A dkms that a script of the holder started goes on
 * without: its work is part of the holder's.
 */
struct lock {
	int fd;
	char *path;
	bool held;
	int no_locks; /* errno of a file system that has none; 0: it has */
};

/* In the environment of what the holder starts: its process id. */
#define LOCK_HOLDER "DKMS_LOCK_HOLDER"

/* What to do while another one holds it; called once, before waiting. `command` may be NULL. */
typedef void lock_waiting(void *ctx, pid_t holder, const char *command);

/*
 * Takes the lock, waiting for it as long as it takes. 0, also when it is the holder's own child or the file system has
 * no locks (no_locks); -ECANCELED when a signal ended the wait; other negative codes when the file cannot be made.
 */
int lock_take(struct lock *l, const char *dkms_tree, lock_waiting *waiting, void *ctx,
	      struct fail *f);
/* The file and its directory go too, unless a journal record is left in it: at rest nothing of it is in the tree. */
void lock_release(struct lock *l);

#endif
