/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_HELPER_H
#define DKMS_SYS_HELPER_H

#include "base/buf.h"

/*
 * The programs of our own that carry the heavy libraries.
 */

/* Where helper `name` is: beside the running dkms, where the build tree has it, where it is installed.
 * Caller frees; NULL: nowhere. */
char *helper_find(const char *name);

/*
 * What a program said, as one line: the lines that begin with its name, without that; all of them
 * where none does (libraries that it uses may say much on their own). Caller frees.
 */
char *helper_said(const struct buf *said, const char *program);

#endif
