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

#endif
