/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_PRIVATE_BUILD_H
#define DKMS_SYS_PRIVATE_BUILD_H

#include "base/fail.h"
#include "core/layout.h"

/*
 * A build directory of its own for each kernel, at the one path that dkms.conf files name: the directory
 * <m>/<v>/.build/<k>-<a> is mounted onto <m>/<v>/build in a mount namespace of the calling process, so that one
 * module is built for several kernels at once.
 */

/* May this process make mount namespaces? Tried in a child. */
bool private_build_is_possible(void);
/* <tree>/<m>/<v>/.build/<k>-<a>; caller frees. */
char *private_build_dir(const struct layout *l);
/* Makes the directory anew and mounts it. For a process that does nothing but this build. */
int private_build_enter(const struct layout *l, struct fail *f);
/* After the last build of a version, outside: build/ becomes the private directory of a failed build (or goes, if
 * failed is NULL), and all private directories go. Can be called again when it failed. */
int private_build_settle(const struct layout *l, const char *failed, struct fail *f);

#endif
