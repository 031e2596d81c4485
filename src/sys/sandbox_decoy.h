/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_DECOY_H
#define DKMS_SYS_SANDBOX_DECOY_H

#include "core/sandbox_choice.h"

/*
 * Empty files in the place of secrets. Watching each open for reading costs a build more than it may; a decoy is
 * watched by itself, with fanotify(7): whoever opens it is denied that, and it is told. Where that cannot be had (not
 * real root, a kernel without it) nobody has a right to read the decoy, and nothing is told.
 */

/* In the first process of the sandbox: a descriptor to poll, or -errno. */
int sandbox_decoy_watch(void);
/* Puts one over each of the files that is there, in this mount namespace, with the help of a writable directory.
 * watch: of the above, or negative. -errno. */
int sandbox_decoy_put(int watch, const struct strv *files, const char *dir);
/* Denies what was asked, and adds it to denied. */
void sandbox_decoy_serve(int watch, struct denials *denied);

#endif
