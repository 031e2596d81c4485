/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_TREE_COPY_H
#define DKMS_SYS_TREE_COPY_H

#include "base/fail.h"

/*
 * Copies the directory `from` (a link at its top is followed) to `to`, which is made if it is
 * missing; into one that is there the files are merged: what has the same name is replaced, nothing
 * else goes. `to` itself and the directories in it must be real directories, never links, so
 * nothing is written outside of it.
 *
 * Kept: times of last change to the nanosecond, since sources with autotools build again what looks
 * out of date; permission bits without setuid, setgid and sticky; links as they stand. Directories
 * stay writable for the owner. Content is shared where the file system can. Sockets, fifos and
 * devices are left out with nothing said. Owner and extended attributes are not taken over.
 *
 * 0, -ECANCELED when an ending signal arrived, or -errno with the path in f; then what was copied
 * so far is left to the caller.
 */
int tree_copy(const char *from, const char *to, struct fail *f);

#endif
