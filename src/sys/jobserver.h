/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_JOBSERVER_H
#define DKMS_SYS_JOBSERVER_H

#include "base/fail.h"
#include "sys/scratch.h"

/*
 * A GNU make jobserver of our own: n tokens for everything that runs at once, not n for each make. Whoever
 * starts a job takes a token first and gives it back at its end; a make that we start has the one that was
 * taken for it as its own, and gets more through the descriptor that jobserver_share made.
 *
 * The tokens are bytes in a FIFO. make sets O_NONBLOCK on the description that it is given, so each build opens the
 * FIFO anew and ours stays apart. GNU make 4.4 and later open it by its name.
 */
struct jobserver {
	int fd;
	char *fifo; /* for makes that open it themselves: in a directory that only root can enter */
	struct scratch dir; /* of the FIFO */
	int n;
};

enum { JOBSERVER_FD = 100 }; /* where makes find it: above what scripts number themselves */

/* n >= 1. The FIFO is made in a private directory below tmp. */
int jobserver_open(struct jobserver *js, int n, const char *tmp, struct fail *f);
void jobserver_close(struct jobserver *js);

/* Takes up to max tokens that are free now; how many it got. */
int jobserver_take(struct jobserver *js, int max);
void jobserver_give(struct jobserver *js, int n);
/* When nothing runs: all n are there again, whatever killed makes took with them. */
void jobserver_refill(struct jobserver *js);
/* In the process that is going to start a make: opens the FIFO as JOBSERVER_FD. */
int jobserver_share(const struct jobserver *js);

#endif
