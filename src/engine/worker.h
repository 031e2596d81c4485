/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_WORKER_H
#define DKMS_ENGINE_WORKER_H

#include <sys/types.h>

#include "base/buf.h"
#include "core/errlog.h"
#include "sys/build.h"

/*
 * A build in a process of its own: several run side by side without threads, each with its own mounts, and what goes
 * wrong in one stays there. It tells its parent through a pipe what it does and how it ended.
 */
struct worker {
	pid_t pid;
	int fd;        /* what it tells */
	struct buf in; /* what came and is not complete yet */
};

enum worker_news {
	WORKER_PHASE,
	WORKER_WARNING,
	WORKER_WARNING_ONCE, /* the same from many: told once a plan */
	WORKER_END,
};

/* One thing that a worker told. Strings are NULL where there is none. */
struct worker_message {
	enum worker_news news;
	enum build_phase phase;
	int code;
	char *text, *hint;
	char *log;
	struct errlog errlog;
};

void worker_message_done(struct worker_message *m);
static inline void clean_worker_message(struct worker_message *m)
{
	worker_message_done(m);
}

/*
 * Starts a build. job->observer is not used; is_private: in a build directory of its own. has_jobserver: its
 * JOBSERVER_FD is opened from `fifo` before anything else.
 */
struct jobserver;
int worker_start(const struct build_job *job, const struct jobserver *js, struct worker *ret,
		 struct fail *f);
/* The next message that is there: 1 with ret, 0: none yet, -ECHILD: the worker is gone without having told its
 * end. */
int worker_read(struct worker *w, struct worker_message *ret);
/* Asks it to end what it does; it tells its end then. */
void worker_stop(const struct worker *w);
/* For one that does not: no state of the disk suffers from it. */
void worker_kill(const struct worker *w);
/* Waits for its end and frees what it holds. */
void worker_done(struct worker *w);

#endif
