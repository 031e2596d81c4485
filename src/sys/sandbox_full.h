/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_FULL_H
#define DKMS_SYS_SANDBOX_FULL_H

#include "sys/sandbox.h"

/*
 * Which of a sandbox's limits its commands have come up against. No call that fails of one is seen: what counts is what
 * it leaves, a place that is full and a file that is exactly as large as one may be. So neither says that something was
 * denied, only that it may be why a command failed.
 */

/* Adds the empty places (sandbox_hidden) that are full now, or all but. It takes some microseconds: it is worth asking
 * while a command runs too, which may clear them when it fails. */
void sandbox_full_places(const struct sandbox *s, struct denials *io);
/*
 * Adds files in the build directory and in the empty places that were written since s was made and are as large as its
 * limit lets them be; the first few. Without any of them the status of the failed command (as a shell tells it) may
 * say that it was so: then that, without a name. It goes through all files, unless there is no such limit. After
 * sandbox_end there are only those of the build directory.
 */
void sandbox_full_files(const struct sandbox *s, int status, struct denials *io);

#endif
