/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_TREE_OWN_H
#define DKMS_SYS_TREE_OWN_H

#include <sys/types.h>

/*
 * Gives a directory and all below it to another owner; links themselves, never what they lead to. Goes on after what
 * it cannot change; the first -errno, or 0.
 */
int tree_own(const char *dir, uid_t uid, gid_t gid);

#endif
