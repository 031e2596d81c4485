/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_H
#define DKMS_SYS_SANDBOX_H

#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include "core/sandbox_choice.h"
#include "sys/run.h"
#include "sys/sandbox_net.h"

/*
 * Where commands of a build run (dkms(8), "Sandbox"): with mount, PID, network and IPC namespaces of their own, as an
 * unprivileged user, the file system read-only but for the build directory and empty /tmp, /var/tmp, /run and
 * /dev/shm. It is against accidents, not against authors of modules: their scripts run as root anyway.
 *
 * Sequence: sandbox_open once a build, then for each command sandbox_place and run_command, then sandbox_close (or its
 * halves), after which nothing that the commands started lives on. A first process of the sandbox stays for all its
 * commands: it holds the namespaces, and watches (by seccomp's notification) what commands try that the sandbox denies
 * them.
 */

/* The parts that a machine can have or lack. */
enum sandbox_part {
	SANDBOX_USER = 1 << 0,	/* another user's rights */
	SANDBOX_MOUNTS = 1 << 1,
	SANDBOX_PIDS = 1 << 2,
	SANDBOX_NET = 1 << 3,
	SANDBOX_IPC = 1 << 4,
	SANDBOX_ALL = (1 << 5) - 1,
};

/* A limit of each process. */
struct sandbox_limit {
	int resource; /* RLIMIT_… */
	rlim_t value;
};

struct sandbox_rules {
	unsigned parts;
	uid_t uid;
	gid_t gid;
	bool as_root;		 /* root's rights over files all the same, and no others */
	const char *build_dir;	 /* writable */
	/* paths to be reachable, wherever they lie; what is missing is left out */
	const struct strv *reach, *reach_too; /* the latter: it is no matter if they cannot be */
	const struct strv *write; /* to be writable besides */
	const struct strv *hide;  /* files that nobody inside may read */
	const struct sandbox_net *net; /* connections that are let through; NULL: none */
	bool has_loopback;	       /* the sandbox's own loopback is on */
	const struct sandbox_limit *limits;
	size_t n_limits;
};

struct sandbox {
	struct sandbox_rules rules; /* borrowed from sandbox_open's caller, who keeps them until sandbox_close */
	pid_t init;		    /* 0: not open */
	int control;
	int own_pids;			/* our own PID namespace, for forks outside */
	int pids, mounts, net, ipc;	/* those of the sandbox, or -1 */
	int decoys;			/* what watches them, for sandbox_let_go; or -1 */
	pid_t closer;			/* closes them; 0: nobody */
	int root;			/* its root directory: ours may be another than that of our mounts */
	struct timespec since;		/* when it was made, by the clock of files */
	bool is_thorough;		/* watch reads too, which costs time; for the next commands */
	struct run_place place;
};

/*
 * Makes one with those of rules->parts that can be had here: s->rules.parts has them, and ret_missing says what is
 * missing and why (NULL: nothing; caller frees). -errno: none at all can be made. s is zeroed or was closed.
 */
int sandbox_open(struct sandbox *s, const struct sandbox_rules *rules, char **ret_missing);
/* Makes r's command run in s. r->env and all else are the caller's business. */
void sandbox_place(struct sandbox *s, struct run *r);
/* What was denied until now; added to ret. */
void sandbox_denied(struct sandbox *s, struct denials *ret);
/* Ends everything in it; safe on one that is not open. ret_left (may be NULL): the names of processes that commands
 * left running and that were ended. */
void sandbox_end(struct sandbox *s, struct strv *ret_left);
/* After that: gives back what the kernel takes long to take back, by a child of ours, while we do something else. */
void sandbox_let_go(struct sandbox *s);
/* Both, and waits for that child. */
void sandbox_close(struct sandbox *s);

#endif
