/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_RUN_H
#define DKMS_SYS_RUN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/strv.h"

/*
 * The one place that starts children.
 *
 * A child gets a process group of its own, stdin from /dev/null unless it is given one, default
 * signal dispositions and an empty signal mask; no descriptor but 0, 1, 2 and those of keep_fds is inherited.
 * The signals that end dkms (INT, TERM, HUP, QUIT) are blocked by main; while a child runs they are
 * watched: the group then gets TERM, two seconds later KILL, and run_command returns -ECANCELED.
 */
struct run_place;

struct run {
	const char *const *argv;  /* argv[0] is looked up on PATH of `env` unless it has a '/' */
	const struct strv *env;   /* the whole environment; NULL: ours */
	const char *cwd;          /* NULL: ours */
	int in_fd;                /* stdin; 0: /dev/null */
	int out_fd;               /* stdout; RUN_NULL, RUN_INHERIT or a descriptor */
	int err_fd;               /* the same for stderr; RUN_AS_OUT: where stdout goes */
	struct buf *capture;      /* if set, stdout is read into it instead (err_fd RUN_AS_OUT too) */
	size_t capture_max;       /* bytes; more than that: the child is killed, -EFBIG */
	unsigned timeout_ms;      /* 0: none; reached: the child is killed, -ETIMEDOUT */
	bool shielded;            /* let it end even if a signal asks us to */
	const int *keep_fds;      /* descriptors to leave open, ended by -1; NULL: none */
	void (*tick)(void *ctx);  /* called about ten times a second while the child runs; NULL: none */
	void *tick_ctx;
	int (*check)(void *ctx);  /* the same; anything but 0 ends the child, and is what run_command returns */
	void *check_ctx;
	const struct run_place *place; /* where the child lives; NULL: where we do */
};

/* Another place for a child: other namespaces and rights (sys/sandbox.h makes one). The child is a session of its
 * own there. */
struct run_place {
	int pids, own_pids;       /* PID namespaces: the child's and ours; -1: ours */
	int (*enter)(void *ctx);  /* in the child, last before its working directory and exec; -errno: it is not run */
	void *ctx;
};

enum { RUN_NULL = -1, RUN_INHERIT = -2, RUN_AS_OUT = -3 };

struct run_result {
	int status;       /* exit status as a shell would give it: 128 + n for signal n, 127 not found */
	int signal;       /* that killed it; 0: none */
	int64_t usec;     /* wall time */
	bool no_place;    /* it could not be started in its place */
};

/*
 * Runs to the end. 0: the child ran, see ret->status (which may be non-zero). Negative: it could not be
 * started (-ENOENT, -EACCES, …) or was ended by us (-ECANCELED, -ETIMEDOUT, -EFBIG); f says which
 * command.
 */
int run_command(const struct run *r, struct run_result *ret, struct fail *f);

/*
 * How a child ended that did not end well, for messages: "<failed> status 2: what it said", or "was killed by signal 9
 * (Killed)". `said`, which ends at its last newline, may be NULL or empty: nothing. Caller frees.
 */
char *run_end(const struct run_result *res, const char *failed, const char *said);
/* Runs a program whose output is of interest only where it fails: -EIO then, with its status and the first line that it
 * said; else as run_command. */
int run_tool(const char *const *argv, const struct strv *env, struct fail *f);

/* The file that `name` means on the PATH of env (NULL: ours), as execvp would find it; caller frees; NULL:
 * there is none. */
char *run_find(const char *name, const struct strv *env);

/* Blocks the ending signals in this process; main calls it once, before anything else runs. */
void run_block_signals(void);
/* The ending signal that arrived, or 0; stays once seen. Looked at between steps. */
int run_pending_signal(void);

#endif
