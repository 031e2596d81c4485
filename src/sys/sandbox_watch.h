/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_WATCH_H
#define DKMS_SYS_SANDBOX_WATCH_H

#include "sys/sandbox.h"

/*
 * What commands try: seccomp's user notification tells the first process of the sandbox of system calls that write by
 * name, connect or signal; if `thorough` also of those that read by name. It looks whether the call is about to be
 * denied, remembers that, and lets the call go on, so that the kernel alone decides. Only what connects to where the
 * rules let it does not go on: that is done for it.
 */

/* In the command, before its exec, when it has no privileges left to lose: a descriptor for the first process.
 * -errno where the kernel cannot do it (before 5.5). */
int sandbox_watch_start(bool thorough);
/* In the first process: looks at one call. Connections that the rules let through go over the bridge. */
void sandbox_watch_serve(const struct sandbox_rules *rules, const struct sandbox_bridge *bridge, int fd,
			 struct denials *denied);

#endif
