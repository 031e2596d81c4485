/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_INIT_H
#define DKMS_SYS_SANDBOX_INIT_H

#include "sys/sandbox.h"

/*
 * The first process of a sandbox. It makes the namespaces and the view, says so, and then stays: it collects
 * orphans, serves the watches of the commands (sys/sandbox_watch.h), and answers through its control socket. When it
 * ends, all that is in its PID namespace ends; it ends when its maker does.
 */

/* Both ways on the socket: one message each. */
enum sandbox_verb {
	SANDBOX_READY = 'r',  /* from init: code and text, 0 or what failed */
	SANDBOX_WATCH = 'w',  /* to init: a listener is attached */
	SANDBOX_REPORT = '?', /* to init: it sends what was denied, then READY */
	SANDBOX_DENIED = 'd', /* from init */
	SANDBOX_LEFT = 'l',   /* to init: as REPORT, with the processes that are left; from init: the name of one */
};

enum { SANDBOX_MESSAGE_MAX = 8192 };

struct sandbox_message {
	int code;      /* errno for READY; denial_kind */
	unsigned part; /* for READY: which one failed */
	char verb, needs_root, is_hidden;
	char text[SANDBOX_MESSAGE_MAX]; /* what, NUL, let_in, NUL */
};

__attribute__((noreturn)) void sandbox_init_main(const struct sandbox_rules *rules, int control);

/* Sends and receives one; the latter also a descriptor if ret_fd is not NULL. Negative: -errno, -EPIPE at the end. */
int sandbox_send(int control, const struct sandbox_message *m, size_t text_len, int fd);
int sandbox_receive(int control, struct sandbox_message *ret, int *ret_fd);
/* Closes this one and all above it. */
void sandbox_close_from(int first);

#endif
