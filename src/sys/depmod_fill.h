/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_FILL_H
#define DKMS_SYS_DEPMOD_FILL_H

#include "base/fail.h"
#include "sys/depmod_cache.h"
#include "sys/depmod_tool.h"

/*
 * Makes the skeletons of `n` modules below modules_dir in base_dir, in child processes on as many
 * CPUs as there are: a module may take tens of megabytes when unpacked. Those that were made are
 * set in ret (n of them; path NULL: not made). 0, or what was wrong with the first that could not
 * be made.
 */
int depmod_fill(const char *modules_dir, const char *base_dir,
		const struct tree_module *const *modules, size_t n, const struct depmod_tool *tool,
		struct skeleton *ret, struct fail *f);

#endif
