/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_KBUILD_DEPS_H
#define DKMS_CORE_KBUILD_DEPS_H

#include "base/strv.h"

/*
 * kbuild writes beside each object a file .<name>.cmd with the command that made it and, as source_… and deps_…, the
 * files that the compiler read. Adds those files as they stand there (many are relative to the kernel's directory),
 * $(wildcard …) and what else has a $ is left out. Pure.
 */
void kbuild_deps(const char *text, size_t len, struct strv *ret);
/*
 * The files of symbols that modpost read besides, as its command in .Module.symvers.cmd names them (since Linux 6.1).
 * 1: there is such a command, and all it names is in ret; 0: there is none; -EINVAL: a name means what only a shell
 * knows. Pure.
 */
int kbuild_symvers(const char *text, size_t len, struct strv *ret);

#endif
