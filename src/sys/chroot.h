/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_CHROOT_H
#define DKMS_SYS_CHROOT_H

#include "base/strv.h"

/*
 * Are we in a chroot (dkms(8), "Signing")? Looks for fakechroot's variables, for mounts other than those
 * of process 1 and, as root, for another root directory than its. Where root may not look at that of process 1 (a
 * container, no /proc) the answer is yes. To be asked before this process makes namespaces of its own.
 */
bool chroot_detect(const struct strv *environment);

#endif
