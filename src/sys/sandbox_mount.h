/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_MOUNT_H
#define DKMS_SYS_SANDBOX_MOUNT_H

#include "base/util.h"

/*
 * The system calls of mounting that C libraries lack, and the old way for kernels that lack them (open_tree came
 * with 5.2, mount_setattr with 5.12). All -errno.
 */

/* A descriptor of the mount at path, as it is now, to be put somewhere later. */
int mount_take(const char *path, bool recursive);
/* Puts it onto path: without setuid, and without devices where it is writable. */
int mount_put(int fd, const char *path, bool writable);
/* Every mount of this namespace. */
int mount_all_read_only(void);

#endif
