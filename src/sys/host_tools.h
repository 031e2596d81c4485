/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_HOST_TOOLS_H
#define DKMS_SYS_HOST_TOOLS_H

#include "base/strv.h"
#include "sys/kernel.h"

/*
 * Headers bring programs that kbuild runs while it builds a module (fixdep, modpost). Those of
 * headers that were made on another machine are for that one. The path of one that cannot run here;
 * caller frees; NULL: nothing is known against them.
 */
char *host_tools_foreign(const struct kernel *k, const struct strv *environment);

#endif
