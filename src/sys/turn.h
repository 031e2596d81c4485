/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_TURN_H
#define DKMS_SYS_TURN_H

/*
 * One at a time among this process and those that it forks: for the scripts of dkms.conf files, whose authors never saw
 * another one run beside theirs. Whoever has the turn gives it back by ending, too, however it ends; what its script
 * left running does not have it.
 */
struct turn {
	int fd; /* private; -1: everybody has it */
};

/* Where it cannot be made everybody has it. */
void turn_open(struct turn *t);
void turn_close(struct turn *t);

/* Waits for it: 0, or -ECANCELED when a signal ended the wait. */
int turn_take(const struct turn *t);
void turn_give(const struct turn *t);

#endif
